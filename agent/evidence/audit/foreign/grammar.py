"""How macros and environments of a foreign paper are parsed and what of them is printed."""

from __future__ import annotations

from functools import cache
from typing import Any

SYMBOLS = {
    "%": "%", "&": "&", "_": "_", "#": "#", "$": "$", "{": "{", "}": "}", "pm": "±", "mp": "±", "times": "×",
    "cdot": "·", "approx": "≈", "sim": "≈", "simeq": "≈", "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥", "lt": "<",
    "gt": ">", "to": "→", "rightarrow": "→", "uparrow": "↑", "downarrow": "↓", "ldots": "…", "dots": "…",
    "textendash": "–", "textemdash": "—", "textpm": "±", "texttimes": "×", "percent": "%", "textasciitilde": "~",
    ",": "\u2009", "thinspace": "\u2009", "Delta": "Δ", "textminus": "-", "num@pm": "±", "S": "§",
    "slash": "/", "mod": "mod ", "bmod": "mod ", "pmod": "mod ", "textunderscore": "_", "textpercent": "%",
    "alpha": "alpha", "beta": "beta", "gamma": "gamma", "lambda": "lambda", "eta": "eta", "epsilon": "epsilon",
    "sigma": "sigma", "tau": "tau", "mu": "mu", "theta": "theta", "delta": "delta",
}  # fmt: skip
"""Macros that print one sign."""
HEADINGS = ("part", "chapter", "section", "subsection", "subsubsection", "paragraph", "subparagraph", "title")
CITING = (
    "cite", "citep", "citet", "citeauthor", "citeyear", "citealt", "citealp", "parencite", "textcite",
    "autocite", "footcite", "nocite", "Citet", "Citep", "citeyearpar",
)  # fmt: skip
POINTING = ("ref", "cref", "Cref", "autoref", "pageref", "eqref", "nameref", "subref", "vref")
FIGURES = ("includegraphics", "includesvg", "plotone", "epsfig")
FILES = ("input", "include", "subfile", "subfileinclude")
SILENT = frozenset({
    "label", "begin", "end", "usepackage", "documentclass", "bibliography", "bibliographystyle", "addbibresource",
    "url", "nolinkurl", "path", "hypersetup", "setlength", "addtolength", "setcounter", "addtocounter", "vspace",
    "hspace", "addlinespace", "cmidrule", "cline", "rule", "color", "definecolor", "cellcolor", "rowcolor",
    "rowcolors", "arrayrulecolor", "fontsize", "linespread", "pagestyle", "thispagestyle", "graphicspath",
    "captionsetup", "newcommand", "renewcommand", "providecommand", "def", "newtheorem", "newenvironment",
    "vskip", "hskip", "kern", "raisebox@", "sisetup", "newcolumntype", "renewcommand*", "newcommand*",
    "setstretch", "phantom", "hphantom", "vphantom", "tag", "looseness", "tabcolsep", "arraystretch",
    "DeclareMathOperator", "DeclareRobustCommand", "specialrule", "ispaper", "gls", "todo", "index", "geometry",
})  # fmt: skip
"""Macros that print nothing, or nothing that the results could decide."""
LAST_ONLY = frozenset({
    "textcolor", "colorbox", "fcolorbox", "multirow", "multicolumn", "multirowcell", "resizebox", "scalebox", "href", "parbox",
    "raisebox", "makebox", "framebox", "rotatebox", "adjustbox", "hyperref", "stackrel", "minipage", "texorpdfstring@",
})  # fmt: skip
"""Macros of which only the last argument is printed."""
TABLES = frozenset({"tabular", "tabular*", "tabularx", "longtable", "tabu", "tblr", "supertabular", "array"})
DISPLAY = frozenset({
    "equation", "equation*", "align", "align*", "gather", "gather*", "multline", "multline*", "eqnarray",
    "eqnarray*", "displaymath", "math", "flalign", "flalign*", "split", "cases", "matrix", "bmatrix", "pmatrix",
    "algorithm", "algorithmic", "algorithm*", "algorithm2e",
})  # fmt: skip
"""Environments of formulae and pseudo-code, whose constants are structure."""

_SPECS = {
    **dict.fromkeys(HEADINGS, "*[{"), **dict.fromkeys(CITING, "*[[{"), **dict.fromkeys(POINTING, "*{"),
    **dict.fromkeys(FIGURES, "*[{"), **dict.fromkeys(FILES, "{"),
    "textcolor": "[{{", "colorbox": "[{{", "fcolorbox": "[{{{", "cellcolor": "[{", "rowcolor": "[{", "color": "[{",
    "rowcolors": "*{{{", "definecolor": "{{{", "multirow": "[{[{[{", "multicolumn": "{{{", "resizebox": "*{{{",
    "scalebox": "{[{", "rotatebox": "[{{", "parbox": "[[[{{", "raisebox": "{[[{", "makebox": "[[{", "framebox": "[[{",
    "href": "[{{", "url": "{", "nolinkurl": "{", "path": "{", "label": "{", "caption": "*[{", "captionof": "{[{",
    "footnote": "[{", "footnotetext": "[{", "thanks": "{", "setlength": "{{", "addtolength": "{{", "setcounter": "{{",
    "addtocounter": "{{", "vspace": "*{", "hspace": "*{", "addlinespace": "[", "cmidrule": "[", "cline": "{",
    "rule": "[{{", "fontsize": "{{", "linespread": "{", "pagestyle": "{", "thispagestyle": "{", "captionsetup": "*[{",
    "bibliography": "{", "bibliographystyle": "{", "addbibresource": "[{", "graphicspath": "{", "hypersetup": "{",
    "num": "[{", "SI": "[{[{", "qty": "[{{", "SIrange": "[{{{", "numrange": "[{{", "si": "[{", "unit": "[{",
    "tablenum": "[{", "ang": "[{", "newcommand": "*{[[{", "renewcommand": "*{[[{", "providecommand": "*{[[{",
    "item": "[", "\\": "*[", "frac": "{{", "tfrac": "{{", "dfrac": "{{", "nicefrac": "{{", "sfrac": "{{",
    "setstretch": "{", "phantom": "{", "hphantom": "{", "vphantom": "{", "tag": "*{", "specialrule": "{{{",
    "hyperref": "[{", "todo": "[{", "gls": "{", "index": "{", "geometry": "{", "sisetup": "{", "author": "[{",
    "date": "{", "title": "[{", "abstract": "", "textbf": "{", "textit": "{", "emph": "{", "underline": "{",
    "texttt": "{", "textsc": "{", "textsf": "{", "textrm": "{", "mathbf": "{", "mathrm": "{", "mathit": "{",
    "boldsymbol": "{", "text": "{", "bm": "{", "makecell": "[{", "thead": "[{", "shortstack": "[{", "textsuperscript": "{",
    "textsubscript": "{", "mbox": "{", "uline": "{", "ensuremath": "{", "texorpdfstring": "{{", "subcaption": "{",
    "stackrel": "{{", "sqrt": "[{", "newtheorem": "*{[{[", "DeclareMathOperator": "*{{", "newcolumntype": "{[{",
}  # fmt: skip
_ENVIRONMENTS = {
    "tabular": "[{", "tabular*": "{[{", "tabularx": "{[{", "longtable": "[{", "tabu": "{", "tblr": "[{", "array": "[{",
    "supertabular": "{", "table": "[", "table*": "[", "figure": "[", "figure*": "[", "wraptable": "[{[{", "wrapfigure": "[{[{",
    "subfigure": "[{", "subtable": "[{", "minipage": "[[[{", "adjustbox": "{", "enumerate": "[", "itemize": "[",
    "description": "[", "algorithm": "[", "algorithmic": "[", "multicols": "{", "threeparttable": "[", "tablenotes": "[",
}  # fmt: skip


@cache
def context() -> Any:
    """pylatexenc's grammar with what papers use besides."""
    from pylatexenc.latexwalker import get_default_latex_context_db
    from pylatexenc.macrospec import EnvironmentSpec, MacroSpec

    grammar = get_default_latex_context_db()
    grammar.add_context_category(
        "papers",
        prepend=True,
        macros=[MacroSpec(name, spec) for name, spec in _SPECS.items()],
        environments=[
            *(EnvironmentSpec(name, spec) for name, spec in _ENVIRONMENTS.items()),
            *(EnvironmentSpec(name, "", is_math_mode=True) for name in DISPLAY if "algorithm" not in name),
        ],
    )
    return grammar

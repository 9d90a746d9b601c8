"""The binder: names of facts, claims, settings and works in a text become digits, sentences and links.

Promises that every number it prints comes from a fact or a registered setting, and that a name which does
not exist never passes. What it prints stays marked in the LaTeX (`\\shoalfact{name}{digits}` …), so that
the audit can hold the digits against the fact and a reader can click from them to the evidence. Does not
judge the prose around them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.artifacts import Claims, Fact, Facts, Reference, Scalar, Verdict
from agent.errors import BindError
from agent.evidence.audit.source import (
    CITE_MACROS,
    FACT_MACROS,
    Unreadable,
    argument_text,
    children,
    keys_of,
    kind_of,
    macros,
    parse,
)
from agent.latex.escape import ascii_only
from agent.latex.numbers import fact_cell, fact_text, interval_text, scalar

_AS_PRINTED: dict[str, Callable[[Fact], str]] = {
    "fact": fact_text,
    "factcell": fact_cell,
    "interval": interval_text,
    "intervalcell": interval_text,
}


@dataclass
class _Binding:
    """What may be named, and the names that nothing stands behind."""

    facts: Mapping[str, Fact]
    claims: Mapping[str, str]
    settings: Mapping[str, Scalar]
    keys: frozenset[str]
    verdict: str
    unknown: list[str] = field(default_factory=list)

    def text(self, latex: str) -> str:
        """`latex` with every macro of ours replaced."""
        pieces: list[str] = []
        end = 0
        for start, stop, replacement in self._replacements(parse(latex), latex):
            pieces += [latex[end:start], replacement]
            end = stop
        return "".join((*pieces, latex[end:]))

    def _replacements(self, nodes: Iterable[Any], latex: str) -> Iterable[tuple[int, int, str]]:
        for node in nodes:
            replacement = self._macro(node, latex) if kind_of(node) == "macro" else None
            if replacement is not None:
                yield node.pos, node.pos + node.len, replacement
            elif kind_of(node) != "comment":
                yield from self._replacements(children(node), latex)

    def _macro(self, node: Any, latex: str) -> str | None:
        """What a macro is bound to; None where it is not one of ours."""
        name, argument = str(node.macroname), argument_text(node, latex).strip()
        if name in FACT_MACROS:
            return self._fact(name, argument)
        if name == "claim":
            return self._claim(argument)
        if name == "setting":
            return self._setting(argument)
        if name == "verdict":
            return rf"\shoalverdict{{{self.verdict}}}" + (node.macro_post_space or "")
        if name in CITE_MACROS:
            self.unknown += [f"\\{name}{{{key}}}" for key in keys_of(argument) if key not in self.keys]
        return None

    def _fact(self, macro: str, name: str) -> str:
        fact = self.facts.get(name)
        if fact is None or (macro == "interval" and fact.low is None):
            self.unknown.append(f"\\{macro}{{{name}}}")
            return ""
        return rf"\shoalfact{{{name}}}{{{_AS_PRINTED[macro](fact)}}}"

    def _claim(self, name: str) -> str:
        if name not in self.claims:
            self.unknown.append(f"\\claim{{{name}}}")
            return ""
        others = {key: text for key, text in self.claims.items() if key != name}
        inner = _Binding(self.facts, others, self.settings, self.keys, self.verdict, self.unknown)
        return rf"\shoalclaim{{{name}}}{{{inner.text(self.claims[name])}}}"

    def _setting(self, name: str) -> str:
        if name not in self.settings:
            self.unknown.append(f"\\setting{{{name}}}")
            return ""
        return rf"\shoalsetting{{{name}}}{{{scalar(self.settings[name])}}}"


def verdict_words(verdict: Verdict) -> str:
    """The verdict as it is printed, such as `refuted (harmful)`."""
    return f"{verdict.word} ({verdict.qualifier})" if verdict.qualifier else verdict.word


def bind(
    latex: str,
    facts: Facts,
    claims: Claims,
    settings: Mapping[str, Scalar],
    references: Iterable[Reference],
    verdict: Verdict,
) -> str:
    """Bind a text in Shoal's macro language; the result is plain LaTeX for `shoal.sty`, in ASCII.

    Raises:
        BindError: the text is not balanced LaTeX, or it names a fact, claim, setting or work that does not
            exist, or asks for an interval that a fact does not have; every such name is listed.
    """
    binding = _Binding(
        facts={fact.name: fact for fact in facts.items},
        claims={claim.id: claim.text for claim in claims.items},
        settings=settings,
        keys=frozenset(reference.key for reference in references if reference.status != "not_found"),
        verdict=verdict_words(verdict),
    )
    try:
        bound = binding.text(latex)
    except Unreadable as error:
        raise BindError(f"the text is not balanced LaTeX: {error}") from error
    if binding.unknown:
        names = ", ".join(dict.fromkeys(binding.unknown))
        raise BindError(f"the text names what does not exist: {names}")
    return ascii_only(bound)


def cited(latex: str) -> tuple[str, ...]:
    """Keys of the cited works, in the order of their first citation.

    Raises:
        BindError: the text is not balanced LaTeX.
    """
    try:
        found = [key for _, argument in macros(latex, CITE_MACROS) for key in keys_of(argument)]
    except Unreadable as error:
        raise BindError(f"the text is not balanced LaTeX: {error}") from error
    return tuple(dict.fromkeys(found))


def used_facts(latex: str, claims: Claims) -> tuple[str, ...]:
    """Names of the facts that a text in macro language prints, through its claims too, in order of first use.

    Raises:
        BindError: the text is not balanced LaTeX.
    """
    texts = {claim.id: claim.text for claim in claims.items}
    found: list[str] = []
    try:
        for node, name in macros(latex, (*FACT_MACROS, "claim")):
            if node.macroname == "claim":
                found += [inner for _, inner in macros(texts.get(name.strip(), ""), FACT_MACROS)]
            else:
                found.append(name.strip())
    except Unreadable as error:
        raise BindError(f"the text is not balanced LaTeX: {error}") from error
    return tuple(dict.fromkeys(found))

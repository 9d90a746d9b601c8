"""What a reviewer is given to read."""

from __future__ import annotations

from agent.stages.review import readable

TEX = r"""\documentclass{article}
\begin{document}
The text.
\appendix
\section{Configurations and code}
The knobs.
\begin{shoalcode}
+ added
\end{shoalcode}
\section{Evidence}
A row.
\end{document}"""


def test_a_reviewer_reads_text_and_configurations_without_code_and_evidence() -> None:
    text = readable(TEX)
    assert "The text." in text
    assert "The knobs." in text
    assert not any(part in text for part in ("documentclass", "+ added", "A row."))


def test_a_paper_without_code_is_read_to_its_evidence() -> None:
    without = TEX.replace("\\begin{shoalcode}\n+ added\n\\end{shoalcode}\n", "")
    assert "The knobs." in readable(without)
    assert "A row." not in readable(without)

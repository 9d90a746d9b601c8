"""Kinds of fakes by a forger who has not seen the audit.

Promises kinds whose author knew the audit's purpose, from the text of the task, and what the three papers and
their evidence say, but not its workings: neither its code nor its tests, notes or results, nor the kinds that
were written beside it. Every fake is false, or asserted without support, for the paper into which it is
planted; what would be true and backed there is not drawn. Does not promise that all fakes are equally hard.

Sentences are drawn from lists in several styles: terse, florid, careful, and not quite native. A mark such as
`@ri` keeps a wording to the papers whose verdict begins with one of the letters; elsewhere it would be true.
"""

from __future__ import annotations

from fakes import (
    held_out_bound,
    held_out_facts,
    held_out_gaps,
    held_out_numbers,
    held_out_process,
    held_out_words,
)
from fakes.paper import Kind

KINDS: dict[str, Kind] = {
    **held_out_numbers.KINDS,
    **held_out_facts.KINDS,
    **held_out_words.KINDS,
    **held_out_process.KINDS,
    **held_out_gaps.KINDS,
    **held_out_bound.KINDS,
}

"""A casebook hears the rhythm of sealed traffic: with the shape model, and with what is known from before."""

from collections.abc import Sequence

from capture.rhythm import Candidates
from classifier.casebook import Casebook
from pipeline.clocks import Known


def hear(casebook: Casebook, rhythm: Candidates, sources: Sequence[str], known: Known | None) -> None:
    """Have a casebook judge candidates; `sources` are the names that `source` of their flows counts."""
    if not len(rhythm.flows):
        return
    if known is not None and known.before is not None:
        casebook.remember(known.before(int(rhythm.packets["at_ns"].min())))
    from pipeline.shape import (
        scored,
    )  # its loops take time to load, and most small captures have no candidate

    clocks = () if known is None else known.clocks
    casebook.hear(rhythm.flows, rhythm.packets, sources, clocks, scored)

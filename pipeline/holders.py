"""Who held the address of a verdict while its traffic flowed."""

from typing import TYPE_CHECKING

from facts.verdict import Verdict

if TYPE_CHECKING:
    from registry.attribution import Attribution, Attributor


def holder(attributor: "Attributor", verdict: Verdict) -> "Attribution":
    """Return who held the judged address from its first packet to its last.

    Where it changed hands in between, the answer is the set of its holders, never one name.
    """
    return attributor.during(verdict.address, verdict.first_seen_ns, verdict.last_seen_ns)

"""Who held the address of a verdict while its traffic flowed."""

from facts.verdict import Verdict
from registry.attribution import Attribution, Attributor


def holder(attributor: Attributor, verdict: Verdict) -> Attribution:
    """Return who held the judged address from its first packet to its last.

    Where it changed hands in between, the answer is the set of its holders, never one name.
    """
    last = attributor.attribute(verdict.address, verdict.last_seen_ns)
    first = attributor.attribute(verdict.address, verdict.first_seen_ns)
    return last if first == last else attributor.attribute(verdict.address, None)

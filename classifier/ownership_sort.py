"""What a cluster is: an operator's, a malware campaign's, an insider's: figures in, sort and reasons out."""

from collections.abc import Mapping
from math import log

from classifier.ownership_campaign import FEWEST_PLACES, LARGE, Traits, ordered, probability, told
from classifier.ownership_model import Reason, Sort


def sort_of(traits: Traits, sizes: Mapping[str, int]) -> tuple[Sort, float, tuple[Reason, ...]]:
    """Return what a cluster is, how sure that is (0 to 1), and why.

    `sizes` tells the registered addresses of enterprises. Below FEWEST_PLACES places names alone call nothing
    a campaign: ownership_suspect.py does, by what mines there.
    """
    places = traits.places
    if len(places) == 1 and traits.addresses <= 2:
        [enterprise] = set(traits.enterprises) or {""}
        size = sizes.get(enterprise, 0)
        if enterprise and size >= LARGE:
            odds = 1.0 + log(size / LARGE) - 2.0 * (traits.addresses - 1) - 2.0 * traits.private_upstream
            if odds > 0:
                reason = Reason("insider.alone", (("addresses", traits.addresses), ("size", size)))
                return Sort.INSIDER, probability(odds), (reason,)
        if traits.addresses == 1:
            return Sort.SINGLE, 1.0, ()
    found = told(traits, sizes)
    odds = sum(part for part, _ in found)
    if odds > 0 and len(places) >= FEWEST_PLACES:
        return Sort.CAMPAIGN, probability(odds), ordered(found, True)
    # In few places the names of a campaign and of an operator are alike: neither is sure.
    certainty = probability(max(-odds, 0.0)) if len(places) > 1 else probability(3.0)
    return Sort.OPERATOR, certainty, ordered(found, False)

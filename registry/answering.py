"""Answers from what holds: one name where it is certain, else a ranked set and the missing fact."""

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache, partial
from typing import Any

from registry import answers
from registry.answers import MISSING, Attribution, Candidate
from registry.index import RegistryIndex, Texts
from registry.model import Datum
from registry.moments import Holder, Period, State
from registry.prefix_tree import FOREVER

MAX_CANDIDATES = 64
"""An answer names no more; the probabilities still count those left out."""

REMEMBERED = 4096
"""Enterprises, and sites, that are remembered as read."""

Share = tuple[Holder, Period, float]


class Answering:
    """Puts holders of one index into answers."""

    def __init__(self, index: RegistryIndex) -> None:
        self._enterprise = lru_cache(REMEMBERED)(partial(_particulars, index.enterprises))
        self._site = lru_cache(REMEMBERED)(partial(_particulars, index.sites))

    def over(self, states: Sequence[State], lengths: Sequence[int]) -> Attribution:
        """Return the answer of a window: one name only where each of its states is the same one name."""
        missing = {fact for state in states for fact in state.missing}
        holders = [frozenset(who for who, _, _ in state.weights) for state in states]
        if len(set(holders)) > 1 or len({state.missing for state in states}) > 1:
            missing.add(answers.MISSING_TIME)
        everybody = frozenset[Holder]().union(*holders)
        if len(everybody) == 1 and not missing:
            # Those that agree on the holder may differ on the period: the latest word stands.
            period = max(period for state in states for _, period, _ in state.weights)
            return self.certain(next(iter(everybody)), period)
        shares = [
            (who, period, weight * length)
            for state, length in zip(states, lengths, strict=True)
            for who, period, weight in state.weights
        ]
        return self.ranked(shares, missing or {answers.MISSING_ASSIGNMENT})

    def ranked(self, shares: Iterable[Share], missing: set[str], *, merge: bool = True) -> Attribution:
        """Return the set of possible holders, most probable first, then the latest."""
        rows = sorted(shares, key=lambda share: (-share[1].from_ns, share[0].line, share[0].uscc))
        whole = sum(weight for _, _, weight in rows)
        if merge:
            merged: dict[Holder, tuple[Period, float]] = {}
            for who, period, weight in rows:
                known = merged.get(who)
                merged[who] = (period, weight) if known is None else (known[0], known[1] + weight)
            rows = [(who, period, weight) for who, (period, weight) in merged.items()]
            rows.sort(key=lambda share: -share[2])
        candidates = tuple(
            self._candidate(who, period, weight / whole) for who, period, weight in rows[:MAX_CANDIDATES]
        )
        return Attribution(
            certain=False, candidates=candidates, missing=tuple(fact for fact in MISSING if fact in missing)
        )

    def certain(self, who: Holder, period: Period) -> Attribution:
        """Return the answer that is one name."""
        one = self._candidate(who, period, 1.0)
        return Attribution(
            certain=True,
            enterprise=one.enterprise,
            uscc=one.uscc,
            line=one.line,
            site=one.site,
            division=one.division,
            address=one.address,
            longitude=one.longitude,
            latitude=one.latitude,
            datum=one.datum,
            valid_from_ns=one.valid_from_ns,
            valid_to_ns=one.valid_to_ns,
        )

    def _candidate(self, who: Holder, period: Period, probability: float) -> Candidate:
        enterprise, site = self._enterprise(who.uscc), self._site(who.site)
        return Candidate(
            probability=probability,
            enterprise=enterprise["name"],
            uscc=enterprise["uscc"],
            line=who.line,
            site=site["id"],
            division=site["division"],
            address=site["address"],
            longitude=site["longitude"],
            latitude=site["latitude"],
            datum=None if site["datum"] is None else Datum(site["datum"]),
            valid_from_ns=period.from_ns,
            valid_to_ns=None if period.to_ns == FOREVER else period.to_ns,
        )


def _particulars(texts: Texts, place: int) -> dict[str, Any]:
    """Return what an index says of an enterprise or a site; only read, since it is remembered."""
    found: dict[str, Any] = json.loads(texts[place])
    return found

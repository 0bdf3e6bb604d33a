"""The meters of sites: the curves of a site's accounts in the lake, summed, and the energy of any time."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

import numpy as np
from numpy.typing import NDArray

from facts.instant import NS, nanoseconds
from pipeline.site_verdicts import CHINA, Span
from registry.power_accounts import PowerAccount
from store.curve_lake import POINTS, CurveLake
from store.database import Database
from store.power_accounts import Contradiction, read_accounts, valid_at

SLOT_NS = 900 * NS
"""A point of a meter's curve."""


@dataclass(frozen=True, slots=True)
class SiteCurve:
    """Mean kW of a site in each quarter of an hour from a time on, NaN for gaps."""

    first_ns: int
    kw: NDArray[np.float64]

    def kwh(self, first_ns: int, last_ns: int) -> float | None:
        """Return the energy of a time; None where a quarter of an hour of it was not read."""
        begin, end = (first_ns - self.first_ns) // SLOT_NS, (last_ns - self.first_ns) // SLOT_NS + 1
        if begin < 0 or end > len(self.kw) or np.isnan(self.kw[begin:end]).any():
            return None
        edges = self.first_ns + np.arange(begin, end + 1) * SLOT_NS
        inside = np.minimum(edges[1:], last_ns) - np.maximum(edges[:-1], first_ns)
        energy = float((self.kw[begin:end] * np.maximum(inside, 0)).sum()) / NS / 3_600
        return energy if energy > 0 else None


class Meters:
    """The curves of sites' accounts in a time."""

    def __init__(self, database: Database, lake: CurveLake, span: Span) -> None:
        self._database, self._lake, self._span = database, lake, span

    def of_sites(self, sites: Collection[str]) -> Mapping[str, SiteCurve]:
        """Return the curves of those sites that have accounts; the sum of these, a gap where one has one.

        An account on which two sources contradict each other makes its sites' curves unknown.
        """
        first, last = self._span.first_ns, self._span.after_ns - 1
        wanted = set(sites)
        own: dict[str, list[str]] = defaultdict(list)
        doubtful: set[str] = set()
        held: dict[str, list[PowerAccount]] = defaultdict(list)
        with self._database.reading() as connection:
            for one in read_accounts(connection):
                held[one.number].append(one)
        for number, several in held.items():
            if not any(one.site in wanted for one in several):
                continue
            try:
                begin, end = (valid_at(several, at) for at in (first, last))
            except Contradiction:
                doubtful |= {one.site for one in several}
                continue
            if begin is not None and end is not None and begin.site == end.site:
                own[begin.site].append(number)
            else:
                doubtful |= {one.site for one in (begin, end) if one is not None}
        numbers = sorted({number for some in own.values() for number in some})
        start = datetime.fromtimestamp(first // NS, CHINA).date()
        after = datetime.fromtimestamp(last // NS, CHINA).date() + timedelta(days=1)
        curves = self._lake.curves(numbers, start, after).reshape(len(numbers), -1).astype(np.float64)
        place = {number: at for at, number in enumerate(numbers)}
        begin_ns = nanoseconds(datetime.combine(start, time(), CHINA))
        assert curves.shape[1] == (after - start).days * POINTS
        return {
            site: SiteCurve(begin_ns, curves[[place[number] for number in some]].sum(axis=0))
            for site, some in own.items()
            if site in wanted and site not in doubtful
        }

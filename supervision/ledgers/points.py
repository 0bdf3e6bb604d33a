"""Points of the dual control of energy (能耗双控): sums per region and period."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from registry.division_table import subtree
from supervision.ledgers.model import Points

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Account:
    """Points of one division in one period."""

    division: str
    period: str
    """As the entries have it."""
    given: Decimal
    taken: Decimal
    """Not positive."""
    entries: int

    @property
    def total(self) -> Decimal:
        """What is left of the points given after those taken off."""
        return self.given + self.taken


def accounts(entries: Iterable[Points], year: int | None = None) -> list[Account]:
    """Return the points by division and period, in that order; of one year where it is given."""
    groups: dict[tuple[str, str], list[Points]] = {}
    for one in entries:
        if year is None or one.period[:4] == f"{year:04d}":
            groups.setdefault((one.division, one.period), []).append(one)
    return [
        Account(
            division,
            period,
            sum((one.points for one in group if one.points > 0), ZERO),
            sum((one.points for one in group if one.points < 0), ZERO),
            len(group),
        )
        for (division, period), group in sorted(groups.items())
    ]


def ranking(entries: Iterable[Points], year: int, divisions: Iterable[str]) -> list[tuple[str, Decimal]]:
    """Return divisions with the points of their subtrees in a year, the most points taken off first.

    Divisions without an entry have 0; of equal ones the smaller code comes first.
    """
    found = [one for one in entries if one.period[:4] == f"{year:04d}"]
    sums = {
        code: sum((one.points for one in found if one.division.startswith(subtree(code))), ZERO)
        for code in divisions
    }
    return sorted(sums.items(), key=lambda pair: (pair[1], pair[0]))

"""When who mines must leave the power market, by the rule of its division, and what follows.

The words are those of supervision/tariff/rules.toml: `barred`, `leave-by-date`, `leave-on-listing`,
`grid-purchase`, `list-to-exchange`. A rule tells no day of its own for `leave-by-date`: it is the one that
the exchange or the list names; where none is named that is said, and nothing is taken as overdue.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from supervision.ledgers.model import Listed, Participant
from supervision.tariff.rules import Consequence, Rule, Rulebook

Basis = Literal["named", "on-listing", "barred", "not-named", "no-rule"]
"""Why the day is what it is: named by list or exchange, the day of listing, barred since the rule or the
listing, no day named although the rule wants one, no rule of the market at all."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """What the rules want of a participant that mines."""

    basis: Basis
    leave_by: date | None
    """The last day by which it must be gone; None where no day is known."""
    left: date | None
    overdue_days: int
    """Days after `leave_by` on which it still trades; 0 where it does not."""
    rule: str
    """Id of the rule; empty where there is none."""
    document: str
    consequences: tuple[Consequence, ...]


def leaving(one: Participant, listing: Listed | None, rulebook: Rulebook, as_of: date) -> Leaving:
    """Return by when a participant has to leave; `listing`: its entry on the mining list, if it has one.

    The rule is the one in force in the participant's division on the day: the nearest one that says
    something of the market.
    """
    rule = market_rule(one.division, rulebook, as_of)
    named = [day for day in (one.leave_by, listing.leave_by if listing else None) if day is not None]
    basis: Basis
    by: date | None
    if named:
        basis, by = "named", min(named)
    elif rule is None:
        basis, by = "no-rule", None
    elif "leave-on-listing" in rule.market and listing is not None:
        basis, by = "on-listing", max(listing.listed, rule.valid_from)
    elif "leave-by-date" in rule.market or listing is None:
        basis, by = "not-named", None
    elif "barred" in rule.market:
        basis, by = "barred", max(listing.listed, rule.valid_from)
    else:
        basis, by = "not-named", None
    late = (as_of - by).days if by is not None and as_of > by and one.trades(as_of) else 0
    return Leaving(
        basis,
        by,
        one.left,
        late,
        rule.id if rule else "",
        rule.document if rule else "",
        rule.market if rule else (),
    )


def market_rule(division: str, rulebook: Rulebook, day: date) -> Rule | None:
    """Return the nearest rule in force that says something of the market."""
    return next((rule for rule in rulebook.of(division) if rule.market and rule.covers(day)), None)


def listing_on(entries: Iterable[Listed], day: date) -> Listed | None:
    """Return the entry by which an enterprise stands on the list on a day, the latest where several do."""
    standing = [entry for entry in entries if entry.on_list(day)]
    return max(standing, key=lambda entry: entry.listed, default=None)

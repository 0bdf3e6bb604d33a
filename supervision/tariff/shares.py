"""Where a share of an account's energy says nothing: rules that charge all of it, mixed use included."""

from datetime import date

from store.tariff import StoredMining
from supervision.tariff.rows import day
from supervision.tariff.rules import Rulebook


def unshared(rulebook: Rulebook, kept: StoredMining) -> tuple[str, ...]:
    """Return the ids of the rules of a period where all of them charge the account; empty where one does not.

    A period that goes on is looked at from its beginning: rules to come count as well.
    """
    begin = day(kept.first_day) or day(kept.found_day) or day(kept.last_day)
    if begin is None:
        return ()
    end = day(kept.last_day) or date.max
    turns = {begin} | {
        turn
        for rule in rulebook.of(kept.division)
        for turn in (rule.valid_from, rule.valid_to)
        if turn is not None and begin <= turn <= end
    }
    found = (rulebook.on(kept.division, turn) for turn in sorted(turns))
    rules = {rule.id: rule for rule in found if rule is not None}
    return tuple(rules) if all(rule.scope == "account" for rule in rules.values()) else ()

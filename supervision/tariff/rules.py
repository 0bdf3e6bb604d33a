"""Rules of the differential price, as data: whose, since when, how much, on which energy.

The shipped rules are `rules.toml`; an operator's own file has the same form, and a rule of it takes the
place of the shipped one of the same `id`. Which rule a day falls under is said by `Rulebook.on`.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal, InvalidOperation
from importlib.resources import files
from typing import Any, Literal, get_args

from registry import divisions

NATION = "000000"
"""The jurisdiction of the whole nation; GB/T 2260 has no code for it."""

Tax = Literal["included", "excluded", "unstated"]
Scope = Literal["account", "share"]
Start = Literal["mining", "issue", "told"]
PartPeriod = Literal["daily-average"]
Status = Literal["in-force", "draft"]
Mark = Literal["V", "R"]
Consequence = Literal[
    "barred", "leave-by-date", "leave-on-listing", "grid-purchase", "list-to-exchange"
]  # rules.toml says what each means

_WORDS: Mapping[str, tuple[str, ...]] = {
    "tax": get_args(Tax),
    "scope": get_args(Scope),
    "start": get_args(Start),
    "part_period": get_args(PartPeriod),
    "status": get_args(Status),
    "mark": get_args(Mark),
}


class RuleError(ValueError):
    """A rule that cannot be used; the text names the file, the rule and what is wrong."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `rules.toml` explains the words."""

    id: str
    jurisdiction: str
    tax: Tax
    scope: Scope
    valid_from: date
    start: Start
    part_period: PartPeriod
    document: str
    status: Status
    mark: Mark
    rate: Decimal | None = None
    """CNY/kWh on top of the ordinary price; None where it is not known, and then nothing is billed by it."""
    valid_to: date | None = None
    """Exclusive."""
    unknown_months: int | None = None
    backpay_penalty: int | None = None
    market: tuple[Consequence, ...] = ()
    note: str = ""

    def covers(self, day: date) -> bool:
        """Say whether the rule is in force on a day."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


class Rulebook:
    """All rules in use."""

    def __init__(self, rules: Iterable[Rule], enacted: Iterable[str] = ()) -> None:
        """Take rules and the ids of enacted drafts. Raises RuleError for a contradiction."""
        self.rules = tuple(rules)
        self._enacted = frozenset(enacted)
        known = {rule.id for rule in self.rules}
        if len(known) != len(self.rules):
            raise RuleError("two rules have the same id")
        if unknown := self._enacted - known:
            raise RuleError(f"no rule {sorted(unknown)[0]!r} that could be enacted")
        billing = [rule for rule in self.rules if self.applies(rule)]
        _refuse_overlap(billing)
        _refuse_below_floor(billing)

    def applies(self, rule: Rule) -> bool:
        """Say whether a rule bills: it is in force, or a draft that was enacted."""
        return rule.status == "in-force" or rule.id in self._enacted

    def of(self, division: str) -> tuple[Rule, ...]:
        """Return the rules that may concern a division, nearest jurisdiction first."""
        return tuple(
            rule
            for jurisdiction in _chain(division)
            for rule in self.rules
            if rule.jurisdiction == jurisdiction and self.applies(rule)
        )

    def drafts(self, division: str, day: date) -> tuple[Rule, ...]:
        """Return drafts in force on a day if they were enacted: what a bill should mention."""
        chain = _chain(division)
        return tuple(
            rule
            for rule in self.rules
            if not self.applies(rule) and rule.jurisdiction in chain and rule.covers(day)
        )

    def on(self, division: str, day: date) -> Rule | None:
        """Return the rule of a division on a day: the nearest jurisdiction's, else the nation's floor.

        None before any rule; also on days before a rule whose `start` is `issue`, which bills nothing
        earlier.
        """
        for rule in self.of(division):
            if rule.covers(day):
                return rule
            if rule.start == "issue" and day < rule.valid_from:
                return None
        return None


def shipped() -> tuple[Rule, ...]:
    """Return the rules of the package."""
    return parse(files("supervision.tariff").joinpath("rules.toml").read_text("utf-8"), "rules.toml")


def merged(base: Iterable[Rule], own: Iterable[Rule]) -> tuple[Rule, ...]:
    """Return `base` with an operator's rules put in the place of those of the same id, others added."""
    rules = {rule.id: rule for rule in base}
    rules.update({rule.id: rule for rule in own})
    return tuple(rules.values())


def parse(text: str, name: str) -> tuple[Rule, ...]:
    """Read a rule file. Raises RuleError with the file's name, the rule and the field."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RuleError(f"{name}: {error}") from error
    tables = data.get("rule", [])
    if not isinstance(tables, list) or set(data) - {"rule"}:
        raise RuleError(f"{name}: a rule file holds [[rule]] tables and nothing else")
    return tuple(_rule(table, f"{name}: rule {n}") for n, table in enumerate(tables, 1))


def _rule(table: Mapping[str, Any], where: str) -> Rule:
    where = f"{where} ({table['id']})" if isinstance(table.get("id"), str) else where
    if unknown := set(table) - {field.name for field in fields(Rule)}:
        raise RuleError(f"{where}: no field {sorted(unknown)[0]!r}")
    values = dict(table)
    for name, words in _WORDS.items():
        if values.get(name) not in words:
            raise RuleError(f"{where}: {name} is one of {', '.join(words)}, not {values.get(name)!r}")
    for name in ("id", "jurisdiction", "document"):
        if not isinstance(values.get(name), str) or not values[name]:
            raise RuleError(f"{where}: {name} is missing")
    if values["jurisdiction"] != NATION and (why := divisions.fault(values["jurisdiction"])):
        raise RuleError(f"{where}: jurisdiction: {why}")
    for name in ("valid_from", "valid_to"):
        if type(values.get(name)) is not date and (name == "valid_from" or name in values):
            raise RuleError(f"{where}: {name} is a date, not {values.get(name)!r}")
    if "valid_to" in values and values["valid_to"] <= values["valid_from"]:
        raise RuleError(f"{where}: valid_to is not after valid_from")
    for name in ("unknown_months", "backpay_penalty"):
        if name in values and (type(values[name]) is not int or values[name] < 1):
            raise RuleError(f"{where}: {name} is a whole number from 1, not {values[name]!r}")
    values["market"] = _market(values.get("market", []), where)
    if "rate" in values:
        values["rate"] = _rate(values["rate"], where)
    return Rule(**values)


def _market(words: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(words, list):
        raise RuleError(f"{where}: market is a list of words")
    for word in words:
        if word not in get_args(Consequence):
            raise RuleError(f"{where}: market holds {', '.join(get_args(Consequence))}, not {word!r}")
    return tuple(words)


def _rate(text: Any, where: str) -> Decimal:
    # A number of TOML is a binary float: 0.30 would not be 0.30.
    if not isinstance(text, str):
        raise RuleError(f'{where}: rate is a text such as "0.30", not {text!r}')
    try:
        rate = Decimal(text)
    except InvalidOperation:
        raise RuleError(f"{where}: rate is no number: {text!r}") from None
    if not rate.is_finite() or rate <= 0:
        raise RuleError(f"{where}: rate is more than 0, not {text}")
    return rate


def _chain(division: str) -> tuple[str, ...]:
    """Return the jurisdictions over a division, nearest first."""
    county, prefecture, province = division, division[:4] + "00", division[:2] + "0000"
    return tuple(dict.fromkeys((county, prefecture, province, NATION)))


def _refuse_overlap(rules: Iterable[Rule]) -> None:
    """Raise RuleError where two rules of one jurisdiction are in force on one day."""
    last: dict[str, Rule] = {}
    for rule in sorted(rules, key=lambda rule: (rule.jurisdiction, rule.valid_from)):
        before = last.get(rule.jurisdiction)
        if before is not None and before.covers(rule.valid_from):
            raise RuleError(f"{before.id} and {rule.id} are both in force on {rule.valid_from}")
        last[rule.jurisdiction] = rule


def _refuse_below_floor(rules: Iterable[Rule]) -> None:
    """Raise RuleError where a rule asks less than the nation's floor of its time: it may only be raised."""
    rules = tuple(rules)
    for floor in rules:
        for rule in rules:
            if floor.jurisdiction != NATION or rule.rate is None or floor.rate is None:
                continue
            apart = (rule.valid_to or date.max) <= floor.valid_from or (
                floor.valid_to or date.max
            ) <= rule.valid_from
            if rule.rate < floor.rate and not apart:
                raise RuleError(
                    f"{rule.id}: {rule.rate} is below the floor of {floor.rate} CNY/kWh ({floor.id})"
                )

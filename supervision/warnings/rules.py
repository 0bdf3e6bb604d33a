"""Rules of risk warnings, as data: what is warned of, how grave it is, who answers for it and by when."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from facts.errors import SettingsError
from store.access_rules import Department
from supervision.warnings.signals import SIGNALS, Signal

SEVERITIES = ("low", "medium", "high", "critical")
"""From least to most."""
_BRACES = re.compile(r"\{([^{}]*)\}")
_CLAUSES = re.compile(r"(, |，)")
_BLANKS = re.compile(r" +")
_ONE_OF = re.compile(r"(?<![\d.,])1 (address|machine|project|account|plant|day|month)(?:es|s)\b")
"""One of something that a template names in the plural."""
_TEXTS = ("id", "signal", "owner", "en", "zh")
_NUMBERS = ("score", "window_days", "deadline_days")
_RULE = frozenset({*_TEXTS, *_NUMBERS, "when", "key", "points", "escalate_h", "off"})
_OPTIONAL = frozenset({"when", "points", "off"})


@dataclass(frozen=True, slots=True)
class Condition:
    """What one field of a signal must meet."""

    field: str
    least: float | None = None
    most: float | None = None
    equals: str | None = None

    def holds(self, signal: Signal) -> bool:
        """Say whether it does; a signal that has not the field does not."""
        if self.equals is not None:
            return signal.texts.get(self.field) == self.equals
        value = signal.figures.get(self.field)
        if value is None:
            return False
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `rules.toml` explains the fields."""

    id: str
    signal: str
    when: tuple[Condition, ...]
    key: tuple[str, ...]
    score: int
    points: tuple[tuple[Condition, int], ...]
    window_days: int
    owner: str
    deadline_days: int
    escalate_h: tuple[int, int, int]
    en: str
    zh: str

    def holds(self, signal: Signal) -> bool:
        """Say whether the rule warns of a signal."""
        return signal.kind == self.signal and all(one.holds(signal) for one in self.when)

    def weigh(self, signal: Signal) -> int:
        """Return the score of a signal, 0 to 100."""
        score = self.score + sum(add for condition, add in self.points if condition.holds(signal))
        return max(0, min(100, score))

    def key_of(self, signal: Signal) -> str:
        """Return what makes two signals the same warning."""
        return " ".join(f"{name}={signal.texts.get(name, '')}" for name in self.key)


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All rules in use and what score makes which severity."""

    rules: tuple[Rule, ...]
    severity: Mapping[str, int]
    """By severity the least score."""

    def severity_of(self, score: int) -> str:
        """Return the severity of a score."""
        return max((one for one in SEVERITIES if self.severity[one] <= score), key=SEVERITIES.index)

    def rule(self, name: str) -> Rule | None:
        """Return a rule by its id; None where it is not there any more."""
        return next((one for one in self.rules if one.id == name), None)


def shipped() -> Rulebook:
    """Return the rules of the package."""
    return parse(files("supervision.warnings").joinpath("rules.toml").read_text("utf-8"), "rules.toml")


def parse(text: str, name: str, base: Rulebook | None = None) -> Rulebook:
    """Read a file of rules, over `base` where it is given. Raises SettingsError with file, rule and field.

    Tables of other things (`hook`) are passed over.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(str(error), name) from error
    if unknown := set(data) - {"rule", "severity", "hook"}:
        raise SettingsError(f"no table {sorted(unknown)[0]!r}", name)
    rules = {one.id: one for one in base.rules} if base else {}
    for n, table in enumerate(data.get("rule", ()), 1):
        where = f"{name}: rule {n} ({table.get('id')})"
        if table.get("off") is True and set(table) == {"id", "off"}:
            if table["id"] not in rules:
                raise SettingsError("no such rule that could be off", where)
            del rules[table["id"]]
            continue
        rules[table.get("id", "")] = _rule(table, where)
    severity = data.get("severity", base.severity if base else None)
    return Rulebook(tuple(rules.values()), _severity(severity, name))


def sentence(template: str, texts: Mapping[str, str], figures: Mapping[str, float]) -> str:
    """Return a sentence of a rule with its fields filled in.

    What a signal does not know is left out: a clause (up to a comma) that speaks of nothing else goes whole,
    so that nobody reads of "- kW".
    """
    known = {name: _number(value) for name, value in figures.items()} | {
        name: text for name, text in texts.items() if text and name not in figures
    }
    parts = _CLAUSES.split(template)  # clause, comma, clause, ...
    told = ""
    for place in range(0, len(parts), 2):
        names = _BRACES.findall(parts[place])
        if place and names and not known.keys() & set(names):
            continue
        clause = _BRACES.sub(lambda m: known.get(m[1], ""), parts[place])
        told += (parts[place - 1] if place and told else "") + clause
    return _ONE_OF.sub(r"1 \1", _BLANKS.sub(" ", told)).strip(" :：,，")


def _number(value: float) -> str:
    digits = 0 if abs(value) >= 100 or value == int(value) else 1
    return f"{value:,.{digits}f}"


def _severity(found: Any, name: str) -> Mapping[str, int]:
    where = f"{name}: severity"
    if not isinstance(found, dict | Mapping) or set(found) != set(SEVERITIES):
        raise SettingsError(f"has {', '.join(SEVERITIES)}, all of them and nothing else", where)
    ends = [found[one] for one in SEVERITIES]
    if any(type(end) is not int for end in ends) or ends[0] != 0 or ends != sorted(set(ends)):
        raise SettingsError("scores begin with 0 and rise", where)
    return dict(found)


def _rule(table: Mapping[str, Any], where: str) -> Rule:
    if unknown := set(table) - _RULE:
        raise SettingsError(f"no field {sorted(unknown)[0]!r}", where)
    if missing := _RULE - _OPTIONAL - set(table):
        raise SettingsError(f"{sorted(missing)[0]} is missing", where)
    if wrong := [name for name in _TEXTS if not isinstance(table[name], str) or not table[name]]:
        raise SettingsError(f"{wrong[0]} is a text", where)
    if table["signal"] not in SIGNALS:
        raise SettingsError(f"signal is one of {', '.join(SIGNALS)}", where)
    texts, figures = SIGNALS[table["signal"]]
    if not table["key"] or set(table["key"]) - texts:
        raise SettingsError(f"key holds some of {', '.join(sorted(texts))}", where)
    if table["owner"] not in set(Department):
        raise SettingsError(f"owner is one of {', '.join(Department)}", where)
    for name, least in (("window_days", 1), ("deadline_days", 1), ("score", 0)):
        if type(table[name]) is not int or table[name] < least:
            raise SettingsError(f"{name} is a whole number from {least}", where)
    hours = table["escalate_h"]
    if len(hours) != 3 or any(type(one) is not int or one < 1 for one in hours):
        raise SettingsError("escalate_h holds three whole numbers of hours: county, city, province", where)
    for name in ("en", "zh"):
        if unknown := set(_BRACES.findall(table[name])) - texts - figures:
            raise SettingsError(f"{name}: no field {sorted(unknown)[0]!r} of {table['signal']}", where)
    points = tuple(
        (_condition(one, texts, figures, where), _add(one, where)) for one in table.get("points", ())
    )
    return Rule(
        table["id"],
        table["signal"],
        tuple(_condition(one, texts, figures, where) for one in table.get("when", ())),
        tuple(table["key"]),
        table["score"],
        points,
        table["window_days"],
        table["owner"],
        table["deadline_days"],
        (hours[0], hours[1], hours[2]),
        table["en"],
        table["zh"],
    )


def _add(table: Mapping[str, Any], where: str) -> int:
    if type(table.get("add")) is not int:
        raise SettingsError("points: add is a whole number", where)
    return int(table["add"])


def _condition(
    table: Mapping[str, Any], texts: Iterable[str], figures: Iterable[str], where: str
) -> Condition:
    field, tests = table.get("field"), set(table) - {"field", "add"}
    if tests == {"equals"} and field in set(texts):
        return Condition(str(field), equals=str(table["equals"]))
    if tests and tests <= {"at_least", "at_most"} and field in set(figures):
        least, most = table.get("at_least"), table.get("at_most")
        return Condition(
            str(field), None if least is None else float(least), None if most is None else float(most)
        )
    raise SettingsError(
        f"a condition is at_least or at_most of a figure ({', '.join(sorted(figures))}), or equals of a text"
        f" ({', '.join(sorted(texts))})",
        where,
    )

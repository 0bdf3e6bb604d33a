"""Signals: facts of the chain that rules may warn of, from the store or from a file of other systems."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from facts.errors import RowError
from registry import divisions

SIGNALS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    kind: (frozenset(texts.split()), frozenset(figures.split()))
    for kind, texts, figures in (
        ("hit", "project uscc enterprise site known", "kw machines hits confirmed"),
        ("unplaced", "address missing", "kw"),
        ("victim", "cluster grade place", "addresses probability"),
        ("relapse", "project name relapse uscc site", "kw days relapses"),
        ("exit-load", "project name relapse uscc site", "kw days"),
        ("slippage", "project name step body", "days_late days_late_at_first kw"),
        ("unplanned", "project name", "days kw"),
        ("planned", "project name", "kw machines"),
        ("anomaly", "account uscc enterprise site", "kw probability hits"),
        ("reconcile", "site uscc enterprise verdict says_en says_zh", "kw_network kw_metered kw_apart"),
        ("line", "plant level load since says_en says_zh", "kw part kw_load"),
        ("use", "uscc enterprise basis peers says_en says_zh", "times deviations kw"),
        ("ledger", "alarm book uscc enterprise about says_en says_zh", "grade"),
        ("surcharge", "account uscc enterprise", "cny days_overdue"),
        ("market", "uscc enterprise why", "probability"),
        ("support", "uscc enterprise record", "cny"),
        ("prober", "address uscc site", "peers"),
    )
}
"""By kind: the texts and the figures that a signal of it may have."""
MAX_LINE = 64 * 1024
"""Bytes of one signal in a file."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One fact."""

    kind: str
    """Of SIGNALS."""
    division: str
    """Where it is: the division that owns the warning first."""
    at: datetime
    """When it was true, UTC."""
    texts: Mapping[str, str]
    figures: Mapping[str, float]
    evidence: tuple[str, ...]
    """What it rests on; a signal whose evidence is all known already says nothing new."""

    @property
    def project(self) -> str | None:
        """The project that it is about, where it is about one."""
        return self.texts.get("project") or None


def read_signals(lines: Iterable[str], name: str) -> Iterator[Signal | RowError]:
    """Read signals, one JSON object a line; a line that is none is given back as the error, in its place."""
    for row, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield _signal(line)
            except ValueError as error:
                yield RowError(str(error), name, row)


def _signal(line: str) -> Signal:
    if len(line) > MAX_LINE:
        raise ValueError(f"longer than {MAX_LINE:,} characters")
    try:
        told = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from error
    if not isinstance(told, dict) or set(told) != {
        "signal",
        "division",
        "at",
        "texts",
        "figures",
        "evidence",
    }:
        raise ValueError(
            "has signal, division, at, texts, figures and evidence, all of them and nothing else"
        )
    kind = told["signal"]
    if not isinstance(kind, str) or kind not in SIGNALS:
        raise ValueError(f"signal is one of {', '.join(SIGNALS)}, not {kind!r}")
    if not isinstance(told["division"], str) or (why := divisions.fault(told["division"])) is not None:
        raise ValueError(f"division: {why if isinstance(told['division'], str) else 'not a text'}")
    texts, figures = SIGNALS[kind]
    return Signal(
        kind,
        told["division"],
        _time(told["at"]),
        {name: _text(value, name) for name, value in _members(told, "texts", texts).items()},
        {name: _figure(value, name) for name, value in _members(told, "figures", figures).items()},
        tuple(_text(one, "evidence") for one in _list(told["evidence"])),
    )


def _members(told: Mapping[str, Any], name: str, known: frozenset[str]) -> Mapping[str, Any]:
    found = told[name]
    if not isinstance(found, dict):
        raise ValueError(f"{name} is an object")
    if unknown := set(found) - known:
        raise ValueError(f"{name}: no {sorted(unknown)[0]!r}; there are {', '.join(sorted(known))}")
    return found


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise ValueError("evidence is a list of texts, at least one")
    return value


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or not value or len(value) > 500 or not value.isprintable():
        raise ValueError(f"{name}: a text of 1 to 500 printable characters")
    return value


def _figure(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e18:
        raise ValueError(f"{name}: a number")
    return float(value)


def _time(value: Any) -> datetime:
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"at: {error}") from error
    if at.tzinfo is None:
        raise ValueError("at: a time needs its zone")
    return at

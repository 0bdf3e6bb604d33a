"""The weights of the screening, read from screening.toml and an operator's own file over it."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from facts.errors import SettingsError
from supervision.ledgers.model import RelationKind

NAME = "name"
"""A person known by the name alone."""
KINDS = frozenset({kind.value for kind in RelationKind} | {NAME})
MAX_WEIGHT = 30.0
"""Nats: more says nothing that 30 does not."""


@dataclass(frozen=True, slots=True)
class TieWeight:
    """What a kind of tie weighs; screening.toml explains the fields."""

    group: str
    weight: float
    damping: float
    most: int


@dataclass(frozen=True, slots=True)
class Weights:
    """All of them."""

    prior: float
    watch: float
    suspected: float
    strong: float
    steps: int
    ties: Mapping[str, TieWeight]
    shares: tuple[tuple[Decimal, float], ...]
    """Percent from which on, and the part of the weight that counts; the largest first."""
    hub_words: tuple[str, ...]
    digest: str
    """SHA-256 of what they were read from, in hexadecimal."""

    def of_share(self, share: Decimal | None) -> float:
        """Return the part of a shareholder's weight that counts; all of it where the share is unknown."""
        if share is None:
            return 1.0
        return next((part for begin, part in self.shares if share >= begin), 0.0)


@cache
def shipped() -> Weights:
    """Return the weights of the package."""
    text = files("supervision.ledgers").joinpath("screening.toml").read_text("utf-8")
    return parse(text, "screening.toml")


def parse(text: str, name: str, base: str | None = None) -> Weights:
    """Read weights; what `text` leaves out is as in `base`. Raises SettingsError with the place."""
    try:
        table = tomllib.loads(text)
        if base is not None:
            table = _over(tomllib.loads(base), table)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(str(error), name) from error
    unknown = set(table) - {"prior", "watch", "suspected", "strong", "steps", "tie", "shares", "hubs"}
    if unknown:
        raise SettingsError(f"no field {sorted(unknown)[0]!r}", name)
    try:
        ties = {kind: _tie(kind, one, name) for kind, one in table["tie"].items()}
        if missing := KINDS - set(ties):
            raise SettingsError(f"no weight for {sorted(missing)[0]!r}", name)
        shares = sorted((Decimal(str(one["from"])), float(one["part"])) for one in table["shares"])
        words = tuple(str(word) for word in table.get("hubs", {}).get("words", ()))
        made = Weights(
            prior=float(table["prior"]),
            watch=float(table["watch"]),
            suspected=float(table["suspected"]),
            strong=float(table["strong"]),
            steps=int(table["steps"]),
            ties=ties,
            shares=tuple(reversed(shares)),
            hub_words=words,
            digest=hashlib.sha256(((base or "") + "\0" + text).encode()).hexdigest(),
        )
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise SettingsError(f"{type(error).__name__}: {error}", name) from error
    if not 0 < made.watch <= made.suspected <= made.strong < 1 or not 1 <= made.steps <= 6:
        raise SettingsError("levels rise between 0 and 1, and steps are 1 to 6", name)
    return made


def _tie(kind: str, table: Mapping[str, Any], name: str) -> TieWeight:
    if kind not in KINDS:
        raise SettingsError(f"no kind of tie {kind!r}", name)
    made = TieWeight(str(table["group"]), float(table["weight"]), float(table["damping"]), int(table["most"]))
    if not 0 <= made.weight <= MAX_WEIGHT or not 0 <= made.damping <= 10 or made.most < 2:
        raise SettingsError(
            f"tie.{kind}: weight is 0 to {MAX_WEIGHT:.0f}, damping 0 to 10, most 2 or more", name
        )
    return made


def _over(base: dict[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table with another's entries put over its own, inner tables one by one."""
    for key, value in own.items():
        held = base.get(key)
        base[key] = _over(held, value) if isinstance(held, dict) and isinstance(value, dict) else value
    return base

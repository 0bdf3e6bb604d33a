"""Why an account was judged as it was, for a person: the features that spoke most, each with its
direction."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from supervision.power.features import NAMES, Matrix

Language = Literal["en", "zh"]
LEAST = 0.1
"""Nats below which a feature did not speak."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One feature of one account."""

    feature: str
    value: float
    log_odds: float
    """What it added, nats: above 0 for mining, below against."""

    def text(self, lang: Language = "en") -> str:
        """Return the sentence, without its direction."""
        row = table()[self.feature]
        return str(row[lang]).format(value=_formed(row["form"], self.value, lang))


def reasons(row: Matrix, parts: NDArray[np.float64], most: int = 5) -> tuple[Reason, ...]:
    """Return the features of one account that added most to its log-odds, heaviest first.

    `row` (features,) and `parts` (features,). What was not known says nothing, though its absence may weigh.
    """
    order = np.argsort(-np.abs(parts), kind="stable")
    known = (i for i in order if abs(parts[i]) >= LEAST and math.isfinite(row[i]))
    return tuple(
        Reason(NAMES[i], float(row[i]), float(parts[i])) for i, _ in zip(known, range(most), strict=False)
    )


def level_text(level: str, lang: Language = "en") -> str:
    """Return the words of a level. Raises KeyError for one that there is not."""
    return str(table()["levels"][level][lang])


@cache
def table() -> Mapping[str, Any]:
    """Return words.toml."""
    return tomllib.loads(files("supervision.power").joinpath("words.toml").read_text(encoding="utf-8"))


def _formed(form: str, value: float, lang: Language) -> str:
    if not math.isfinite(value):
        return "?"
    match form:
        case "percent":
            return f"{value * 100:.0f}%" if lang == "zh" else f"{value * 100:.0f} %"
        case "fine":
            return f"{value * 100:.2g}%" if lang == "zh" else f"{value * 100:.2g} %"
        case "kilowatts":
            return f"{10**value:,.3g}" if value < 3 else f"{10**value:,.0f}"
        case _:
            return f"{value:.2g}" if abs(value) < 100 else f"{value:,.0f}"

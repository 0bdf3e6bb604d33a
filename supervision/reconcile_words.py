"""Findings of the reconciliation as sentences, and the band of J/TH that machines of an algorithm can
have."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from classifier.power_table import Catalogue
from supervision.power.words import Language
from supervision.reconcile import Finding
from supervision.reconcile_shape import Reason

TUNED = (0.8, 1.4)
"""How far firmware takes a machine below its nameplate, and age, heat and a bad supply above, fans
included."""


def finding_text(finding: Finding, lang: Language = "en") -> str:
    """Return the words of a finding."""
    return _table()["findings"][finding.value][lang]


def reason_text(reason: Reason, lang: Language = "en") -> str:
    """Return the sentence of a reason. Raises KeyError for a kind without one."""
    return _table()["reasons"][reason.kind][lang].format(**dict(reason.figures))


def band(catalogue: Catalogue, algorithm: str, year: float) -> tuple[float, float] | None:
    """Return the least and most joules for 10^12 hashes of what computes the algorithm and was sold by then.

    `year` counts from 1970, as in the table. None where no machine is known: nothing is alarmed at then.
    """
    joules = [one.joules * 1e12 for one in catalogue.of(algorithm) if one.released <= year]
    return (min(joules) * TUNED[0], max(joules) * TUNED[1]) if joules else None


@cache
def _table() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    return tomllib.loads(files("supervision").joinpath("reconcile.toml").read_text(encoding="utf-8"))

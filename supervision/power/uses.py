"""High use with low output, kept and told: an enterprise beside its trade, by output and by headcount."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any, Final

from store.power import Found, KeptFinding
from supervision.power.found import finite
from supervision.power.output import Use
from supervision.power.words import Language

HIGH, USUAL = "high", "usual"
USES: Final[Mapping[str, tuple[str, str]]] = {
    HIGH: ("high use with low output", "高耗低产"),
    USUAL: ("as usual in its trade", "与同行业相当"),
}
"""Levels of enterprises in English and Chinese."""
_PER: Final[Mapping[str, tuple[str, str, str]]] = {
    "output": ("kWh/CNY", "yuan of output", "单位产值"),
    "headcount": ("kWh/head", "head", "人均"),
}
"""By basis: the unit, and what the energy is for each of."""


def of_uses(
    uses: Iterable[Use], places: Mapping[str, str], kw: Mapping[str, float], before: Mapping[str, str]
) -> list[Found]:
    """Return what is kept of enterprises beside their peers, the furthest above them first.

    `places`: divisions; `kw`: mean loads; `before`: the levels that stand. Of an enterprise whose use is
    usual the figures are kept only where it was high before, so that the last word on it is the present one.
    """
    found = []
    for uscc, own in groupby(sorted(uses, key=lambda one: (one.uscc, one.basis)), lambda one: one.uscc):
        held = list(own)
        level = HIGH if any(one.high for one in held) else USUAL
        if level == USUAL and before.get(uscc, USUAL) == USUAL:
            continue
        weight = max(one.deviations for one in held)
        mean = finite(kw[uscc]) if uscc in kw else None
        record = {"uses": [use_record(one) for one in held]}
        found.append(Found(uscc, uscc, "", places.get(uscc, ""), level, weight, mean, record))
    return sorted(found, key=lambda one: (-one.weight, one.subject))


def use_record(use: Use) -> dict[str, Any]:
    """Return one comparison as it is kept and told."""
    return {
        "basis": use.basis,
        "ratio": finite(use.ratio),
        "median": finite(use.median),
        "peers": use.peers,
        "count": use.count,
        "percentile": finite(use.percentile),
        "deviations": finite(use.deviations),
        "high": use.high,
    }


def use_text(use: Mapping[str, Any], lang: Language) -> str:
    """Return one comparison as a sentence."""
    unit, per, single = _PER[use["basis"]]
    times = use["ratio"] / use["median"] if use["median"] else float("inf")
    ratio, median = f"{use['ratio']:,.4g} {unit}", f"{use['median']:,.4g}"
    if lang == "zh":
        trade = f"同行业 {use['peers']}（{use['count']} 家）"
        return f"{single}电耗 {ratio}，为{trade}中位数 {median} 的 {times:,.3g} 倍"
    return (
        f"{ratio}: {times:,.3g} times as much energy for each {per} as the median {median} of {use['count']} "
        f"peers of {use['peers']}"
    )


def use_json(kept: KeptFinding, lang: Language) -> dict[str, Any]:
    """Return what was found of an enterprise, without by whom it was judged."""
    found = kept.found
    return {
        "uscc": found.uscc,
        "division": found.division,
        "level": found.level,
        "level_word": USES[found.level][lang == "zh"],
        "deviations": finite(found.weight),
        "kw": found.kw,
        "uses": [{**one, "text": use_text(one, lang)} for one in found.record["uses"]],
    }


def use_cells(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return the comparisons of an enterprise as cells of a row, None where there is none."""
    by_basis = {one["basis"]: one for one in told["uses"]}
    cells: dict[str, Any] = {"reasons": [one["text"] for one in told["uses"]]}
    for basis in _PER:
        one = by_basis.get(basis, {})
        names = ("ratio", "median", "peers", "count", "percentile")
        cells |= {f"{basis}_{name}": one.get(name) for name in names}
    return cells

"""Signals of judged loads: abnormal accounts, sites out of balance, plants that lose energy, high use."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from store.power import KeptFinding
from supervision.power.answers import LINES
from supervision.power.uses import use_text
from supervision.projects.sightings import Sighting
from supervision.reconcile import Finding
from supervision.reconcile_words import finding_text
from supervision.warnings.gather import PLACELESS
from supervision.warnings.signals import Signal

ABNORMAL = ("likely", "suspected")
"""Levels of accounts that are told of."""
APART = (Finding.HIDDEN.value, Finding.WRONG.value, Finding.THEFT.value)
"""Findings that somebody has to look into; another load beside the machines is none."""


def abnormal(
    found: Iterable[KeptFinding],
    sightings: Iterable[Sighting],
    names: Mapping[str, str],
    now: datetime,
) -> Iterator[Signal]:
    """Yield accounts whose curve looks like mining, with how many addresses of their holder mine."""
    mining: dict[tuple[str, str], set[str]] = {}
    for one in sightings:
        if one.mines and one.held.certain:
            place = one.held.uscc or "", one.held.site or ""
            mining.setdefault(place, set()).add(str(one.verdict.address))
    for kept in found:
        told = kept.found
        figures = {
            "probability": told.weight,
            "hits": float(len(mining.get((told.uscc, told.site), ()))),
        }
        if told.kw is not None:
            figures["kw"] = told.kw
        texts = {
            "account": told.subject,
            "uscc": told.uscc,
            "enterprise": names.get(told.uscc, ""),
            "site": told.site,
        }
        yield Signal("anomaly", told.division or PLACELESS, now, texts, figures, (_evidence(kept),))


def apart(found: Iterable[KeptFinding], names: Mapping[str, str], now: datetime) -> Iterator[Signal]:
    """Yield sites whose meter does not count what the network shows, or whose J/TH no machine has."""
    for kept in found:
        told, record = kept.found, kept.found.record
        if told.level not in APART and record["alarm"] is None:
            continue
        verdict = Finding(told.level) if told.level in APART else None
        texts = {
            "site": told.site,
            "uscc": told.uscc,
            "enterprise": names.get(told.uscc, ""),
            "verdict": record["alarm"] if verdict is None else verdict.value,
        }
        if verdict is not None:
            texts |= {"says_en": finding_text(verdict, "en"), "says_zh": finding_text(verdict, "zh")}
        figures = {
            name: float(value)
            for name, value in (
                ("kw_network", record["network_kw"]["value"]),
                ("kw_metered", record["metered_kw"]),
                ("kw_apart", None if record["kw_apart"] is None else abs(record["kw_apart"])),
            )
            if value is not None
        }
        yield Signal("reconcile", told.division or PLACELESS, now, texts, figures, (_evidence(kept),))


def lost(found: Iterable[KeptFinding], now: datetime) -> Iterator[Signal]:
    """Yield plants that deliver less without a reason; the load that answers it, where there is one."""
    for kept in found:
        told, record = kept.found, kept.found.record
        says = LINES[told.level]
        texts = {
            "plant": told.subject,
            "level": told.level,
            "load": record["load"] or "",
            "since": record["day"],
            "says_en": says[0],
            "says_zh": says[1],
        }
        figures = {"kw": told.weight, "part": float(record["part"] or 0.0)}
        if record["load_kw"] is not None:
            figures["kw_load"] = float(record["load_kw"])
        yield Signal("line", told.division or PLACELESS, now, texts, figures, (_evidence(kept),))


def wasteful(found: Iterable[KeptFinding], names: Mapping[str, str], now: datetime) -> Iterator[Signal]:
    """Yield enterprises that use far more energy than their output or headcount tells: to be inspected."""
    for kept in found:
        told = kept.found
        worst = max(told.record["uses"], key=lambda one: one["deviations"])
        texts = {
            "uscc": told.uscc,
            "enterprise": names.get(told.uscc, ""),
            "basis": worst["basis"],
            "peers": worst["peers"],
            "says_en": use_text(worst, "en"),
            "says_zh": use_text(worst, "zh"),
        }
        figures = {"times": worst["ratio"] / worst["median"], "deviations": worst["deviations"]}
        if told.kw is not None:
            figures["kw"] = told.kw
        yield Signal("use", told.division or PLACELESS, now, texts, figures, (_evidence(kept),))


def _evidence(kept: KeptFinding) -> str:
    """Return the name of a finding: a later run of the same days says nothing new."""
    return f"power:{kept.run.kind}/{kept.found.subject}/{kept.run.as_of}"

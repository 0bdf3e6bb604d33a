"""Kept judgements as JSON objects and as rows of files, in English or Chinese: for both doors."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from facts.instant import rfc3339
from store.power import LINE, RECONCILIATION, SCORE, SITE, USE, Found, KeptFinding, Run
from supervision.power.uses import USES, use_cells, use_json
from supervision.power.words import Language, level_text
from supervision.power.words import Reason as ScoreReason
from supervision.reconcile import Finding
from supervision.reconcile_shape import Reason as ReconcileReason
from supervision.reconcile_words import finding_text, reason_text
from supervision.site_kind import Reason as SiteReason
from supervision.site_kind import SiteKind

Json = dict[str, Any]
LINES: Final[Mapping[str, tuple[str, str]]] = {
    "suspected": ("suspected private line", "疑似专线供电"),
    "unexplained": ("delivers less without a reason", "无故少送电量"),
}
"""Levels of plants in English and Chinese."""
LEVELS: Final[Mapping[str, tuple[str, ...]]] = {
    SCORE: ("likely", "suspected", "unusual", "none", "unknown"),
    SITE: ("mining_farm", "data_centre", "undecided"),
    RECONCILIATION: tuple(Finding),
    LINE: tuple(LINES),
    USE: tuple(USES),
}
"""Words of the judgements, by kind."""


def run_json(run: Run) -> Json:
    """Return by what and of when a finding is."""
    return {
        "run": run.id,
        "first": run.first_day,
        "as_of": run.as_of,
        "model": run.model,
        "known": rfc3339(run.known_ns),
    }


def score_json(kept: KeptFinding, lang: Language) -> Json:
    """Return what was found of an account."""
    found = kept.found
    return {
        "account": found.subject,
        **_whose(found),
        "level": found.level,
        "level_word": level_text(found.level, lang),
        **_odds(found, lang, ScoreReason),
        "unusual": found.record["unusual"],
        "kw": found.kw,
        "judged": run_json(kept.run),
    }


def site_json(kept: KeptFinding, lang: Language) -> Json:
    """Return whether a site is a farm or a data centre."""
    found = kept.found
    return {
        **_whose(found),
        "kind": found.level,
        "kind_word": SiteKind(found.level, 0.0, 0.0, ()).text(lang),
        **_odds(found, lang, SiteReason),
        "metered_kw": found.kw,
        "judged": run_json(kept.run),
    }


def reconciliation_json(kept: KeptFinding, lang: Language) -> Json:
    """Return what network and meter say together of a site."""
    found, record = kept.found, kept.found.record
    return {
        **_whose(found),
        "finding": found.level,
        "finding_word": finding_text(Finding(found.level), lang),
        **{name: record[name] for name in _RECONCILED},
        "reasons": [_ground(one, lang) for one in record["reasons"]],
        "judged": run_json(kept.run),
    }


def line_json(kept: KeptFinding, lang: Language) -> Json:
    """Return what is missing of a plant's delivery, and what load answers it."""
    found, record = kept.found, kept.found.record
    return {
        "plant": found.subject,
        "division": found.division,
        "level": found.level,
        "level_word": LINES[found.level][lang == "zh"],
        **{name: record[name] for name in _LINE},
        "judged": run_json(kept.run),
    }


def high_use_json(kept: KeptFinding, lang: Language) -> Json:
    """Return how an enterprise stands beside its trade."""
    return {**use_json(kept, lang), "judged": run_json(kept.run)}


_RECONCILED: Final = (
    "hours", "network_kw", "metered_kw", "kw_apart", "ratio", "follows", "joules_per_th", "alarm",
    "better_site", "hours_inside", "first_hour",
)  # fmt: skip
_LINE: Final = ("day", "missing_kw", "part", "signal", "by", "load", "load_kw")
TOLD: Final[Mapping[str, Callable[[KeptFinding, Language], Json]]] = {
    SCORE: score_json,
    SITE: site_json,
    RECONCILIATION: reconciliation_json,
    LINE: line_json,
    USE: high_use_json,
}
"""By kind, what tells of a finding."""
ROWS: Final[Mapping[str, tuple[str, ...]]] = {
    SCORE: (
        *("account", "uscc", "site", "division", "level", "probability", "log_odds", "unusual", "kw"),
        *("reasons", "first", "as_of", "model"),
    ),
    SITE: (
        *("site", "uscc", "division", "kind", "probability", "log_odds", "metered_kw"),
        *("reasons", "first", "as_of", "model"),
    ),
    RECONCILIATION: (
        *("site", "uscc", "division", "finding", "hours", "network_kw", "network_low", "network_high"),
        *("metered_kw", "kw_apart", "ratio", "alarm", "better_site", "reasons", "first", "as_of", "model"),
    ),
    LINE: (
        *("plant", "division", "level", "day", "missing_kw", "missing_low", "missing_high", "part", "signal"),
        *("by", "load", "load_kw", "first", "as_of", "model"),
    ),
    USE: (
        *("uscc", "division", "level", "deviations", "kw", "output_ratio", "output_median", "output_peers"),
        *("output_count", "output_percentile", "headcount_ratio", "headcount_median", "headcount_peers"),
        *("headcount_count", "headcount_percentile", "reasons", "first", "as_of", "model"),
    ),
}
"""Columns of the files, by kind."""


def row(kind: str, told: Mapping[str, Any]) -> list[Any]:
    """Return what TOLD made as a row of ROWS."""
    flat = {**told, **told["judged"], "reasons": [one["text"] for one in told.get("reasons", ())]}
    for name, short in (("network_kw", "network"), ("missing_kw", "missing")):
        if name in told:
            ends = told[name]
            flat |= {name: ends["value"], f"{short}_low": ends["low"], f"{short}_high": ends["high"]}
    if kind == USE:
        flat |= use_cells(told)
    for name in ("level", "kind", "finding"):
        if f"{name}_word" in told:
            flat[name] = told[f"{name}_word"]
    return [flat[name] for name in ROWS[kind]]


def _whose(found: Found) -> Json:
    """Return whose and where a finding is."""
    return {"uscc": found.uscc, "site": found.site, "division": found.division}


def _odds(found: Found, lang: Language, made: type[ScoreReason] | type[SiteReason]) -> Json:
    """Return how probable a finding is, and why."""
    record = found.record
    return {
        "probability": record["probability"],
        "log_odds": record["log_odds"],
        "reasons": [_weighed(one, lang, made) for one in record["reasons"]],
    }


def _weighed(one: Mapping[str, Any], lang: Language, made: type[ScoreReason] | type[SiteReason]) -> Json:
    """Return a reason with its sentence; a kind that this version does not know is its own sentence."""
    value = math.nan if one["value"] is None else float(one["value"])
    try:
        text = made(one["kind"], value, float(one["log_odds"] or 0.0)).text(lang)
    except KeyError:
        text = one["kind"]
    return {"kind": one["kind"], "value": one["value"], "log_odds": one["log_odds"], "text": text}


def _ground(one: Mapping[str, Any], lang: Language) -> Json:
    figures: Sequence[tuple[str, float | str]] = tuple(
        (name, math.nan if value is None else value) for name, value in one["figures"].items()
    )
    try:
        text = reason_text(ReconcileReason(one["kind"], tuple(figures)), lang)
    except KeyError:
        text = one["kind"]
    return {"kind": one["kind"], "figures": dict(one["figures"]), "text": text}

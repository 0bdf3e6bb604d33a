"""What was judged, as the store keeps it: a word, a weight, and a record of figures and reasons.

Reasons are kept as kinds with their parameters, never as sentences: supervision/power/answers.py words them.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from store.power import Found
from supervision.power.judging import NOTHING, Judged
from supervision.power.private_line import Fall
from supervision.reconcile import Reconciled
from supervision.reconcile_shape import Reason
from supervision.site_kind import SiteKind

HOURS = (("inside", 0), ("above", 1), ("below", -1), ("unknown", -2))
"""Words of the hours of a reconciliation."""
Place = tuple[str, str]
"""Credit code and division of a site; empty where unknown."""


def of_scores(told: Iterable[Judged], before: Mapping[str, str]) -> list[Found]:
    """Return what is kept of judged accounts, the most probable first.

    `before`: the levels that stand. An account of which nothing was found is kept only where something else
    was told of it before, so that the last word on it is the present one; too few readings clear nobody.
    """
    made = [
        Found(
            one.account.number,
            one.account.uscc,
            one.account.site,
            one.account.division,
            one.level,
            finite(one.probability) or 0.0,
            finite(one.kw),
            {
                "probability": finite(one.probability),
                "log_odds": finite(one.log_odds),
                "unusual": finite(one.unusual),
                "reasons": [
                    {"kind": each.feature, "value": finite(each.value), "log_odds": finite(each.log_odds)}
                    for each in one.reasons
                ],
            },
        )
        for one in told
        if one.level not in NOTHING
        or (one.level == "none" and before.get(one.account.number, "none") not in NOTHING)
    ]
    return sorted(made, key=lambda one: (-one.weight, one.subject))


def of_site(site: str, place: Place, kind: SiteKind, metered_kw: float) -> Found:
    """Return what is kept of a site told for a farm or a data centre."""
    return Found(
        site,
        place[0],
        site,
        place[1],
        kind.kind,
        kind.probability,
        finite(metered_kw),
        {
            "probability": finite(kind.probability),
            "log_odds": finite(kind.log_odds),
            "reasons": [
                {"kind": each.witness, "value": finite(each.value), "log_odds": finite(each.log_odds)}
                for each in kind.reasons
            ],
        },
    )


def of_reconciled(one: Reconciled, place: Place, alarm: Reason | None, first_hour: str) -> Found:
    """Return what is kept of a reconciled site; what is far apart weighs most."""
    value, low, high = (finite(end) for end in one.network_kw)
    metered = finite(one.metered_kw)
    apart = None if metered is None or value is None else metered - value
    grounds: Sequence[Reason] = (*one.reasons, *(() if alarm is None else (alarm,)))
    return Found(
        one.site,
        place[0],
        one.site,
        place[1],
        one.finding.value,
        abs(apart or 0.0),
        metered,
        {
            "hours": one.hours,
            "network_kw": {"value": value, "low": low, "high": high},
            "metered_kw": metered,
            "kw_apart": apart,
            "ratio": finite(one.ratio),
            "follows": {"part": finite(one.follows.part), "error": finite(one.follows.error)},
            "joules_per_th": None if one.joules_per_th is None else [finite(x) for x in one.joules_per_th],
            "alarm": None if alarm is None else alarm.kind,
            "better_site": one.better_site,
            "hours_inside": {name: int((one.inside == code).sum()) for name, code in HOURS},
            "first_hour": first_hour,
            "reasons": [_reason(each) for each in grounds],
        },
    )


def of_fall(one: Fall, division: str) -> Found:
    """Return what is kept of a plant that delivers less."""
    return Found(
        one.plant,
        "",
        "",
        division,
        "suspected" if one.suspected else "unexplained",
        one.kw,
        finite(one.kw),
        {
            "day": one.day.isoformat(),
            "missing_kw": {"value": finite(one.kw), "low": finite(one.low), "high": finite(one.high)},
            "part": finite(one.part),
            "signal": finite(one.signal),
            "by": one.by,
            "load": one.load,
            "load_kw": None if one.load_kw is None else finite(one.load_kw),
            "reasons": [],
        },
    )


def finite(value: float) -> float | None:
    """Return a number fit for JSON, six digits; None for what is none."""
    return float(f"{float(value):.6g}") if math.isfinite(value) else None


def _reason(reason: Reason) -> dict[str, Any]:
    figures = {
        name: value if isinstance(value, str) else finite(float(value)) for name, value in reason.figures
    }
    return {"kind": reason.kind, "figures": figures}

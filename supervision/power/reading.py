"""Curves from the lake of meters, in groups of accounts that fit into memory."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from registry.power_accounts import PowerAccount
from store.curve_lake import CurveLake
from supervision.meters.forms import Quantity
from supervision.power.curves import Curves, Outages, usual_tariff
from supervision.power.imports import holidays, outages, weather

MOST_POINTS = 60_000_000
"""Points of one quantity in memory at once, 240 MB: of a year some 1,700 accounts."""


def groups(
    lake: CurveLake,
    accounts: Sequence[PowerAccount],
    first: date,
    after: date,
    *,
    weather_file: Path | None = None,
    outages_file: Path | None = None,
    holidays_file: Path | None = None,
) -> Iterator[tuple[Sequence[PowerAccount], Curves]]:
    """Yield accounts with their curves from `first` to before `after`; energy given back counts as negative.

    Raises UsageError below the least number of days, RowError and ReadError for the files beside.
    """
    days = (after - first).days
    size = max(1, MOST_POINTS // max(days * 96, 1))
    free = frozenset[date]() if holidays_file is None else holidays(holidays_file)
    for begin in range(0, len(accounts), size):
        some = accounts[begin : begin + size]
        names = [one.number for one in some]
        kw = lake.curves(names, first, after)
        back = lake.curves_held(names, first, after, Quantity.ACTIVE_EXPORT)
        if back is not None:
            kw -= np.nan_to_num(back)
        phases = [
            lake.curves_held(names, first, after, one)
            for one in (Quantity.PHASE_A, Quantity.PHASE_B, Quantity.PHASE_C)
        ]
        told_phases = [one for one in phases if one is not None]
        capacity = [np.nan if one.contracted_kva is None else one.contracted_kva for one in some]
        told = None
        if weather_file is not None:
            told = weather(weather_file, [one.division for one in some], first, days)
        yield (
            some,
            Curves(
                first,
                kw,
                lake.curves_held(names, first, after, Quantity.REACTIVE_IMPORT),
                np.stack(told_phases, axis=3) if len(told_phases) == len(phases) else None,
                told,
                np.array(capacity, np.float32),
                usual_tariff(),
                free,
                Outages() if outages_file is None else outages(outages_file, names, first, days),
            ),
        )


def unmerged(lake: CurveLake, accounts: int, first: date, after: date) -> int:
    """Return how many months would be read anew for each of several groups: 0 where one group holds all, or
    their files lie by account (store/curve_care.py)."""
    if accounts * (after - first).days * 96 <= MOST_POINTS:
        return 0
    last = after - timedelta(days=1)
    months = [one for one in lake.months() if f"{first:%Y-%m}" <= one <= f"{last:%Y-%m}"]
    return sum(any(not file.ordered for file in lake.files(month)) for month in months)

"""What meters count at projects, beside what traffic estimates: by weeks, and the last whole day."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from facts.instant import nanoseconds
from registry.power_accounts import PowerAccount
from store.power_accounts import read_believed
from supervision.projects.inventory import Standing, end_of
from supervision.projects.metering import WEEK, Counted, Metered, Uncovered, Unread, Week, accuracy
from supervision.projects.project import Particulars, Project

if TYPE_CHECKING:
    from store.curve_lake import CurveLake, DamagedCurves


def metered(
    connection: Connection,
    lake: "CurveLake",
    projects: Iterable[Project],
    named: Mapping[str, Particulars],
    as_of: date,
    known: datetime,
    weeks: int = 2,
    *,
    the_rest: bool = False,
) -> Counted:
    """Return what meters count of projects, as known at a time: readings and whose an account was.

    Raises StoreError where a file of the lake is damaged: a sum is whole or not at all. With `the_rest` what
    the other files hold is counted, and what was left out is named (`Counted.unread`, `Counted.uncovered`).
    """
    own = _accounts(connection, list(projects), named, as_of, nanoseconds(known))
    numbers = sorted({one for accounts in own.values() for one in accounts})
    begin, after = as_of - timedelta(days=weeks * WEEK - 1), as_of + timedelta(days=1)
    known_ns = nanoseconds(known)
    held: dict[str, dict[date, tuple[float, bool]]] = defaultdict(dict)
    damaged: list[DamagedCurves] = []
    if numbers:
        energy = lake.energy(numbers, begin, after, known_ns=known_ns, damaged=damaged if the_rest else None)
        for row in energy.iter_rows(named=True):
            whole = row["missing"] <= row["bridged"] and row["meters"] >= row["of"]
            held[row["account"]][row["day"]] = row["kwh"], whole
    return Counted(
        {project: _of(accounts, held, begin, weeks) for project, accounts in own.items() if accounts},
        {one: _of((one,), held, begin, weeks) for one in numbers},
        tuple(Unread(one.name, one.month, one.why) for one in damaged),
        tuple(_uncovered(numbers, held, begin, after, {one.month for one in damaged})),
    )


def _uncovered(
    numbers: Sequence[str],
    held: Mapping[str, Mapping[date, tuple[float, bool]]],
    begin: date,
    after: date,
    months: Collection[str],
) -> Iterator[Uncovered]:
    """Yield the days of some months that are not held, by account."""
    days = [begin + timedelta(days=n) for n in range((after - begin).days)]
    asked = [day for day in days if f"{day:%Y-%m}" in months]
    for number in numbers:
        if lost := [day for day in asked if day not in held.get(number, {})]:
            yield Uncovered(number, len(lost), lost[0], lost[-1])


def _accounts(
    connection: Connection,
    projects: Sequence[Project],
    named: Mapping[str, Particulars],
    as_of: date,
    known_ns: int,
) -> dict[str, tuple[str, ...]]:
    at_ns = nanoseconds(end_of(as_of))
    by_place: dict[tuple[str, str], set[str]] = defaultdict(set)
    wanted = {(one.uscc, one.site) for one in projects if one.uscc and one.site}
    for account in read_believed(connection, "uscc", (uscc for uscc, _ in wanted), known_ns):
        if (account.uscc, account.site) in wanted and _holds(account, at_ns):
            by_place[account.uscc, account.site].add(account.number)
    return {
        one.id: tuple(sorted(by_place[one.uscc, one.site] | set(_entered(one, named)))) for one in projects
    }


def _entered(project: Project, named: Mapping[str, Particulars]) -> Collection[str]:
    return named[project.id].accounts if project.id in named else ()


def _holds(account: PowerAccount, at_ns: int) -> bool:
    return account.valid_from_ns <= at_ns and (account.valid_to_ns is None or account.valid_to_ns > at_ns)


def _of(
    accounts: tuple[str, ...],
    held: Mapping[str, Mapping[date, tuple[float, bool]]],
    begin: date,
    weeks: int,
) -> Metered:
    energy: dict[date, float] = {}
    whole: set[date] = set()
    for n in range(weeks * WEEK):
        day = begin + timedelta(days=n)
        found = [held[one][day] for one in accounts if day in held.get(one, {})]
        if found:
            energy[day] = sum(kwh for kwh, _ in found)
        if len(found) == len(accounts) and all(complete for _, complete in found):
            whole.add(day)
    peak = max((energy[day] for day in whole), default=None)
    told = [_week(begin + timedelta(days=n * WEEK), energy, whole, peak) for n in reversed(range(weeks))]
    last = max((day for day in whole if day >= told[1].first), default=None)
    return Metered(accounts, tuple(told), last, None if last is None else energy[last] / 24)


def _week(first: date, energy: Mapping[date, float], whole: Collection[date], peak: float | None) -> Week:
    days = [first + timedelta(days=n) for n in range(WEEK)]
    most = None
    if peak is not None:
        most = sum(energy[day] if day in whole else max(peak, energy.get(day, 0.0)) for day in days)
    return Week(first, sum(energy.get(day, 0.0) for day in days), sum(day in whole for day in days), most)


def of_traffic(standing: Standing | None) -> dict[str, float] | None:
    """Return the estimated power (value, low, high) that meters are held beside: not one that they gave."""
    measured = standing.measured if standing else None
    if measured is None or measured.kw is None or measured.basis == "meters":
        return None
    return {"value": measured.kw.value, "low": measured.kw.low, "high": measured.kw.high}


def metered_json(found: Metered | None, kw: Mapping[str, float] | None) -> dict[str, Any] | None:
    """Return what is metered, beside the estimated `kw` (value, low, high); null without any account."""
    if found is None:
        return None
    beside = None
    if found.kw is not None and kw is not None:
        inside = kw["low"] <= found.kw <= kw["high"]
        beside = "inside" if inside else "above" if found.kw > kw["high"] else "below"
    return {
        "accounts": list(found.accounts),
        "weeks": [_week_json(week) for week in found.weeks],
        "change": None if found.change is None else round(found.change, 4),
        "last": None if found.last is None else found.last.isoformat(),
        "kw": None if found.kw is None else round(found.kw, 3),
        "beside_estimate": beside,
        "evidence": list(found.evidence),
    }


def totals_json(found: Counted) -> dict[str, Any]:
    """Return what the meters of several projects count together."""
    every = found.accounts.values()
    kwh, before = (sum(one.weeks[n].kwh for one in every) for n in (0, 1))
    not_whole = sum(not (one.weeks[0].whole and one.weeks[1].whole) for one in every)
    return {
        "projects": len(found.projects),
        "accounts": len(found.accounts),
        "kwh": round(kwh, 3),
        "before_kwh": round(before, 3),
        "change": round(kwh / before - 1, 4) if not not_whole and before > 0 else None,
        "kw": round(sum(one.kw or 0.0 for one in every), 3),
        "not_whole": not_whole,
    }


def _week_json(week: Week) -> dict[str, Any]:
    low, high = week.interval
    return {
        "first": week.first.isoformat(),
        "kwh": round(week.kwh, 3),
        "low": round(low, 3),
        "high": None if high is None else round(high, 3),
        "days": week.days,
    }


ROW = (
    "metered_from", "metered_kwh", "metered_kwh_low", "metered_kwh_high", "metered_days",
    "metered_before_kwh", "metered_before_kwh_low", "metered_before_kwh_high", "metered_before_days",
    "metered_change", "metered_kw", "metered_kw_on", "metered_accounts", "metered_method",
)  # fmt: skip
"""Columns of an export: the week from its first day, the one before, power on the last whole day."""


def row(told: Mapping[str, Any] | None) -> list[Any]:
    """Return what `metered_json` tells, with its method, as a row of ROW."""
    if told is None:
        return [None] * len(ROW)
    now, before = told["weeks"][:2]
    return [
        now["first"],
        *(week[name] for week in (now, before) for name in ("kwh", "low", "high", "days")),
        *(told[name] for name in ("change", "kw", "last", "accounts", "method")),
    ]


def method(lang: str) -> str:
    """Return how metered energy and its interval are come by."""
    error = f"{accuracy():.0%}"
    if lang == "zh":
        return f"按电表计量的七日电量；区间含误差限{error}，未完整抄读的日期上限按最大日电量计"
    return (
        f"metered energy of seven days; the interval holds the meters' limit of error ({error}), and "
        "days not read whole up to the largest day"
    )

"""What report is asked for, and what follows where something was left open. No report is made here.

Both doors read this at their start; making one (making.py) takes ten times as much to import.
"""

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from registry.division_table import WHOLE_COUNTRY, in_force
from supervision.projects.inventory import week_end, week_of
from supervision.refusals import Refused
from supervision.reports.document import Language

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
PUBLISHER = "MineScope"


class Kind(StrEnum):
    """The reports."""

    WEEKLY = "weekly"
    BULLETIN = "bulletin"
    ENTERPRISE = "enterprise"
    SITE = "site"
    TARIFF = "tariff"
    EVALUATION = "evaluation"


@dataclass(frozen=True, slots=True)
class Asked:
    """One report that is asked for. What is left open follows from the rest (`settled`)."""

    kind: Kind
    region: str = WHOLE_COUNTRY
    """Division code. Of an enterprise or site: what lies elsewhere is left out."""
    subject: str = ""
    """Credit code of the enterprise, or id of the site."""
    week: str | None = None
    month: str | None = None
    """`YYYY-MM`."""
    as_of: date | None = None
    languages: tuple[Language, ...] = ("zh",)
    publisher: str = PUBLISHER
    partners: bool = True
    """Whether addresses of conversations' other ends are told: they may be another region's."""

    @property
    def what(self) -> str:
        """How the audit names it."""
        parts = (self.kind.value, self.region, self.subject, self.week, self.month, self.as_of)
        return " ".join(str(part) for part in parts if part)


def settled(asked: Asked, today: date) -> Asked:
    """Fill in what was left open, and judge the rest. Raises UsageError.

    A week: the last whole one up to the as-of date. The as-of date: the end of the week or month where one is
    named, today where that is not over, or where none is.
    """
    if (
        asked.region != WHOLE_COUNTRY
        and in_force().named(asked.region) is None
        and (asked.kind not in (Kind.ENTERPRISE, Kind.SITE))
    ):
        raise Refused(f"no division {asked.region!r} is known", f"未知区划代码 {asked.region!r}")
    if asked.kind in (Kind.ENTERPRISE, Kind.SITE) and not asked.subject:
        raise Refused("say which enterprise or site", "请指定企业或场所")
    if asked.week is not None and asked.kind not in (Kind.WEEKLY, Kind.EVALUATION):
        raise Refused(f"a {asked.kind} report has no week", "该报告不按周编制")
    if asked.month is not None and (asked.kind is not Kind.BULLETIN or not _MONTH.fullmatch(asked.month)):
        raise Refused(
            f"no month {asked.month!r}: it is written 2026-11", f"月份格式应为2026-11：{asked.month!r}"
        )
    try:
        end = None if asked.week is None else week_end(asked.week)
    except ValueError as error:
        raise Refused(str(error), f"周的格式应为2026-W47：{asked.week!r}") from None
    if asked.month is not None:
        end = month_end(date.fromisoformat(f"{asked.month}-01"))
    as_of = asked.as_of or min(end or today, today)
    if as_of > today:
        raise Refused(f"{as_of} is still to come", f"{as_of}尚未到来")
    week, month = asked.week, asked.month
    if asked.kind in (Kind.WEEKLY, Kind.EVALUATION) and week is None:
        week = week_of(last_sunday(as_of))
    if asked.kind is Kind.BULLETIN and month is None:
        month = as_of.strftime("%Y-%m")
    return replace(asked, as_of=as_of, week=week, month=month)


def month_end(day: date) -> date:
    """Return the last day of the month of a day."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def last_sunday(as_of: date) -> date:
    """Return the last Sunday up to a day: the end of the last whole week."""
    return as_of - timedelta(days=as_of.isoweekday() % 7)

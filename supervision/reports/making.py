"""From what is asked for to documents: the one way in which both doors make reports."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from facts.errors import UsageError
from registry.division_table import WHOLE_COUNTRY, in_force
from store.database import Database
from supervision.projects.inventory import week_end, week_of
from supervision.refusals import Refused
from supervision.reports.content.bulletin import bulletin
from supervision.reports.content.enterprise import enterprise
from supervision.reports.content.evaluation import evaluation
from supervision.reports.content.parts import Issue
from supervision.reports.content.site import site
from supervision.reports.content.tariff import tariff
from supervision.reports.content.weekly import weekly
from supervision.reports.document import Document, Language
from supervision.reports.gather import (
    gather,
    gather_enterprise,
    gather_past,
    gather_site,
    gather_week,
    last_sunday,
)
from supervision.reports.known import Company

if TYPE_CHECKING:
    from store.curve_lake import CurveLake

_UNFIT = re.compile(r"[^A-Za-z0-9._-]")
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
        end = _month_end(date.fromisoformat(f"{asked.month}-01"))
    as_of = asked.as_of or min(end or today, today)
    if as_of > today:
        raise Refused(f"{as_of} is still to come", f"{as_of}尚未到来")
    week, month = asked.week, asked.month
    if asked.kind in (Kind.WEEKLY, Kind.EVALUATION) and week is None:
        week = week_of(last_sunday(as_of))
    if asked.kind is Kind.BULLETIN and month is None:
        month = as_of.strftime("%Y-%m")
    return replace(asked, as_of=as_of, week=week, month=month)


def documents(
    database: Database, asked: Asked, made: datetime, lake: Path | None = None
) -> Iterator[Document]:
    """Yield the report in each language asked for; `asked` is settled, `lake` the folder of curves.

    Raises Unknown, StoreError.
    """
    assert asked.as_of is not None
    issues = [Issue(language, asked.publisher, made) for language in asked.languages]
    for document in _documents(database, asked, asked.as_of, issues, lake):
        yield replace(document, kind=_file_name(asked))


def _documents(
    database: Database, asked: Asked, as_of: date, issues: Sequence[Issue], lake: Path | None
) -> Iterator[Document]:
    match asked.kind:
        case Kind.WEEKLY:
            curves = None if lake is None else _curves(lake)
            week = gather_week(database, asked.region, asked.week or "", as_of, asked.partners, curves)
            yield from (weekly(week, issue) for issue in issues)
        case Kind.BULLETIN:
            month = date.fromisoformat(f"{asked.month}-01")
            known = gather(database, asked.region, as_of, min(as_of, _month_end(month)), asked.partners)
            yield from (bulletin(known, month, issue) for issue in issues)
        case Kind.TARIFF:
            known = gather(database, asked.region, as_of, partners=asked.partners)
            yield from (tariff(known, issue) for issue in issues)
        case Kind.EVALUATION:
            known = gather(database, asked.region, as_of, partners=asked.partners)
            past = gather_past(database, asked.region, asked.week or "", as_of)
            yield from (evaluation(known, past, issue) for issue in issues)
        case Kind.ENTERPRISE:
            file = gather_enterprise(database, asked.subject, as_of, asked.region, asked.partners)
            company = next(iter(file.known.companies), Company(asked.subject, ""))
            yield from (enterprise(file.known, company, file.held, issue) for issue in issues)
        case Kind.SITE:
            file = gather_site(database, asked.subject, as_of, asked.region, asked.partners)
            yield from (site(file.known, file.known.places[0], issue) for issue in issues)


def _curves(lake: Path) -> "CurveLake":
    from store.curve_lake import CurveLake  # polars: only what tells of meters needs it

    return CurveLake(lake)


def _file_name(asked: Asked) -> str:
    """Return what names the files of a report: no two reports have the same."""
    if asked.kind in (Kind.ENTERPRISE, Kind.SITE):
        subject = _UNFIT.sub("_", asked.subject)[:60]
        if subject != asked.subject:
            subject += "-" + hashlib.sha256(asked.subject.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        return f"{asked.kind}-{subject}"
    period = asked.week if asked.kind is Kind.WEEKLY else asked.month
    return "-".join(part for part in (asked.kind.value, asked.region, period) if part)


def _month_end(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def made_at(environ: dict[str, str], now: datetime) -> datetime:
    """Return the time written into files: SOURCE_DATE_EPOCH where it is set. Raises UsageError."""
    text = environ.get("SOURCE_DATE_EPOCH", "")
    if not text:
        return now.replace(microsecond=0)
    if not text.isascii() or not text.isdigit() or int(text) > 253_402_300_799:
        raise UsageError(f"SOURCE_DATE_EPOCH is the number of seconds since 1970, not {text!r}")
    return datetime.fromtimestamp(int(text), tz=now.tzinfo)

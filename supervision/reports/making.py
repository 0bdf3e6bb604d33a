"""From what is asked for to documents: the one way in which both doors make reports."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from facts.errors import UsageError
from store.database import Database
from supervision.reports.asked import Asked, Kind, month_end
from supervision.reports.content.bulletin import bulletin
from supervision.reports.content.enterprise import enterprise
from supervision.reports.content.evaluation import evaluation
from supervision.reports.content.parts import Issue
from supervision.reports.content.site import site
from supervision.reports.content.tariff import tariff
from supervision.reports.content.weekly import weekly
from supervision.reports.document import Document
from supervision.reports.gather import (
    gather,
    gather_enterprise,
    gather_past,
    gather_site,
    gather_week,
)
from supervision.reports.known import Company

if TYPE_CHECKING:
    from store.curve_lake import CurveLake

_UNFIT = re.compile(r"[^A-Za-z0-9._-]")


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
            known = gather(database, asked.region, as_of, min(as_of, month_end(month)), asked.partners)
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


def made_at(environ: dict[str, str], now: datetime) -> datetime:
    """Return the time written into files: SOURCE_DATE_EPOCH where it is set. Raises UsageError."""
    text = environ.get("SOURCE_DATE_EPOCH", "")
    if not text:
        return now.replace(microsecond=0)
    if not text.isascii() or not text.isdigit() or int(text) > 253_402_300_799:
        raise UsageError(f"SOURCE_DATE_EPOCH is the number of seconds since 1970, not {text!r}")
    return datetime.fromtimestamp(int(text), tz=now.tzinfo)

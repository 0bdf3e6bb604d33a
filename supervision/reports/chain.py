"""The rest of the chain as it was known at a time: exit plans, ledgers, surcharge, cases, warnings."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, or_, select

from facts.instant import nanoseconds
from store.cases_tables import CaseRow
from store.ledgers_tables import LedgerRow
from store.warnings_tables import WarningRow
from supervision.cases import kept as cases
from supervision.cases.life import stand as stand_case
from supervision.cases.words import STATES as CASE_STATES
from supervision.exits.kept import read_plans
from supervision.exits.plan import progress
from supervision.projects.events import day_in_china
from supervision.projects.inventory import end_of
from supervision.projects.kept import Held as HeldProjects
from supervision.projects.kept import in_division
from supervision.reports.chain_tariff import Whose, charged
from supervision.reports.known import (
    Case,
    LedgerEntry,
    Metered,
    Milestone,
    Owed,
    Project,
    Refused,
    Warned,
)
from supervision.warnings import kept as warnings
from supervision.warnings.life import stand as stand_warning
from supervision.warnings.rules import sentence, shipped
from supervision.warnings.words import DEPARTMENTS, SEVERITIES
from supervision.warnings.words import STATES as WARNING_STATES

ZERO = Decimal("0.00")
TOLD = ("market", "mining-list", "support", "penalties", "credit", "dual-control")
"""Ledgers that reports show; relations, events and flows of money stay with who may see them."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of the store a report speaks of."""

    region: str
    as_of: date
    day: date
    """The day whose state is told."""
    known_ns: int
    """The end of `as_of`."""
    uscc: str | None = None
    """Only what concerns this enterprise."""
    site: str | None = None
    """Only what concerns this site."""


@dataclass(frozen=True, slots=True)
class Rest:
    """What was found."""

    milestones: tuple[Milestone, ...] = ()
    owed: tuple[Owed, ...] = ()
    refused: tuple[Refused, ...] = ()
    metered: tuple[Metered, ...] = ()
    ledgers: tuple[LedgerEntry, ...] = ()
    cases: tuple[Case, ...] = ()
    warnings: tuple[Warned, ...] = ()


def chain(connection: Connection, wanted: Wanted, held: HeldProjects, projects: Collection[Project]) -> Rest:
    """Return the rest of the chain of a region, an enterprise or a site."""
    whose = Whose(wanted.region, wanted.uscc, wanted.site)
    money = charged(connection, whose, wanted.known_ns, wanted.day)
    return Rest(
        milestones=tuple(_milestones(connection, wanted, held)),
        owed=money.owed,
        refused=money.refused,
        metered=money.metered,
        ledgers=tuple(_ledgers(connection, wanted, projects)),
        cases=tuple(_cases(connection, wanted, projects)),
        warnings=tuple(_warnings(connection, wanted, projects)),
    )


def _cases(connection: Connection, wanted: Wanted, projects: Collection[Project]) -> Iterator[Case]:
    """Yield cases by number; of an enterprise or a site those of its projects."""
    row = CaseRow
    query = select(row.id).where(in_division(row.division, wanted.region), row.opened_ns <= wanted.known_ns)
    owners = {one.id: one.uscc for one in projects}
    for log in cases.read(connection, connection.scalars(query.order_by(row.id)).all()):
        known = [one for one in log.entries if nanoseconds(one.at) <= wanted.known_ns]
        case = log.standing.case
        if not known or (_narrow(wanted) and case.project not in owners):
            continue
        now = stand_case(case, known)
        yield Case(
            id=str(case.id),
            title=case.title,
            uscc=owners.get(case.project or "", ""),
            division=case.division,
            state=CASE_STATES.get(now.state, (now.state, now.state)),
            opened=day_in_china(case.opened),
            deadline=now.due,
            department=DEPARTMENTS.get(now.department, (now.department, now.department)),
        )


def _warnings(connection: Connection, wanted: Wanted, projects: Collection[Project]) -> Iterator[Warned]:
    """Yield warnings by number; of an enterprise or a site those of its projects or that name it."""
    row = WarningRow
    query = select(row.id).where(in_division(row.division, wanted.region), row.raised_ns <= wanted.known_ns)
    own, book = {one.id for one in projects}, shipped()
    for one in warnings.read(connection, connection.scalars(query.order_by(row.id)).all()):
        known = [entry for entry in one.entries if nanoseconds(entry.at) <= wanted.known_ns]
        if not known:
            continue
        now = stand_warning(one.standing.head, known)
        named = wanted.uscc or wanted.site
        if _narrow(wanted) and now.head.project not in own and named not in now.texts.values():
            continue
        rule = book.rule(now.head.rule)
        says = ("", "")
        if rule is not None:
            said = [sentence(text, now.texts, now.figures) for text in (rule.en, rule.zh)]
            says = (said[0], said[1])
        yield Warned(
            id=str(now.head.id),
            kind=now.head.rule,
            severity=SEVERITIES.get(now.severity, (now.severity, now.severity)),
            division=now.head.division,
            subject=now.head.project or now.head.key,
            raised=day_in_china(now.head.raised),
            state=WARNING_STATES.get(now.state, (now.state, now.state)),
            text=says,
        )


def _narrow(wanted: Wanted) -> bool:
    return wanted.uscc is not None or wanted.site is not None


def _milestones(connection: Connection, wanted: Wanted, held: HeldProjects) -> Iterator[Milestone]:
    plans = read_plans(connection, [one.id for one in held.projects])
    events = defaultdict(list)
    for event in held.events:
        events[event.project].append(event)
    for project in held.projects:
        editions = plans.get(project.id, ())
        for one in progress(editions, events[project.id], end_of(wanted.as_of), wanted.day):
            promised = one.milestone.due
            yield Milestone(
                project.id,
                project.division,
                one.milestone.step,
                one.first_due,
                one.done,
                one.milestone.body,
                None if promised == one.first_due else promised,
            )


def _ledgers(connection: Connection, wanted: Wanted, projects: Collection[Project]) -> Iterator[LedgerEntry]:
    """Yield ledger rows as they were believed, by ledger, date and key.

    Of a region those of enterprises with a project in it: a ledger of all market participants is no report
    on mining. A site has none of its own.
    """
    codes = {wanted.uscc} if wanted.uscc else {one.uscc for one in projects if one.uscc}
    if wanted.site is not None or not codes:
        return
    row = LedgerRow
    believed = (
        row.known_from_ns <= wanted.known_ns,
        or_(row.known_to_ns.is_(None), row.known_to_ns > wanted.known_ns),
    )
    query = select(row.ledger, row.uscc, row.subject, row.record).where(*believed)
    query = query.where(in_division(row.division, wanted.region))
    names = {one.uscc: one.enterprise for one in projects}
    recovered: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for _, _, subject, record in connection.execute(query.where(row.ledger == "recoveries")):
        if (record.get("on") or "") <= wanted.day.isoformat() and record.get("amount"):
            sign = {"recovered": 1, "reversed": -1}.get(record.get("step") or "", 0)
            recovered[subject] += sign * Decimal(record["amount"])
    found = []
    for ledger, uscc, subject, record in connection.execute(query.where(row.ledger.in_(TOLD))):
        if uscc in codes and (told := _entry(ledger, uscc, names.get(uscc, ""), record, wanted.day)):
            of_support = ledger == "support" and told.amount is not None
            found.append((told, recovered[subject] if of_support else None, subject))
    found.sort(key=lambda one: (one[0].ledger, one[0].granted or date.min, one[0].uscc, one[2]))
    for told, back, _ in found:
        yield LedgerEntry(
            told.ledger,
            told.uscc,
            told.name,
            told.authority,
            told.granted,
            told.stops,
            told.amount,
            back,
            told.state,
        )


def _entry(ledger: str, uscc: str, name: str, record: dict[str, Any], day: date) -> LedgerEntry | None:
    """Return one row; None for what begins after the day."""
    began = next((record[key] for key in ("entered", "listed", "granted", "on") if record.get(key)), None)
    ends = next(
        (
            record[key]
            for key in ("left", "delisted", "recover_by", "stop_by", "until", "leave_by")
            if record.get(key)
        ),
        None,
    )
    if began and began > day.isoformat():
        return None
    amount = record.get("amount")
    return LedgerEntry(
        ledger=ledger if ledger != "support" else f"support: {record.get('kind') or ''}".rstrip(": "),
        uscc=uscc,
        name=record.get("name") or name,
        authority=record.get("body") or record.get("authority") or record.get("exchange") or "",
        granted=None if began is None else date.fromisoformat(began),
        stops=None if ends is None else date.fromisoformat(ends),
        amount=None if amount is None else Decimal(amount),
        recovered=None,
        state=record.get("document") or record.get("reason") or "",
    )

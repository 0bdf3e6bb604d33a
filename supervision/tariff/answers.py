"""Answers of the differential price as JSON objects and rows: what the API, exports and reports show."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection

from facts.instant import rfc3339
from store.access_rules import lies_in
from store.tariff import StoredMining, StoredNotice, StoredReading
from store.tariff_money import StoredEntry, StoredPayment, read_entries
from supervision.tariff.book import Plan
from supervision.tariff.collection import Collected, Owed, by_region, owed_on
from supervision.tariff.rows import cny, line_told
from supervision.tariff.rules import Rule
from supervision.tariff.sheets import (
    ARREARS,
    COLLECTION,
    ENTRIES,
    collected_row,
    entry_row,
    owed_row,
    titles,
)

LEVELS: Final[Mapping[str, int]] = {"province": 2, "prefecture": 4, "county": 6}
"""Words to digits of division codes."""
Json = dict[str, Any]


def rule_json(rule: Rule, *, bills: bool) -> Json:
    """Return a rule; `bills` says whether it is in force or an enacted draft."""
    told = asdict(rule)
    told["rate"] = None if rule.rate is None else str(rule.rate)
    told["valid_from"] = rule.valid_from.isoformat()
    told["valid_to"] = None if rule.valid_to is None else rule.valid_to.isoformat()
    return {**told, "market": list(rule.market), "bills": bills}


def mining_json(kept: StoredMining) -> Json:
    """Return a mining period."""
    return {
        "period": kept.period,
        "account": kept.account,
        "division": kept.division,
        "state": kept.state,
        "first": kept.first_day,
        "last": kept.last_day,
        "found": kept.found_day,
        "share": kept.share,
        "because": kept.because,
        "evidence": kept.evidence,
        "known": rfc3339(kept.known_ns),
        "author": kept.author,
    }


def reading_json(kept: StoredReading) -> Json:
    """Return a reading."""
    return {
        "first": kept.first_day,
        "after": kept.after_day,
        "kwh": kept.kwh,
        "way": kept.way,
        "source": kept.source,
        "known": rfc3339(kept.known_ns),
    }


def notice_json(kept: StoredNotice | None) -> Json | None:
    """Return when a user was told; None where nobody said."""
    return None if kept is None else {"told": kept.told_day, "document": kept.document}


def payment_json(kept: StoredPayment) -> Json:
    """Return a payment."""
    return {
        "on": kept.on_day,
        "amount": str(cny(kept.amount_fen)),
        "reference": kept.reference,
        "source": kept.source,
    }


def entry_json(kept: StoredEntry) -> Json:
    """Return an entry of the book."""
    return {
        "number": kept.number,
        "kind": kept.kind,
        "account": kept.account,
        "uscc": kept.uscc,
        "division": kept.division,
        "month": kept.month,
        "reading": {"first": kept.first_day, "after": kept.after_day},
        **kept.line,
        "basis": kept.basis,
        "made": kept.made_day,
        "reverses": kept.reverses,
        "why": kept.why,
    }


def owed_json(owed: Owed) -> Json:
    """Return how an account stands."""
    one = owed.standing
    return {
        "account": one.account,
        "uscc": owed.uscc,
        "division": owed.division,
        "due": str(one.due),
        "paid": str(one.paid),
        "credit": str(one.credit),
        "not_yet_due": str(one.not_yet_due),
        "overdue": [str(amount) for amount in one.overdue],
        "arrears": str(one.arrears),
        "months": [
            {"month": m.month, "due_on": m.due_on.isoformat(), "due": str(m.due), "paid": str(m.paid)}
            for m in one.months
        ],
    }


def collected_json(found: Collected) -> Json:
    """Return what a region collected."""
    told = {name: str(value) for name, value in asdict(found).items()}
    rate = None if found.rate is None else str(found.rate)
    return {**told, "accounts": found.accounts, "rate": rate}


def plan_json(found: Plan, *, posted: bool) -> Json:
    """Return what a billing run came to, or would."""
    return {
        "posted": posted,
        "accounts": found.accounts,
        "amount": str(found.amount),
        "entries": [
            {
                "number": entry.number,
                "kind": entry.kind,
                "account": entry.account,
                "month": entry.month,
                "reverses": entry.reverses,
                **line_told(entry.line),
            }
            for entry in found.entries
        ],
        "refusals": [
            {
                "account": one.account,
                "month": one.month,
                "reason": refusal.reason,
                "rule": refusal.rule,
                "first": refusal.first.isoformat(),
                "last": refusal.last.isoformat(),
                "days": refusal.days,
            }
            for one in found.bills
            for refusal in one.refusals
        ],
        "drafts": sorted({draft for one in found.bills for draft in one.drafts}),
        "unmetered": [
            {"account": number, "first": first.isoformat(), "last": last.isoformat()}
            for number, first, last in found.unmetered
        ],
        "recounted": [
            {"account": one.account, "month": one.first_day[:7], "kwh": one.kwh} for one in found.recounted
        ],
        "faults": [{"account": fault.account, "why": fault.why} for fault in found.faults],
    }


def entries_in(connection: Connection, division: str | None, on: date | None = None) -> list[StoredEntry]:
    """Return the entries of a region that were made up to a day."""
    return [
        kept
        for kept in read_entries(connection)
        if (division is None or lies_in(kept.division, division))
        and (on is None or kept.made_day <= on.isoformat())
    ]


def sheet(
    connection: Connection, what: str, on: date, division: str | None, level: str, lang: str
) -> tuple[Sequence[str], list[list[Any]]]:
    """Return heads and rows of `entries`, `arrears` or `collection` on a day."""
    if what == "entries":
        return titles(ENTRIES, lang), [entry_row(kept) for kept in entries_in(connection, division, on)]
    owed = owed_on(connection, on, division)
    if what == "arrears":
        return titles(ARREARS, lang), [owed_row(one) for one in owed]
    return titles(COLLECTION, lang), rows_of(by_region(owed, LEVELS[level]))


def rows_of(found: Iterable[Collected]) -> list[list[Any]]:
    """Return rows of COLLECTION."""
    return [collected_row(one) for one in found]

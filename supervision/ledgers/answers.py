"""Ledgers and findings as JSON objects, for both doors; amounts are texts, exact to the fen.

What may not be shown is left to a `Veil`: names by their kind, and places that another region holds.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from facts.instant import rfc3339
from store.ledgers import Kept
from supervision.ledgers.alarms import Alarm
from supervision.ledgers.flows import Chain, span
from supervision.ledgers.model import FINANCIAL, InstitutionKind, NodeKind, RelationKind
from supervision.ledgers.points import Account
from supervision.ledgers.records import RecordStanding
from supervision.ledgers.specs import Ledger
from supervision.ledgers.support import SupportStanding, Totals
from supervision.ledgers.weights import NAME
from supervision.ledgers.words import Language, alarm_words, word

Json = dict[str, Any]
PERSONS = frozenset(
    {
        *(RelationKind.LEGAL_PERSON.value, RelationKind.CONTROLLER.value, RelationKind.MANAGER.value),
        *(RelationKind.SHAREHOLDER.value, RelationKind.PHONE.value, RelationKind.EMAIL.value, NAME),
        NodeKind.PERSON.value,
    }
)
"""Kinds whose names are of a natural person: blanked for who needs no personal fields."""
SECRETS = frozenset(
    {
        *(RelationKind.WALLET.value, RelationKind.BANK_ACCOUNT.value, NodeKind.EXCHANGE_ACCOUNT.value),
        NodeKind.PAYMENT_ACCOUNT.value,
    }
)
"""Kinds of which only the ends are shown."""
_PERSONAL_FIELDS = {
    Ledger.MARKET.value: {"legal_person": NAME, "legal_person_id": NAME, "phone": "phone"},
}
_NAMED_BY = {
    Ledger.RELATIONS.value: (("value", "kind"), ("reference", "kind")),
    Ledger.MONEY_FLOWS.value: (("from_id", "from_kind"), ("to_id", "to_kind")),
}
"""Fields whose kind another field tells; their ledgers' keys hold them too."""


class Veil(Protocol):
    """What of an answer may be shown."""

    def name(self, kind: str, name: str) -> str:
        """Return a name of a kind as it may be shown."""

    def text(self, text: str) -> str:
        """Return a free text as it may be shown."""

    def sees(self, divisions: Iterable[str]) -> bool:
        """Say whether an enterprise known in these divisions may be named."""


class Nothing:
    """Hides nothing: for the terminal of who owns the database."""

    def name(self, kind: str, name: str) -> str:
        """Return the name."""
        return name

    def text(self, text: str) -> str:
        """Return the text."""
        return text

    def sees(self, divisions: Iterable[str]) -> bool:
        """Return True."""
        return True


def row_json(kept: Kept, veil: Veil) -> Json:
    """Return a row of a ledger as it is or was believed."""
    record = dict(kept.record)
    key = kept.key
    for field, kind in _PERSONAL_FIELDS.get(kept.ledger, {}).items():
        if value := record.get(field):
            record[field] = veil.name(kind, value)
    for field, told_by in _NAMED_BY.get(kept.ledger, ()):
        if value := record.get(field):
            shown = record[field] = veil.name(record.get(told_by) or "", value)
            key = key.replace(value, shown)
    for field in ("note", "reason"):
        if value := record.get(field):
            record[field] = veil.text(value)
    return {
        "ledger": kept.ledger,
        "key": key,
        "subject": kept.subject or None,
        "uscc": kept.uscc or None,
        "division": kept.division,
        "record": record,
        "source": kept.source,
        "known_from": rfc3339(kept.known_from_ns),
        "known_to": None if kept.known_to_ns is None else rfc3339(kept.known_to_ns),
    }


def support_json(one: SupportStanding, day: date, names: Mapping[str, str], lang: Language) -> Json:
    """Return support as it stands on a day."""
    support = one.support
    return {
        "id": support.id,
        "uscc": support.uscc,
        "name": names.get(support.uscc) or None,
        "kind": support.kind.value,
        "kind_says": word("support", support.kind.value, lang),
        "body": support.body,
        "body_kind": support.body_kind.value,
        "body_says": word("body", support.body_kind.value, lang),
        "financial": support.body_kind in FINANCIAL,
        "division": support.division,
        "document": support.document or None,
        "granted": support.granted.isoformat(),
        "stop_by": _day(support.stop_by),
        "recover_by": _day(support.recover_by),
        "stopped": _day(one.stopped),
        "state": one.state.value,
        "says": word("state", one.state.value, lang),
        "amount": _money(support.amount),
        "recovered": _money(one.recovered),
        "written_off": _money(one.written_off),
        "outstanding": _money(one.outstanding),
        "due": _money(one.due),
        "overdue": _money(one.overdue),
        "overdue_since": _day(one.overdue_since),
        "overdue_days": one.overdue_days(day),
        "excess": _money(one.excess),
    }


SUPPORT_ROW = (
    "id", "uscc", "name", "kind", "body", "body_kind", "financial", "division", "document", "granted",
    "stop_by", "recover_by", "stopped", "state", "amount", "recovered", "written_off", "outstanding", "due",
    "overdue", "overdue_since", "overdue_days", "excess",
)  # fmt: skip
"""Columns of support as a file."""


def totals_json(found: Totals) -> Json:
    """Return sums over support, CNY."""
    return {
        "count": found.count,
        "amount": _money(found.amount),
        "recovered": _money(found.recovered),
        "outstanding": _money(found.outstanding),
        "due": _money(found.due),
        "overdue": _money(found.overdue),
        "written_off": _money(found.written_off),
    }


def record_json(one: RecordStanding, names: Mapping[str, str], lang: Language) -> Json:
    """Return a penalty or a credit record as it stands."""
    record = one.record
    return {
        "id": record.id,
        "ledger": record.ledger,
        "uscc": record.uscc,
        "name": names.get(record.uscc) or None,
        "kind": record.kind,
        "on": record.on.isoformat(),
        "authority": record.authority,
        "division": record.division,
        "document": record.document or None,
        "amount": None if record.amount is None else _money(record.amount),
        "until": _day(record.until),
        "state": one.state.value,
        "says": word("state", one.state.value, lang),
        "since": one.since.isoformat(),
        "public": one.public,
        "events": [
            {
                "step": event.step.value,
                "says": word("state", event.step.value, lang),
                "on": event.on.isoformat(),
                "authority": event.authority or None,
                "document": event.document or None,
            }
            for event in one.events
        ],
    }


def points_json(one: Account) -> Json:
    """Return the points of a division in a period."""
    return {
        "division": one.division,
        "period": one.period,
        "given": str(one.given),
        "taken": str(one.taken),
        "total": str(one.total),
        "entries": one.entries,
    }


def chain_json(
    chain: Chain, names: Mapping[str, str], veil: Veil, lang: Language, clusters: Iterable[str] = ()
) -> Json:
    """Return a chain of flows of money, each step with who says so.

    `clusters`: those of the ownership graph whose machines work for the wallet that it begins at.
    """
    begin, end = chain.begin, chain.end
    first, last = span(chain)
    return {
        "from": _node(begin[0], begin[1], veil),
        "to": _node(end[0], end[1], veil),
        "holder": chain.holder or None,
        "holder_name": names.get(chain.holder) or None,
        "clusters": sorted(clusters),
        "authorities": list(chain.authorities),
        "in_time": chain.in_time,
        "first_on": _day(first),
        "last_on": _day(last),
        "steps": [
            {
                "from": _node(step.from_kind, step.from_id, veil),
                "to": _node(step.to_kind, step.to_id, veil),
                "institution": step.institution or None,
                "institution_kind": None if step.institution_kind is None else step.institution_kind.value,
                "institution_says": _institution(step.institution_kind, lang),
                "financial": step.institution_kind in FINANCIAL,
                "holder": step.holder or None,
                "coin": step.coin or None,
                "amount": None if step.amount is None else f"{step.amount:f}",
                "first_on": _day(step.first_on),
                "last_on": _day(step.last_on),
                "authority": step.authority,
                "document": step.document,
                "source": step.source,
            }
            for step in chain.steps
        ],
    }


def alarm_json(alarm: Alarm, lang: Language) -> Json:
    """Return an alarm with its sentence."""
    return {
        "kind": alarm.kind,
        "severity": alarm.severity,
        "uscc": alarm.uscc,
        "division": alarm.division,
        "about": alarm.key,
        "on": alarm.on.isoformat(),
        "because": alarm_words(alarm, lang),
        "params": dict(alarm.params),
    }


def _node(kind: NodeKind, name: str, veil: Veil) -> Json:
    return {"kind": kind.value, "id": veil.name(kind.value, name)}


def _institution(kind: InstitutionKind | None, lang: Language) -> str | None:
    return None if kind is None else word("body", kind.value, lang)


def _money(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()

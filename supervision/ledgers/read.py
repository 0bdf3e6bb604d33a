"""Records of the store to the nouns of the ledgers; every record was judged when it was imported."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from supervision.ledgers.model import (
    Flow,
    InstitutionKind,
    Listed,
    NodeKind,
    Participant,
    Penalty,
    Points,
    RecordEvent,
    RecordStep,
    Recovery,
    RecoveryStep,
    Relation,
    RelationKind,
    Support,
    SupportKind,
)

Record = Mapping[str, str | None]


def participant(record: Record) -> Participant:
    """Return a row of the market ledger."""
    return Participant(
        _text(record, "participant"),
        _text(record, "exchange"),
        _text(record, "uscc"),
        _text(record, "name"),
        _text(record, "kind"),
        _text(record, "division"),
        _many(record, "accounts"),
        _text(record, "retailer"),
        _day(record, "entered"),
        _day_or_none(record, "left"),
        _day_or_none(record, "leave_by"),
    )


def relations_of_participant(record: Record) -> list[Relation]:
    """Return what a row of the market ledger ties its enterprise to."""
    code = _text(record, "uscc")
    found = [Relation(code, RelationKind.ACCOUNT, one) for one in _many(record, "accounts")]
    if person := _text(record, "legal_person"):
        found.append(Relation(code, RelationKind.LEGAL_PERSON, person, _text(record, "legal_person_id")))
    for name, kind in (
        ("address", RelationKind.ADDRESS),
        ("phone", RelationKind.PHONE),
        ("agent", RelationKind.AGENT),
    ):
        if value := _text(record, name):
            found.append(Relation(code, kind, value))
    return found


def listed(record: Record) -> Listed:
    """Return a row of the mining list."""
    return Listed(
        _text(record, "uscc"),
        _text(record, "name"),
        _text(record, "division"),
        _many(record, "accounts"),
        _day(record, "listed"),
        _day_or_none(record, "delisted"),
        _day_or_none(record, "leave_by"),
        _text(record, "document"),
    )


def relation(record: Record) -> Relation:
    """Return a row of the ledger of relations."""
    share = record.get("share")
    return Relation(
        _text(record, "uscc"),
        RelationKind(_text(record, "kind")),
        _text(record, "value"),
        _text(record, "reference"),
        None if share is None else Decimal(share),
    )


def holds(record: Record, day: date) -> bool:
    """Say whether a relation holds on a day; the first day after its end is `valid_to`."""
    begin, end = _day_or_none(record, "valid_from"), _day_or_none(record, "valid_to")
    return (begin is None or begin <= day) and (end is None or day < end)


def support(record: Record) -> Support:
    """Return a row of the ledger of support."""
    return Support(
        _text(record, "id"),
        _text(record, "uscc"),
        SupportKind(_text(record, "kind")),
        Decimal(_text(record, "amount")),
        _day(record, "granted"),
        _text(record, "body"),
        InstitutionKind(_text(record, "body_kind")),
        _text(record, "division"),
        _day_or_none(record, "stop_by"),
        _day_or_none(record, "recover_by"),
        _text(record, "document"),
    )


def recovery(record: Record) -> Recovery:
    """Return a step of a recovery."""
    return Recovery(
        _text(record, "support"),
        RecoveryStep(_text(record, "step")),
        _day(record, "on"),
        Decimal(record.get("amount") or "0.00"),
    )


def flow(record: Record) -> Flow:
    """Return a flow of money; `source` is the row's, put into the record by the store."""
    amount, kind = record.get("amount"), _text(record, "institution_kind")
    return Flow(
        NodeKind(_text(record, "from_kind")),
        _text(record, "from_id"),
        NodeKind(_text(record, "to_kind")),
        _text(record, "to_id"),
        _text(record, "institution"),
        InstitutionKind(kind) if kind else None,
        _text(record, "holder"),
        _text(record, "coin"),
        None if amount is None else Decimal(amount),
        _day_or_none(record, "first_on"),
        _day_or_none(record, "last_on"),
        _text(record, "authority"),
        _text(record, "document"),
        _text(record, "source"),
        _text(record, "division"),
    )


def penalty(record: Record) -> Penalty:
    """Return a penalty or a credit record."""
    amount = record.get("amount")
    return Penalty(
        _text(record, "id"),
        _text(record, "uscc"),
        _text(record, "kind"),
        _day(record, "on"),
        _text(record, "authority"),
        _text(record, "division"),
        _text(record, "document"),
        None if amount is None else Decimal(amount),
        _day_or_none(record, "until"),
    )


def record_event(record: Record) -> RecordEvent:
    """Return an event of a penalty or a credit record."""
    return RecordEvent(
        _text(record, "record"),
        RecordStep(_text(record, "step")),
        _day(record, "on"),
        _text(record, "authority"),
        _text(record, "document"),
    )


def points(record: Record) -> Points:
    """Return points of the dual control."""
    return Points(
        _text(record, "id"),
        _text(record, "division"),
        _text(record, "period"),
        Decimal(_text(record, "points")),
        _text(record, "reason"),
        _text(record, "uscc"),
        _text(record, "project"),
        _text(record, "document"),
    )


def _text(record: Record, name: str) -> str:
    return record.get(name) or ""


def _many(record: Record, name: str) -> tuple[str, ...]:
    return tuple(part for part in _text(record, name).split(";") if part)


def _day(record: Record, name: str) -> date:
    return date.fromisoformat(_text(record, name))


def _day_or_none(record: Record, name: str) -> date | None:
    found = record.get(name)
    return date.fromisoformat(found) if found else None

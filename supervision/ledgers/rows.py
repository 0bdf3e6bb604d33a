"""How the rows of each ledger are judged: a row's cells become a record, or reasons why not.

A record is a mapping of field to text as it is kept (store/ledgers_tables.py): days as YYYY-MM-DD, amounts as
decimals, lists joined by `;`, None for what the file leaves open.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from registry import divisions, uscc
from registry.cells import Cells
from supervision.ledgers import values
from supervision.ledgers.model import (
    InstitutionKind,
    NodeKind,
    PenaltyKind,
    RecordStep,
    RecoveryStep,
    RelationKind,
    SupportKind,
)

Record = dict[str, str | None]
MOST_ACCOUNTS = 200
"""Electricity accounts in one row: more is a list of something else."""


class Ledger(StrEnum):
    """The ledgers, in the order in which they are imported: what events are about comes first."""

    MARKET = "market"
    MINING_LIST = "mining-list"
    RELATIONS = "relations"
    SUPPORT = "support"
    RECOVERIES = "recoveries"
    MONEY_FLOWS = "money-flows"
    PENALTIES = "penalties"
    CREDIT = "credit"
    RECORD_EVENTS = "record-events"
    DUAL_CONTROL = "dual-control"


@dataclass(slots=True)
class Known:
    """What a row may refer to, by id: credit code, division and ledger of each."""

    support: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    records: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    """Penalties and credit records: events are joined by the id alone, so one id is one of the two."""


def _word(cells: Cells, column: str, words: type[StrEnum], default: str | None = None) -> str:
    cell = cells.or_empty(column) or default or cells.text(column)
    if cell and cell not in {word.value for word in words}:
        cells.refuse(column, f"{cell!r} is none of {', '.join(word.value for word in words)}")
    return cell


def _day(cells: Cells, column: str, *, required: bool = False) -> str | None:
    if required:
        cells.text(column)
    found = cells.parsed(column, values.parse_day)
    return None if found is None else found.isoformat()


def _number(cells: Cells, column: str, parse: Callable[[str], Any], *, required: bool = False) -> str | None:
    if required:
        cells.text(column)
    found = cells.parsed(column, parse)
    return None if found is None else str(found)


def _code(cells: Cells, column: str = "uscc", *, required: bool = True) -> str:
    """Return a credit code; small letters and blanks are not forgiven."""
    if required or cells.or_empty(column):
        return cells.checked(column, uscc.fault)
    return ""


def _division(cells: Cells, code: str, *, required: bool = False) -> str:
    """Return the division whose the row is to see: its own, else that of the enterprise's registrar."""
    if required or cells.or_empty("division"):
        return cells.checked("division", divisions.fault)
    return code[2:8] if len(code) == uscc.LENGTH else ""


def _not_before(cells: Cells, record: Mapping[str, str | None], earlier: str, later: str) -> None:
    first, last = record.get(earlier), record.get(later)
    if first and last and last < first:
        cells.refuse(later, f"{last} is before {earlier}, {first}")


def _accounts(cells: Cells) -> str:
    found = [one for part in cells.or_empty("accounts").split(";") if (one := part.strip())]
    if len(found) > MOST_ACCOUNTS:
        cells.refuse("accounts", f"more than {MOST_ACCOUNTS} accounts in one row")
    return ";".join(dict.fromkeys(found))


def market(cells: Cells, known: Known) -> Record:
    """Judge a participant."""
    code = _code(cells)
    record: Record = {
        "participant": cells.identifier("participant"),
        "exchange": cells.identifier("exchange"),
        "uscc": code,
        "name": cells.text("name"),
        "kind": cells.or_empty("kind"),
        "accounts": _accounts(cells),
        "retailer": _code(cells, "retailer", required=False),
        "legal_person": cells.or_empty("legal_person"),
        "legal_person_id": cells.or_empty("legal_person_id"),
        "address": cells.or_empty("address"),
        "phone": cells.or_empty("phone"),
        "agent": cells.or_empty("agent"),
        "industry": cells.or_empty("industry"),
        "entered": _day(cells, "entered", required=True),
        "left": _day(cells, "left"),
        "leave_by": _day(cells, "leave_by"),
        "division": _division(cells, code),
    }
    _not_before(cells, record, "entered", "left")
    return record


def mining_list(cells: Cells, known: Known) -> Record:
    """Judge an entry of the mining list."""
    code = _code(cells)
    record: Record = {
        "uscc": code,
        "name": cells.or_empty("name"),
        "accounts": _accounts(cells),
        "listed": _day(cells, "listed", required=True),
        "delisted": _day(cells, "delisted"),
        "leave_by": _day(cells, "leave_by"),
        "authority": cells.or_empty("authority"),
        "document": cells.or_empty("document"),
        "division": _division(cells, "", required=True),
    }
    _not_before(cells, record, "listed", "delisted")
    return record


def relation(cells: Cells, known: Known) -> Record:
    """Judge a relation."""
    code = _code(cells)
    kind = _word(cells, "kind", RelationKind)
    value = cells.text("value")
    if kind == RelationKind.PARTNER and value and (why := uscc.fault(value)) is not None:
        cells.refuse("value", why)
    if kind == RelationKind.CLUSTER:
        cells.refuse("kind", "clusters come from traffic, never from a file")
    if cells.or_empty("share") and kind != RelationKind.SHAREHOLDER:
        cells.refuse("share", "only a shareholder has one")
    record: Record = {
        "uscc": code,
        "kind": kind,
        "value": value,
        "reference": cells.identifier("reference", required=False),
        "share": _number(cells, "share", values.parse_percent),
        "valid_from": _day(cells, "valid_from"),
        "valid_to": _day(cells, "valid_to"),
        "division": _division(cells, code),
    }
    _not_before(cells, record, "valid_from", "valid_to")
    return record


def support(cells: Cells, known: Known) -> Record:
    """Judge support."""
    code = _code(cells)
    record: Record = {
        "id": cells.identifier("id"),
        "uscc": code,
        "kind": _word(cells, "kind", SupportKind),
        "amount": _number(cells, "amount", values.parse_amount, required=True),
        "granted": _day(cells, "granted", required=True),
        "body": cells.text("body"),
        "body_kind": _word(cells, "body_kind", InstitutionKind, InstitutionKind.OTHER),
        "stop_by": _day(cells, "stop_by"),
        "recover_by": _day(cells, "recover_by"),
        "document": cells.or_empty("document"),
        "note": cells.or_empty("note"),
        "division": _division(cells, code),
    }
    _not_before(cells, record, "granted", "recover_by")
    _not_before(cells, record, "granted", "stop_by")
    return record


def recovery(cells: Cells, known: Known) -> Record:
    """Judge a step of a recovery."""
    subject, step = cells.identifier("support"), _word(cells, "step", RecoveryStep)
    held = known.support.get(subject)
    if subject and held is None:
        cells.refuse("support", f"no support {subject!r} is known; import it first")
    stopped = step == RecoveryStep.STOPPED
    if stopped and cells.or_empty("amount"):
        cells.refuse("amount", "what stops has no amount")
    return {
        "support": subject,
        "uscc": held[0] if held else "",
        "step": step,
        "on": _day(cells, "on", required=True),
        "amount": _number(cells, "amount", values.parse_amount, required=not stopped),
        "event": cells.identifier("event", required=False),
        "document": cells.or_empty("document"),
        "division": held[1] if held else "",
    }


def flow(cells: Cells, known: Known) -> Record:
    """Judge a flow of money."""
    ends: Record = {}
    for side in ("from", "to"):
        kind = ends[f"{side}_kind"] = _word(cells, f"{side}_kind", NodeKind)
        name = ends[f"{side}_id"] = cells.identifier(f"{side}_id")
        if kind == NodeKind.ENTERPRISE and name and (why := uscc.fault(name)) is not None:
            cells.refuse(f"{side}_id", why)
    if (ends["from_kind"], ends["from_id"]) == (ends["to_kind"], ends["to_id"]):
        cells.refuse("to_id", "it flows from where it goes to")
    holder = _code(cells, "holder", required=False)
    kind = cells.or_empty("institution_kind")
    record: Record = {
        **ends,
        "institution": cells.or_empty("institution"),
        "institution_kind": _word(cells, "institution_kind", InstitutionKind) if kind else "",
        "holder": holder,
        "uscc": holder or (ends["to_id"] if ends["to_kind"] == NodeKind.ENTERPRISE else ""),
        "coin": cells.identifier("coin", required=False),
        "amount": _number(cells, "amount", values.parse_quantity),
        "first_on": _day(cells, "first_on"),
        "last_on": _day(cells, "last_on"),
        "authority": cells.text("authority"),
        "document": cells.text("document"),
        "division": _division(cells, holder, required=True),
    }
    _not_before(cells, record, "first_on", "last_on")
    return record


def _record_id(cells: Cells, known: Known, ledger: Ledger) -> str:
    name = cells.identifier("id")
    if (held := known.records.get(name)) is not None and held[2] != ledger.value:
        cells.refuse("id", f"{name!r} is in the ledger {held[2]} already")
    return name


def penalty(cells: Cells, known: Known) -> Record:
    """Judge a penalty."""
    code = _code(cells)
    return {
        "id": _record_id(cells, known, Ledger.PENALTIES),
        "uscc": code,
        "kind": _word(cells, "kind", PenaltyKind),
        "on": _day(cells, "on", required=True),
        "amount": _number(cells, "amount", values.parse_amount),
        "authority": cells.text("authority"),
        "document": cells.or_empty("document"),
        "until": _day(cells, "until"),
        "note": cells.or_empty("note"),
        "division": _division(cells, code),
    }


def credit(cells: Cells, known: Known) -> Record:
    """Judge a credit record."""
    code = _code(cells)
    return {
        "id": _record_id(cells, known, Ledger.CREDIT),
        "uscc": code,
        "kind": cells.text("kind"),
        "on": _day(cells, "on", required=True),
        "authority": cells.text("authority"),
        "document": cells.or_empty("document"),
        "until": _day(cells, "until"),
        "note": cells.or_empty("note"),
        "division": _division(cells, code),
    }


def record_event(cells: Cells, known: Known) -> Record:
    """Judge an event of a record."""
    subject = cells.identifier("record")
    held = known.records.get(subject)
    if subject and held is None:
        cells.refuse("record", f"no penalty or credit record {subject!r} is known; import it first")
    return {
        "record": subject,
        "uscc": held[0] if held else "",
        "step": _word(cells, "step", RecordStep),
        "on": _day(cells, "on", required=True),
        "authority": cells.or_empty("authority"),
        "document": cells.or_empty("document"),
        "note": cells.or_empty("note"),
        "division": held[1] if held else "",
    }


def points(cells: Cells, known: Known) -> Record:
    """Judge assessment points."""
    cells.text("period")
    return {
        "id": cells.identifier("id"),
        "period": cells.parsed("period", values.parse_period),
        "points": _number(cells, "points", values.parse_points, required=True),
        "reason": cells.text("reason"),
        "uscc": _code(cells, required=False),
        "project": cells.identifier("project", required=False),
        "authority": cells.or_empty("authority"),
        "document": cells.or_empty("document"),
        "division": _division(cells, "", required=True),
    }

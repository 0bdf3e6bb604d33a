"""The ledgers as files have them: columns, keys, and how a row is judged (supervision/ledgers/rows.py)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from registry.cells import Cells
from supervision.ledgers import rows
from supervision.ledgers.rows import Known as Known
from supervision.ledgers.rows import Ledger as Ledger
from supervision.ledgers.rows import Record as Record


@dataclass(frozen=True, slots=True)
class LedgerSpec:
    """One ledger."""

    ledger: Ledger
    required: tuple[str, ...]
    """Columns that a file must have."""
    optional: tuple[str, ...]
    key: tuple[str, ...]
    """Fields that make a row one of a kind: an import changes the row of the same key."""
    parse: Callable[[Cells, Known], Record]
    """Makes a record of a row; what is wrong with it goes into the cells' `errors`."""
    subject: str = ""
    """The field that events are joined by; empty where there is none."""
    by_source: bool = False
    """Two sources may say the same fact, each for itself; else a key is one whoever says it."""


SPECS: Mapping[Ledger, LedgerSpec] = {
    spec.ledger: spec
    for spec in (
        LedgerSpec(
            Ledger.MARKET,
            ("participant", "exchange", "uscc", "name", "entered"),
            (
                *("kind", "division", "accounts", "retailer", "legal_person", "legal_person_id", "address"),
                *("phone", "agent", "industry", "left", "leave_by", "source"),
            ),
            ("exchange", "participant"),
            rows.market,
        ),
        LedgerSpec(
            Ledger.MINING_LIST,
            ("uscc", "listed", "division"),
            ("name", "accounts", "delisted", "leave_by", "authority", "document", "source"),
            ("uscc", "listed"),
            rows.mining_list,
        ),
        LedgerSpec(
            Ledger.RELATIONS,
            ("uscc", "kind", "value"),
            ("reference", "share", "division", "valid_from", "valid_to", "source"),
            ("uscc", "kind", "value", "reference", "valid_from"),
            rows.relation,
            by_source=True,
        ),
        LedgerSpec(
            Ledger.SUPPORT,
            ("id", "uscc", "kind", "amount", "granted", "body"),
            ("body_kind", "stop_by", "recover_by", "division", "document", "note", "source"),
            ("id",),
            rows.support,
            "id",
        ),
        LedgerSpec(
            Ledger.RECOVERIES,
            ("support", "step", "on"),
            ("amount", "event", "document", "source"),
            ("support", "step", "on", "event"),
            rows.recovery,
            "support",
        ),
        LedgerSpec(
            Ledger.MONEY_FLOWS,
            ("from_kind", "from_id", "to_kind", "to_id", "authority", "document", "division"),
            (
                *("institution", "institution_kind", "holder", "coin", "amount", "first_on", "last_on"),
                "source",
            ),
            ("from_kind", "from_id", "to_kind", "to_id", "document", "coin"),
            rows.flow,
            by_source=True,
        ),
        LedgerSpec(
            Ledger.PENALTIES,
            ("id", "uscc", "kind", "on", "authority"),
            ("amount", "document", "until", "note", "division", "source"),
            ("id",),
            rows.penalty,
            "id",
        ),
        LedgerSpec(
            Ledger.CREDIT,
            ("id", "uscc", "kind", "on", "authority"),
            ("document", "until", "note", "division", "source"),
            ("id",),
            rows.credit,
            "id",
        ),
        LedgerSpec(
            Ledger.RECORD_EVENTS,
            ("record", "step", "on"),
            ("authority", "document", "note", "source"),
            ("record", "step", "on"),
            rows.record_event,
            "record",
        ),
        LedgerSpec(
            Ledger.DUAL_CONTROL,
            ("id", "division", "period", "points", "reason"),
            ("uscc", "project", "authority", "document", "source"),
            ("id",),
            rows.points,
        ),
    )
}


def key_of(spec: LedgerSpec, record: Record) -> str:
    """Return the key of a record as people read it: its fields joined."""
    return " | ".join(record[name] or "" for name in spec.key)

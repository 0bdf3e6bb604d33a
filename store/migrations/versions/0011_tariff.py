"""The differential price: rules, facts, charges, payments; rows are only added, each region sees its own."""

from typing import Any

import sqlalchemy as sa
from alembic import op

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_REGION = "coalesce(current_setting('minescope.region', true), '')"
_RULE = f"{_REGION} IN ('', '*') OR division LIKE ANY (minescope_region())"
_OF_A_REGION = (
    *("tariff_mining", "tariff_notices", "tariff_readings", "tariff_entries", "tariff_payments"),
    "tariff_backpay",
)
_TABLES = ("tariff_rulebooks", "tariff_runs", *_OF_A_REGION)
_REFUSED = "rows of this table are added and never changed"


def upgrade() -> None:
    _facts()
    _money()
    if op.get_bind().dialect.name == "postgresql":
        for table in _TABLES:
            op.execute(
                f"CREATE TRIGGER {table}_added_only BEFORE UPDATE OR DELETE ON {table}"
                " FOR EACH ROW EXECUTE FUNCTION minescope_added_only()"
            )
        for table in _OF_A_REGION:
            op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
            op.execute(f"CREATE POLICY region ON {table} USING ({_RULE})")
        return
    for table in _TABLES:
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"
            )


def downgrade() -> None:
    """Go back; charges and payments go with their tables, so back the database up before."""
    for table in reversed(_TABLES):
        op.drop_table(table)


def _facts() -> None:
    _table("tariff_rulebooks", _text("text"), _text("enacted"), *_known(), _text("why"))
    _table(
        "tariff_mining",
        sa.Column("period", sa.String(32), nullable=False),
        *_account(),
        sa.Column("state", sa.String(32), nullable=False),
        _day("first_day", nullable=True),
        _day("last_day", nullable=True),
        _day("found_day", nullable=True),
        sa.Column("share", sa.String(32), nullable=False),
        _text("because"),
        _text("evidence"),
        *_known(),
    )
    op.create_index("ix_tariff_mining_account", "tariff_mining", ["account"])
    op.create_index("ix_tariff_mining_period", "tariff_mining", ["period"])
    _table("tariff_notices", *_account(), _day("told_day", nullable=True), _text("document"), *_known())
    op.create_index("ix_tariff_notices_account", "tariff_notices", ["account"])
    _table(
        "tariff_readings",
        *_account(),
        *_period(),
        sa.Column("kwh", sa.String(40), nullable=True),
        sa.Column("way", sa.String(32), nullable=False),
        _text("source"),
        *_known(),
    )
    op.create_index("ix_tariff_readings_account_first_day", "tariff_readings", ["account", "first_day"])


def _money() -> None:
    _table(
        "tariff_runs",
        _day("as_of"),
        _day("made_day"),
        sa.Column("rulebook_id", ROW_ID, nullable=True),
        *_known(),
        _text("why"),
    )
    op.create_table(
        "tariff_entries",
        sa.Column("number", ROW_ID, nullable=False, autoincrement=False),
        sa.Column("run_id", ROW_ID, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        *_account(),
        sa.Column("uscc", sa.String(18), nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        *_period(),
        _text("line"),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("basis", sa.String(32), nullable=False),
        _day("made_day"),
        sa.Column("reverses", ROW_ID, nullable=True),
        _text("why"),
        sa.PrimaryKeyConstraint("number", name="pk_tariff_entries"),
        sa.UniqueConstraint("reverses", name="uq_tariff_entries_reverses"),
    )
    for column in ("account", "division"):
        op.create_index(f"ix_tariff_entries_{column}", "tariff_entries", [column])
    _table(
        "tariff_payments",
        *_account(),
        _day("on_day"),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        _text("reference"),
        _text("source"),
        *_known(),
        sa.UniqueConstraint("account", "reference", name="uq_tariff_payments_key"),
    )
    op.create_index("ix_tariff_payments_division", "tariff_payments", ["division"])
    _table(
        "tariff_backpay",
        *_account(),
        *_period(),
        sa.Column("kwh", sa.String(40), nullable=False),
        sa.Column("difference", sa.String(40), nullable=False),
        _text("rule"),
        sa.Column("back_fen", sa.BigInteger(), nullable=False),
        sa.Column("penalty_fen", sa.BigInteger(), nullable=False),
        _day("made_day"),
        _text("why"),
        *_known(),
    )
    op.create_index("ix_tariff_backpay_account", "tariff_backpay", ["account"])


def _table(name: str, *parts: sa.Column[Any] | sa.Constraint) -> None:
    op.create_table(
        name,
        sa.Column("id", ROW_ID, nullable=False),
        *parts,
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sqlite_autoincrement=True,
    )


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _day(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(10), nullable=nullable)


def _account() -> tuple[sa.Column[str], sa.Column[str]]:
    return _text("account"), sa.Column("division", sa.String(6), nullable=False)


def _period() -> tuple[sa.Column[str], sa.Column[str]]:
    return _day("first_day"), _day("after_day")


def _known() -> tuple[sa.Column[int], sa.Column[str]]:
    return sa.Column("known_ns", sa.BigInteger(), nullable=False), _text("author")

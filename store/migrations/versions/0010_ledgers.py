"""Imported ledgers and screenings of the power market; on PostgreSQL a region sees its own."""

import sqlalchemy as sa
from alembic import op

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_REGION = "coalesce(current_setting('minescope.region', true), '')"
_RULE = f"{_REGION} IN ('', '*') OR division LIKE ANY (minescope_region())"
_LOCKED = ("ledger_rows", "screening_findings")
_BELIEVED = sa.text("known_to_ns IS NULL")


def upgrade() -> None:
    op.create_table(
        "ledger_imports",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("ledger", sa.String(32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("known_ns", sa.BigInteger(), nullable=False),
        *(_count(name) for name in ("rows", "refused", "added", "changed", "ended")),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_imports"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "ledger_rows",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("ledger", sa.String(32), nullable=False),
        sa.Column("key_digest", sa.LargeBinary(16), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("uscc", sa.String(18), nullable=False),
        sa.Column("division", sa.String(6), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("known_from_ns", sa.BigInteger(), nullable=False),
        sa.Column("known_to_ns", sa.BigInteger(), nullable=True),
        sa.Column("import_id", ROW_ID, nullable=False),
        sa.Column("ended_by", ROW_ID, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_rows"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_ledger_rows_believed",
        "ledger_rows",
        ["ledger", "key_digest"],
        unique=True,
        sqlite_where=_BELIEVED,
        postgresql_where=_BELIEVED,
    )
    op.create_index("ix_ledger_rows_ledger_key_digest", "ledger_rows", ["ledger", "key_digest"])
    op.create_index("ix_ledger_rows_uscc", "ledger_rows", ["uscc"])
    op.create_index("ix_ledger_rows_subject", "ledger_rows", ["ledger", "subject"])
    op.create_index("ix_ledger_rows_division", "ledger_rows", ["division"])
    op.create_table(
        "screenings",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("as_of", sa.String(10), nullable=False),
        sa.Column("made_ns", sa.BigInteger(), nullable=False),
        sa.Column("rules", sa.String(64), nullable=False),
        *(_count(name) for name in ("participants", "mining", "findings")),
        sa.PrimaryKeyConstraint("id", name="pk_screenings"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "screening_findings",
        sa.Column("screening_id", ROW_ID, nullable=False),
        sa.Column("uscc", sa.String(18), nullable=False),
        sa.Column("division", sa.String(6), nullable=False),
        sa.Column("sort", sa.String(32), nullable=False),
        sa.Column("level", sa.String(32), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["screening_id"],
            ["screenings.id"],
            name="fk_screening_findings_screening_id_screenings",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("screening_id", "uscc", "division", name="pk_screening_findings"),
    )
    op.create_index(
        "ix_screening_findings_screening_id_score", "screening_findings", ["screening_id", "score"]
    )
    op.create_index("ix_screening_findings_uscc", "screening_findings", ["uscc"])
    if op.get_bind().dialect.name == "postgresql":
        for table in _LOCKED:
            op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
            op.execute(f"CREATE POLICY region ON {table} USING ({_RULE})")


def downgrade() -> None:
    """Go back; ledgers come again with their files."""
    if op.get_bind().dialect.name == "postgresql":
        for table in _LOCKED:
            op.execute(f"DROP POLICY region ON {table}")
    for table in ("screening_findings", "screenings", "ledger_rows", "ledger_imports"):
        op.drop_table(table)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, ROW_ID, nullable=False)

"""Encrypted mining: clocks, sealed dependencies, days of the flow lake that were scanned."""

import sqlalchemy as sa
from alembic import op

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_REGION = "coalesce(current_setting('minescope.region', true), '')"


def upgrade() -> None:
    op.create_table(
        "clocks",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("coin", sa.Text(), nullable=False),
        sa.Column("told", sa.String(32), nullable=False),
        sa.Column("first_ns", sa.BigInteger(), nullable=False),
        sa.Column("last_ns", sa.BigInteger(), nullable=False),
        sa.Column("instants", ROW_ID, nullable=False),
        sa.Column("at_ns", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_clocks"),
        sa.UniqueConstraint("name", "coin", "told", name="uq_clocks_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "rhythms",
        sa.Column("client", sa.LargeBinary(16), nullable=False),
        sa.Column("server", sa.LargeBinary(16), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False, autoincrement=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("first_ns", "last_ns", "begun_ns")),
        sa.Column("windows", ROW_ID, nullable=False),
        sa.Column("clock", sa.Double(), nullable=False),
        sa.Column("shape", sa.Double(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("client", "server", "port", name="pk_rhythms"),
    )
    op.create_index("ix_rhythms_last_ns", "rhythms", ["last_ns"])
    op.create_table(
        "rescans",
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("probe", sa.Text(), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("day", "probe", name="pk_rescans"),
    )
    if op.get_bind().dialect.name == "postgresql":  # as the verdicts of store/migrations/regions.py are
        rule = f"{_REGION} IN ('', '*') OR minescope_in_region(client, first_ns, last_ns)"
        op.execute("ALTER TABLE rhythms ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE rhythms FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY region ON rhythms USING ({rule})")


def downgrade() -> None:
    """Go back; clocks and rhythms come again with the next runs, or from what was exported."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP POLICY region ON rhythms")
    for table in ("rescans", "rhythms", "clocks"):
        op.drop_table(table)

"""Electricity accounts in the registry; on PostgreSQL a region sees its own."""

import sqlalchemy as sa
from alembic import op

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_OPEN = "coalesce(current_setting('minescope.region', true), '') IN ('', '*')"
_HERE = "division LIKE ANY (minescope_region())"


def upgrade() -> None:
    op.create_table(
        "power_accounts",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("uscc", sa.String(18), nullable=False),
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("division", sa.String(6), nullable=False),
        sa.Column("customer_class", sa.String(1), nullable=False),
        sa.Column("contracted_kva", sa.Double(), nullable=True),
        sa.Column("multiplier", sa.Double(), nullable=False),
        sa.Column("meters", sa.Text(), nullable=False),
        sa.Column("valid_from_ns", sa.BigInteger(), nullable=False),
        sa.Column("valid_to_ns", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("known_from_ns", sa.BigInteger(), nullable=False),
        sa.Column("import_id", ROW_ID, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_power_accounts"),
        sa.UniqueConstraint("number", "valid_from_ns", "source", name="uq_power_accounts_key"),
        sqlite_autoincrement=True,
    )
    for column in ("uscc", "site_id", "division"):
        op.create_index(f"ix_power_accounts_{column}", "power_accounts", [column])
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE power_accounts ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE power_accounts FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY region ON power_accounts USING ({_OPEN} OR {_HERE})")


def downgrade() -> None:
    """Go back; accounts come again with the next import of their file."""
    op.drop_table("power_accounts")

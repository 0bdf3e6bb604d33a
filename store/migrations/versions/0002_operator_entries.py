"""The operator's allow and deny lists."""

import sqlalchemy as sa
from alembic import op

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "operator_entries",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("list", sa.String(32), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("first_address", sa.LargeBinary(16), nullable=True),
        sa.Column("last_address", sa.LargeBinary(16), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("added_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_operator_entries"),
        sa.UniqueConstraint("subject", name="uq_operator_entries_subject"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_operator_entries_first_address_last_address",
        "operator_entries",
        ["first_address", "last_address"],
    )


def downgrade() -> None:
    op.drop_table("operator_entries")

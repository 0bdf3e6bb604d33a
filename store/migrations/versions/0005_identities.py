"""Identities of an OpenID provider, log-ins under way, and versions of what a running server remembers."""

import sqlalchemy as sa
from alembic import op

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "identities",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("user_id", ROW_ID, nullable=False),
        sa.Column("managed", sa.Boolean(), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("seen_ns", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_identities_user_id_users"),
        sa.PrimaryKeyConstraint("id", name="pk_identities"),
        sa.UniqueConstraint("issuer", "subject", name="uq_identities_issuer_subject"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_identities_user_id", "identities", ["user_id"])
    op.create_table(
        "log_ins",
        sa.Column("state", sa.LargeBinary(32), nullable=False),
        sa.Column("browser", sa.LargeBinary(32), nullable=False),
        sa.Column("leads_to", sa.Text(), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("state", name="pk_log_ins"),
    )
    op.create_index("ix_log_ins_created_ns", "log_ins", ["created_ns"])
    op.create_table(
        "versions",
        sa.Column("topic", sa.String(32), nullable=False),
        sa.Column("version", ROW_ID, nullable=False),
        sa.PrimaryKeyConstraint("topic", name="pk_versions"),
    )


def downgrade() -> None:
    """Go back; accounts that an OpenID provider made stay, without a way to log in."""
    for table in ("versions", "log_ins", "identities"):
        op.drop_table(table)

"""The first tables: runs, verdicts with their evidence, the registry."""

import sqlalchemy as sa
from alembic import op

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CURRENT = sa.text("superseded_by IS NULL")

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "enterprises",
        sa.Column("uscc", sa.String(18), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("uscc", name="pk_enterprises"),
    )
    op.create_table(
        "runs",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("started_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        sa.UniqueConstraint("name", "started_ns", name="uq_runs_name_started_ns"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "sites",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("division", sa.String(6), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("datum", sa.String(32), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sites"),
    )
    op.create_table(
        "assignments",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("first_address", sa.LargeBinary(16), nullable=False),
        sa.Column("last_address", sa.LargeBinary(16), nullable=False),
        sa.Column("prefix_length", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("uscc", sa.String(18), nullable=False),
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("valid_from_ns", sa.BigInteger(), nullable=False),
        sa.Column("valid_to_ns", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_assignments_site_id_sites"),
        sa.ForeignKeyConstraint(["uscc"], ["enterprises.uscc"], name="fk_assignments_uscc_enterprises"),
        sa.PrimaryKeyConstraint("id", name="pk_assignments"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_assignments_first_address_last_address", "assignments", ["first_address", "last_address"]
    )
    op.create_index("ix_assignments_site_id", "assignments", ["site_id"])
    op.create_index("ix_assignments_uscc", "assignments", ["uscc"])

    op.create_table(
        "verdicts",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("run_id", ROW_ID, nullable=False),
        sa.Column("superseded_by", ROW_ID, nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_key", sa.LargeBinary(16), nullable=False),
        sa.Column("address", sa.LargeBinary(16), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("protocols", sa.Text(), nullable=False),
        sa.Column("coins", sa.Text(), nullable=False),
        sa.Column("algorithms", sa.Text(), nullable=False),
        sa.Column("encrypted", sa.Boolean(), nullable=False),
        sa.Column("first_seen_ns", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_ns", sa.BigInteger(), nullable=False),
        sa.Column("agents", sa.Text(), nullable=False),
        sa.Column("wallets", sa.Text(), nullable=False),
        sa.Column("workers", ROW_ID, nullable=True),
        sa.Column("pools", sa.Text(), nullable=False),
        sa.Column("hashrate", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["runs.id"],
            name="fk_verdicts_run_id_runs",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["superseded_by"], ["runs.id"], name="fk_verdicts_superseded_by_runs"),
        sa.PrimaryKeyConstraint("id", name="pk_verdicts"),
        sa.UniqueConstraint(
            "run_id", "source_key", "address", "role", name="uq_verdicts_run_id_source_key_address_role"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_verdicts_address_current",
        "verdicts",
        ["address"],
        sqlite_where=CURRENT,
        postgresql_where=CURRENT,
    )
    op.create_index(
        "ix_verdicts_last_seen_current",
        "verdicts",
        ["last_seen_ns", "id"],
        sqlite_where=CURRENT,
        postgresql_where=CURRENT,
    )
    op.create_index("ix_verdicts_superseded_by", "verdicts", ["superseded_by"])
    op.create_index(
        "uq_verdicts_current",
        "verdicts",
        ["source_key", "address", "role"],
        unique=True,
        sqlite_where=CURRENT,
        postgresql_where=CURRENT,
    )

    op.create_table(
        "evidence",
        sa.Column("verdict_id", ROW_ID, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("address", sa.LargeBinary(16), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("frame", ROW_ID, nullable=True),
        sa.Column("byte_offset", ROW_ID, nullable=True),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.Column("count", ROW_ID, nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["verdict_id"],
            ["verdicts.id"],
            name="fk_evidence_verdict_id_verdicts",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("verdict_id", "place", name="pk_evidence"),
    )
    op.create_table(
        "verdict_coins",
        sa.Column("verdict_id", ROW_ID, nullable=False),
        sa.Column("coin", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["verdict_id"],
            ["verdicts.id"],
            name="fk_verdict_coins_verdict_id_verdicts",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("verdict_id", "coin", name="pk_verdict_coins"),
    )
    op.create_index("ix_verdict_coins_coin_verdict_id", "verdict_coins", ["coin", "verdict_id"])

    op.create_table(
        "verdict_peers",
        sa.Column("verdict_id", ROW_ID, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("address", sa.LargeBinary(16), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(32), nullable=True),
        sa.Column("protocol", sa.Text(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["verdict_id"],
            ["verdicts.id"],
            name="fk_verdict_peers_verdict_id_verdicts",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("verdict_id", "place", name="pk_verdict_peers"),
    )
    op.create_index("ix_verdict_peers_address", "verdict_peers", ["address"])


def downgrade() -> None:
    op.drop_table("verdict_peers")
    op.drop_table("verdict_coins")
    op.drop_table("evidence")
    op.drop_table("verdicts")
    op.drop_table("assignments")
    op.drop_table("sites")
    op.drop_table("runs")
    op.drop_table("enterprises")

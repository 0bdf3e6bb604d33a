"""Packets are known by their time too; regions of several divisions, and three tables more, on PostgreSQL."""

import sqlalchemy as sa
from alembic import op

from store.columns import AnyText
from store.migrations.regions import lock_rows, unlock_rows
from store.verdict_rows import source_key

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_EVIDENCE = sa.table("evidence", sa.column("source", sa.Text()), sa.column("source_key", sa.LargeBinary()))


def upgrade() -> None:
    op.add_column(
        "evidence", sa.Column("source_key", sa.LargeBinary(16), nullable=False, server_default=sa.text("''"))
    )
    connection = op.get_bind()
    key = _EVIDENCE.c.source_key
    for source in connection.scalars(sa.select(_EVIDENCE.c.source).distinct()).all():
        named = sa.update(_EVIDENCE).where(_EVIDENCE.c.source == source)
        kept = AnyText().process_result_value(source, connection.dialect)  # as it was before it was stored
        connection.execute(named.values({key: source_key(kept or "")}))
    op.create_index("ix_evidence_source_key_frame", "evidence", ["source_key", "frame"])
    _packets_by("source_key", "frame", "at_ns")
    if connection.dialect.name == "postgresql":
        op.alter_column("evidence", "source_key", server_default=None)
        lock_rows()
        return
    with op.batch_alter_table("evidence") as batch:
        batch.alter_column("source_key", server_default=None)


def downgrade() -> None:
    """Go back; of packets that only their time tells apart, the one kept last stays."""
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        unlock_rows()
    later = sa.text(
        "DELETE FROM evidence_packets WHERE EXISTS (SELECT 1 FROM evidence_packets p"
        " WHERE p.source_key = evidence_packets.source_key AND p.frame = evidence_packets.frame"
        " AND (p.kept_ns > evidence_packets.kept_ns"
        " OR (p.kept_ns = evidence_packets.kept_ns AND p.at_ns > evidence_packets.at_ns)))"
    )
    connection.execute(later)
    _packets_by("source_key", "frame")
    op.drop_index("ix_evidence_source_key_frame", "evidence")
    with op.batch_alter_table("evidence") as batch:
        batch.drop_column("source_key")


def _packets_by(*key: str) -> None:
    """Give the table of packets another key."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("pk_evidence_packets", "evidence_packets", type_="primary")
        op.create_primary_key("pk_evidence_packets", "evidence_packets", list(key))
        return
    # SQLite cannot change a key in place.
    op.drop_index("ix_evidence_packets_kept_ns", "evidence_packets")
    op.rename_table("evidence_packets", "evidence_packets_before")
    columns = (
        sa.Column("source_key", sa.LargeBinary(16), nullable=False),
        sa.Column("frame", ROW_ID, nullable=False),
        sa.Column("link_type", sa.Integer(), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.Column("wire_length", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("kept_ns", sa.BigInteger(), nullable=False),
    )
    op.create_table("evidence_packets", *columns, sa.PrimaryKeyConstraint(*key, name="pk_evidence_packets"))
    names = ", ".join(column.name for column in columns)
    op.execute(f"INSERT INTO evidence_packets ({names}) SELECT {names} FROM evidence_packets_before")
    op.drop_table("evidence_packets_before")
    op.create_index("ix_evidence_packets_kept_ns", "evidence_packets", ["kept_ns"])

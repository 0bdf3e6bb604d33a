"""The ownership graph: ties as seen, clusters and members as made of them."""

import sqlalchemy as sa
from alembic import op

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_REGION = "coalesce(current_setting('minescope.region', true), '')"
_LOCKED = ("ownership_ties", "ownership_members")


def upgrade() -> None:
    op.create_table(
        "ownership_ties",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("source_key", sa.LargeBinary(16), nullable=False),
        sa.Column("address", sa.LargeBinary(16), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        *_span(),
        sa.Column("count", ROW_ID, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("frame", ROW_ID, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_ownership_ties"),
        sa.UniqueConstraint("source_key", "address", "party", "kind", "name", name="uq_ownership_ties_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_ownership_ties_kind_name", "ownership_ties", ["kind", "name", "address"])
    op.create_index("ix_ownership_ties_address", "ownership_ties", ["address"])
    op.create_table(
        "ownership_names",
        sa.Column("kind", sa.SmallInteger(), nullable=False, autoincrement=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("spread", ROW_ID, nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", name="pk_ownership_names"),
    )
    op.create_table(
        "ownership_changes",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("address", sa.LargeBinary(16), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ownership_changes"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "ownership_clusters",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("sort", sa.String(32), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("certainty", sa.Double(), nullable=False),
        *_span(),
        sa.Column("addresses", ROW_ID, nullable=False),
        sa.Column("links", sa.Text(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ownership_clusters"),
    )
    op.create_index("ix_ownership_clusters_addresses_id", "ownership_clusters", ["addresses", "id"])
    op.create_table(
        "ownership_members",
        sa.Column("address", sa.LargeBinary(16), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("cluster_id", sa.String(32), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        *_span(),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["cluster_id"],
            ["ownership_clusters.id"],
            name="fk_ownership_members_cluster_id_ownership_clusters",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("address", "party", name="pk_ownership_members"),
    )
    op.create_index("ix_ownership_members_cluster_id", "ownership_members", ["cluster_id"])
    op.create_table(
        "ownership_rules",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_ownership_rules"),
    )
    if op.get_bind().dialect.name == "postgresql":
        for table in _LOCKED:  # as the verdicts of store/migrations/regions.py are
            rule = f"{_REGION} IN ('', '*') OR minescope_in_region(address, first_ns, last_ns)"
            op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
            op.execute(f"CREATE POLICY region ON {table} USING ({rule})")


def downgrade() -> None:
    """Go back; ties come again with the next runs over the same captures."""
    if op.get_bind().dialect.name == "postgresql":
        for table in _LOCKED:
            op.execute(f"DROP POLICY region ON {table}")
    for table in ("members", "clusters", "rules", "changes", "names", "ties"):
        op.drop_table(f"ownership_{table}")


def _span() -> tuple[sa.Column[int], ...]:
    return (
        sa.Column("first_ns", sa.BigInteger(), nullable=False),
        sa.Column("last_ns", sa.BigInteger(), nullable=False),
    )

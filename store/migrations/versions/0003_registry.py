"""The registry grows: lines, pools and leases, CGNAT blocks, hosting, divisions, imports and history."""

import sqlalchemy as sa
from alembic import op

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "registry_imports",
        _id(),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("known_ns", sa.BigInteger(), nullable=False),
        *(
            sa.Column(name, ROW_ID, nullable=False)
            for name in ("rows", "refused", "added", "changed", "ended")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_registry_imports"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "registry_history",
        _id(),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("valid_from_ns", sa.BigInteger(), nullable=True),
        sa.Column("valid_to_ns", sa.BigInteger(), nullable=True),
        sa.Column("known_from_ns", sa.BigInteger(), nullable=False),
        sa.Column("known_to_ns", sa.BigInteger(), nullable=False),
        sa.Column("import_id", ROW_ID, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_registry_history"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_registry_history_kind_key", "registry_history", ["kind", "key"])
    op.create_index("ix_registry_history_known_to_ns", "registry_history", ["known_to_ns"])

    # First the table that refers, so that no reference stands in the way on SQLite.
    with op.batch_alter_table("assignments", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.drop_constraint("fk_assignments_site_id_sites", type_="foreignkey")
        table.drop_constraint("fk_assignments_uscc_enterprises", type_="foreignkey")
        table.drop_index("ix_assignments_first_address_last_address")
        table.alter_column("uscc", existing_type=sa.String(18), nullable=True)
        table.alter_column("site_id", existing_type=sa.Text(), nullable=True)
        table.add_column(sa.Column("realm", sa.Text(), nullable=False, server_default=""))
        table.add_column(sa.Column("use", sa.String(32), nullable=False, server_default="line"))
        table.add_column(sa.Column("known_from_ns", sa.BigInteger(), nullable=False, server_default="0"))
        table.add_column(sa.Column("import_id", ROW_ID, nullable=True))
    # Of rows that say the same period of the same prefix, which nothing forbade before, the first stays.
    op.execute(
        "DELETE FROM assignments WHERE id NOT IN (SELECT MIN(id) FROM assignments"
        " GROUP BY first_address, prefix_length, valid_from_ns, source, realm)"
    )
    with op.batch_alter_table("assignments", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.create_unique_constraint(
            "uq_assignments_key",
            ["first_address", "prefix_length", "valid_from_ns", "source", "realm"],
        )
    op.create_index("ix_assignments_line", "assignments", ["line"])
    with op.batch_alter_table("enterprises") as table:
        for name in ("legal_form", "industry", "status"):
            table.add_column(sa.Column(name, sa.Text(), nullable=False, server_default=""))
        _add_known(table)
    with op.batch_alter_table("sites") as table:
        table.add_column(sa.Column("landlord", sa.Text(), nullable=False, server_default=""))
        table.add_column(sa.Column("meters", sa.Text(), nullable=False, server_default="[]"))
        _add_known(table)
    op.create_index("ix_sites_division", "sites", ["division"])

    op.create_table(
        "divisions",
        _id(),
        sa.Column("code", sa.String(6), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("successor", sa.Text(), nullable=False),
        *_believed(),
        sa.PrimaryKeyConstraint("id", name="pk_divisions"),
        sa.UniqueConstraint("code", "valid_from_ns", name="uq_divisions_key"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "lines",
        _id(),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("access_type", sa.Text(), nullable=False),
        sa.Column("uscc", sa.String(18), nullable=False),
        sa.Column("site_id", sa.Text(), nullable=False),
        *_believed(),
        sa.PrimaryKeyConstraint("id", name="pk_lines"),
        sa.UniqueConstraint("line", "valid_from_ns", "source", name="uq_lines_key"),
        sqlite_autoincrement=True,
    )
    for column in ("account", "uscc", "site_id"):
        op.create_index(f"ix_lines_{column}", "lines", [column])
    op.create_table(
        "nat_blocks",
        _id(),
        sa.Column("public_address", sa.LargeBinary(16), nullable=False),
        sa.Column("first_port", sa.Integer(), nullable=False),
        sa.Column("last_port", sa.Integer(), nullable=False),
        sa.Column("realm", sa.Text(), nullable=False),
        sa.Column("private_address", sa.LargeBinary(16), nullable=True),
        sa.Column("line", sa.Text(), nullable=False),
        *_believed(),
        sa.PrimaryKeyConstraint("id", name="pk_nat_blocks"),
        sa.UniqueConstraint(
            "public_address",
            "first_port",
            "last_port",
            "valid_from_ns",
            "source",
            name="uq_nat_blocks_key",
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_nat_blocks_valid_to_ns", "nat_blocks", ["valid_to_ns"])
    op.create_table(
        "hosting",
        _id(),
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("operator", sa.String(18), nullable=False),
        sa.Column("tenant", sa.String(18), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        *_believed(),
        sa.PrimaryKeyConstraint("id", name="pk_hosting"),
        sa.UniqueConstraint(
            "site_id",
            "operator",
            "tenant",
            "valid_from_ns",
            "source",
            name="uq_hosting_key",
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_hosting_tenant", "hosting", ["tenant"])


def downgrade() -> None:
    """Go back to assignments alone: what the older tables have no place for is dropped."""
    op.drop_table("hosting")
    op.drop_table("nat_blocks")
    # A line that has had one holder only tells it; other assignments by line have no place in the old table.
    op.execute(
        "UPDATE assignments SET"
        " uscc = (SELECT MIN(uscc) FROM lines WHERE lines.line = assignments.line),"
        " site_id = (SELECT MIN(site_id) FROM lines WHERE lines.line = assignments.line)"
        " WHERE uscc IS NULL AND (SELECT COUNT(*) FROM lines WHERE lines.line = assignments.line) = 1"
    )
    op.execute(
        "DELETE FROM assignments WHERE realm <> '' OR use NOT IN ('line', 'lease') OR uscc IS NULL"
        " OR site_id IS NULL OR uscc NOT IN (SELECT uscc FROM enterprises)"
        " OR site_id NOT IN (SELECT id FROM sites)"
    )
    op.drop_table("lines")
    op.drop_table("divisions")
    op.drop_index("ix_sites_division", "sites")
    with op.batch_alter_table("sites") as table:
        for name in ("landlord", "meters", "valid_from_ns", "known_from_ns", "import_id"):
            table.drop_column(name)
    with op.batch_alter_table("enterprises") as table:
        for name in ("legal_form", "industry", "status", "valid_from_ns", "known_from_ns", "import_id"):
            table.drop_column(name)
    op.drop_index("ix_assignments_line", "assignments")
    with op.batch_alter_table("assignments", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.drop_constraint("uq_assignments_key", type_="unique")
        for name in ("realm", "use", "known_from_ns", "import_id"):
            table.drop_column(name)
        table.alter_column("uscc", existing_type=sa.String(18), nullable=False)
        table.alter_column("site_id", existing_type=sa.Text(), nullable=False)
        table.create_foreign_key("fk_assignments_site_id_sites", "sites", ["site_id"], ["id"])
        table.create_foreign_key("fk_assignments_uscc_enterprises", "enterprises", ["uscc"], ["uscc"])
    op.create_index(
        "ix_assignments_first_address_last_address", "assignments", ["first_address", "last_address"]
    )
    op.drop_table("registry_history")
    op.drop_table("registry_imports")


def _id() -> sa.Column[int]:
    return sa.Column("id", ROW_ID, nullable=False)


def _believed() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("valid_from_ns", sa.BigInteger(), nullable=False),
        sa.Column("valid_to_ns", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("known_from_ns", sa.BigInteger(), nullable=False),
        sa.Column("import_id", ROW_ID, nullable=True),
    )


def _add_known(table: object) -> None:
    for column in (
        sa.Column("valid_from_ns", sa.BigInteger(), nullable=True),
        sa.Column("known_from_ns", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("import_id", ROW_ID, nullable=True),
    ):
        table.add_column(column)  # type: ignore[attr-defined]

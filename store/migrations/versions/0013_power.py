"""Judged loads: runs and findings, added only; each region sees its own findings."""

import sqlalchemy as sa
from alembic import op

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_REGION = "coalesce(current_setting('minescope.region', true), '')"
_RULE = f"{_REGION} IN ('', '*') OR division LIKE ANY (minescope_region())"
_TABLES = ("power_runs", "power_findings")
_REFUSED = "rows of this table are added and never changed"


def upgrade() -> None:
    op.create_table(
        "power_runs",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("first_day", sa.String(10), nullable=False),
        sa.Column("as_of", sa.String(10), nullable=False),
        sa.Column("model", sa.String(64), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("judged", sa.Integer(), nullable=False),
        sa.Column("known_ns", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_power_runs"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "power_findings",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("run_id", ROW_ID, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("as_of", sa.String(10), nullable=False),
        sa.Column("uscc", sa.String(18), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("division", sa.String(6), nullable=False),
        sa.Column("level", sa.String(32), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("kw", sa.Double(), nullable=True),
        sa.Column("record", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_power_findings"),
        sa.ForeignKeyConstraint(["run_id"], ["power_runs.id"], name="fk_power_findings_run_id_power_runs"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_power_findings_kind_subject", "power_findings", ["kind", "subject", "as_of", "id"])
    op.create_index("ix_power_findings_run_id", "power_findings", ["run_id"])
    if op.get_bind().dialect.name == "postgresql":
        for table in _TABLES:
            op.execute(
                f"CREATE TRIGGER {table}_added_only BEFORE UPDATE OR DELETE ON {table}"
                " FOR EACH ROW EXECUTE FUNCTION minescope_added_only()"
            )
        op.execute("ALTER TABLE power_findings ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE power_findings FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY region ON power_findings USING ({_RULE})")
        return
    for table in _TABLES:
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"
            )


def downgrade() -> None:
    """Go back; what was found goes with its tables, and comes again with the next runs."""
    for table in reversed(_TABLES):
        op.drop_table(table)

"""Projects, exit plans, warnings and cases: rows are only added, and each region sees its own."""

from typing import Any

import sqlalchemy as sa
from alembic import op

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_REGION = "coalesce(current_setting('minescope.region', true), '')"
_RULE = f"{_REGION} IN ('', '*') OR division LIKE ANY (minescope_region())"
_ADDED_ONLY = (
    "projects", "project_particulars", "project_events", "project_measures", "exit_plans", "warnings",
    "warning_events", "cases", "case_entries",
)  # fmt: skip
_REFUSED = "rows of this table are added and never changed"


def upgrade() -> None:
    _projects()
    _warnings()
    _cases()
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION minescope_added_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" RAISE EXCEPTION '{_REFUSED}'; END $$"
        )
        for table in _ADDED_ONLY:
            op.execute(
                f"CREATE TRIGGER {table}_added_only BEFORE UPDATE OR DELETE ON {table}"
                " FOR EACH ROW EXECUTE FUNCTION minescope_added_only()"
            )
        for table in (*_ADDED_ONLY, "warning_deliveries"):
            op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
            op.execute(f"CREATE POLICY region ON {table} USING ({_RULE})")
        return
    for table in _ADDED_ONLY:
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"
            )


def downgrade() -> None:
    """Go back; all of it goes with its tables, so back the database up before."""
    tables = (
        "case_entries", "cases", "warning_hooks", "warning_deliveries", "warning_events", "warnings",
        "exit_plans", "project_measures", "project_events", "project_particulars", "projects",
    )  # fmt: skip
    for table in tables:
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION minescope_added_only()")


def _projects() -> None:
    op.create_table(
        "projects",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("cluster", sa.Text(), nullable=False),
        _division(),
        sa.Column("opened_ns", sa.BigInteger(), nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("department", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_projects"),
    )
    op.create_index("ix_projects_division_id", "projects", ["division", "id"])
    op.create_index("ix_projects_uscc", "projects", ["uscc"])
    _log("project_particulars", "project_id", sa.String(32), "projects", _record())
    _log(
        "project_events",
        "project_id",
        sa.String(32),
        "projects",
        sa.Column("step", sa.String(32), nullable=False),
        sa.Column("on_day", sa.String(10), nullable=False),
        _department(),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("withdraws", ROW_ID, nullable=True),
    )
    _log(
        "project_measures",
        "project_id",
        sa.String(32),
        "projects",
        sa.Column("on_day", sa.String(10), nullable=False),
        _record(),
    )
    _log("exit_plans", "project_id", sa.String(32), "projects", _department(), _record())


def _warnings() -> None:
    op.create_table(
        "warnings",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("rule", sa.String(64), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        _division(),
        sa.Column("project_id", sa.String(32), nullable=True),
        sa.Column("raised_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_warnings"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_warnings_rule_key_id", "warnings", ["rule", "key", "id"])
    op.create_index("ix_warnings_division_id", "warnings", ["division", "id"])
    op.create_index("ix_warnings_project_id", "warnings", ["project_id"])
    _log(
        "warning_events",
        "warning_id",
        ROW_ID,
        "warnings",
        sa.Column("kind", sa.String(32), nullable=False),
        _department(),
        _record(),
        time="at_ns",
    )
    op.create_table(
        "warning_deliveries",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("event_number", ROW_ID, nullable=False),
        _division(),
        sa.Column("hook", sa.String(64), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_ns", sa.BigInteger(), nullable=False),
        sa.Column("done_ns", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_number"],
            ["warning_events.number"],
            name="fk_warning_deliveries_event_number_warning_events",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_warning_deliveries"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_warning_deliveries_event_number", "warning_deliveries", ["event_number"])
    op.create_index("ix_warning_deliveries_state_next_ns", "warning_deliveries", ["state", "next_ns"])
    op.create_table(
        "warning_hooks",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("dropped", ROW_ID, nullable=False),
        sa.Column("last_ok_ns", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_warning_hooks"),
    )


def _cases() -> None:
    op.create_table(
        "cases",
        sa.Column("id", ROW_ID, nullable=False),
        _division(),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("project_id", sa.String(32), nullable=True),
        sa.Column("warning_id", ROW_ID, nullable=True),
        sa.Column("opened_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_cases_division_id", "cases", ["division", "id"])
    op.create_index("ix_cases_project_id", "cases", ["project_id"])
    _log(
        "case_entries",
        "case_id",
        ROW_ID,
        "cases",
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        _department(),
        _record(),
        time="at_ns",
    )


def _log(
    table: str,
    of: str,
    kind: Any,
    parent: str,
    *columns: Any,
    time: str = "known_ns",
) -> None:
    """Create a table of rows about another table's rows, numbered in the order in which they were added."""
    op.create_table(
        table,
        sa.Column("number", ROW_ID, nullable=False),
        sa.Column(of, kind, nullable=False),
        _division(),
        sa.Column(time, sa.BigInteger(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        *columns,
        sa.ForeignKeyConstraint([of], [f"{parent}.id"], name=f"fk_{table}_{of}_{parent}"),
        sa.PrimaryKeyConstraint("number", name=f"pk_{table}"),
        sqlite_autoincrement=True,
    )
    op.create_index(f"ix_{table}_{of}", table, [of])


def _division() -> sa.Column[str]:
    return sa.Column("division", sa.String(6), nullable=False)


def _department() -> sa.Column[str]:
    return sa.Column("department", sa.String(32), nullable=False)


def _record() -> sa.Column[str]:
    return sa.Column("record", sa.Text(), nullable=False)

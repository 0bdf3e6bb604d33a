"""Runs migrations on the connection that store/schema.py hands over, inside its transaction."""

from alembic import context

from store import (  # noqa: F401 - they are the metadata
    access_tables,
    cases_tables,
    exits_tables,
    ledgers_tables,
    ownership_tables,
    power_tables,
    projects_tables,
    registry_tables,
    rhythm_tables,
    tariff_tables,
    warnings_tables,
)
from store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite changes a table by copying it
)
context.run_migrations()

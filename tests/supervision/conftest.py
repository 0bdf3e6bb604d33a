"""Databases of both kinds for the tests of supervision."""

from tests.store.conftest import db as db
from tests.store.conftest import postgres as postgres
from tests.store.conftest import postgres_db as postgres_db

"""One store and one client for the tests of the API; nothing here changes them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from pipeline.services import Services
from tests.api.stored import asking, serving
from tests.store.conftest import postgres as postgres  # one server a session for these tests too


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    home: Path = tmp_path_factory.mktemp("api")
    with serving(home) as opened:
        yield opened


@pytest.fixture(scope="session")
def client(services: Services) -> Iterator[TestClient]:
    with asking(services) as opened:
        yield opened

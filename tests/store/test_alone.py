"""One process at a time, on both databases."""

import subprocess
import sys
import time

from store.alone import alone
from store.database import Database, open_database

HOLD = """
import sys
from store.alone import alone
from store.database import open_database
with open_database(sys.argv[1], as_it_is=True) as database, alone(database, "warnings") as held:
    print(held, flush=True)
    sys.stdin.read()
"""


def test_of_two_connections_one_is_alone(url: str) -> None:
    with open_database(url) as first, open_database(url) as second:
        with alone(first, "warnings") as mine, alone(second, "warnings") as other:
            assert (mine, other) == (True, False)
            with alone(second, "exports") as another:
                assert another
        with alone(second, "warnings") as free:
            assert free


def test_a_process_that_dies_holds_nothing(url: str) -> None:
    with open_database(url) as database:
        held = subprocess.Popen(
            [sys.executable, "-c", HOLD, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert held.stdout is not None
        assert held.stdin is not None
        assert held.stdout.readline() == "True\n"
        with alone(database, "warnings") as mine:
            assert not mine
        held.kill()
        held.wait(30)
        held.stdin.close()
        held.stdout.close()
        assert _soon(database)


def _soon(database: Database) -> bool:
    for _ in range(300):  # PostgreSQL notices the end of a connection when it next reads from it
        with alone(database, "warnings") as mine:
            if mine:
                return True
        time.sleep(0.02)
    return False

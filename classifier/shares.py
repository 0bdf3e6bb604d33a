"""What accepted shares stand for: each by the job it was found for, counted apart for each algorithm.

A pool's new difficulty is for the jobs that follow. A share whose worth or algorithm is not known counts
nothing: no hashrate is better than a wrong one.
"""

from classifier.talk import ALGORITHM_LIMIT, Connection, Shares, Talk
from protocols import events

MAX_COUNT = 65_536
"""Shares that one answer may stand for: more in one message are no miner's."""


def price(talk: Talk, connection: Connection, work: events.Work, at_ns: int) -> None:
    """Take what a share of this job will be worth."""
    connection.hashes = work.hashes or connection.told
    if work.algorithm is not None and work.algorithm != connection.algorithm:
        _switch(talk, connection, work.algorithm, at_ns)
    if connection.hashes and connection.algorithm is not None and connection.priced_ns is None:
        connection.priced_ns = at_ns


def earn(talk: Talk, connection: Connection, result: events.ShareResult, at_ns: int) -> bool:
    """Count an accepted share, or several; False where its algorithm is one too many."""
    apart = result.hashes is not None
    hashes = result.hashes if apart else connection.hashes
    algorithm = result.algorithm or connection.algorithm
    if not hashes or algorithm is None or not 1 <= result.count <= MAX_COUNT:
        return True
    at_ns = connection.left_ns.get(algorithm, at_ns)  # late, of an algorithm that was left: found before that
    start = connection.first_work_ns if apart or connection.priced_ns is None else connection.priced_ns
    start = at_ns if start is None else start
    shares = talk.shares.get(algorithm)
    if shares is None:
        if len(talk.shares) >= ALGORITHM_LIMIT:
            return False
        shares = talk.shares[algorithm] = Shares(start)
    shares.add(hashes, start, at_ns, result.count)
    return True


def _switch(talk: Talk, connection: Connection, algorithm: str, at_ns: int) -> None:
    """Go over to another algorithm: its time is not that of the one before.

    Time away is known where one connection is all there is; several may well be at different algorithms.
    """
    before = connection.algorithm
    connection.algorithm, connection.priced_ns = algorithm, None
    if before is None:
        return
    old, new = talk.shares.get(before), talk.shares.get(algorithm)
    if old is not None:
        old.last_ns = max(old.last_ns, at_ns)
    if len(connection.left_ns) < ALGORITHM_LIMIT:
        connection.left_ns[before] = at_ns
    left = connection.left_ns.pop(algorithm, None)
    if left is not None and new is not None and len(talk.connections) == 1:
        new.away_ns += at_ns - left

"""A pool that refuses an account in its own words is a pool; who asks it again and again means to mine."""

import pytest

from facts.names import Level, Role
from protocols import events
from tests.classifier.scenes import MINER, Line, book, line

WALLET = "4" * 95


def logins(count: int, answer: str) -> list[Line]:
    first = line()
    out = []
    for n in range(count):
        one = line(own=40_000 + n, at_ns=first.at_ns + n * 60_000_000_000)
        one.protocol = "stratum-cryptonote"
        one.miner(events.Login, method="login", user=WALLET, wallet=WALLET)
        one.pool(events.LoginResult, after=0.1, accepted=False, message=answer)
        out.append(one.over())
    return out


def miner(lines: list[Line]) -> tuple[Level, list[str]]:
    (found,) = [
        one for one in book(*lines).verdicts() if str(one.address) == MINER and one.role is Role.MINER
    ]
    return found.level, [one.evidence.kind for one in found.evidence]


@pytest.mark.parametrize(
    "answer",
    [
        "Invalid payment address provided",
        "Your IP is banned",
        "IP Address currently banned",
        "Invalid address used for login",
        "Algorithm negotiation failed",
    ],
)
def test_who_asks_a_pool_again_and_again_is_suspected(answer: str) -> None:
    level, kinds = miner(logins(6, answer))
    assert level is Level.SUSPECTED
    assert "miner.turned_away" in kinds
    assert "miner.refused" not in kinds
    assert "miner.no_reply" not in kinds
    assert miner(logins(1, answer))[0] is Level.CLEARED


@pytest.mark.parametrize("answer", ["Unauthorized", "method not found", "banned word", "no such user"])
def test_what_any_service_says_still_clears(answer: str) -> None:
    level, kinds = miner(logins(6, answer))
    assert level is Level.CLEARED
    assert "miner.refused" in kinds

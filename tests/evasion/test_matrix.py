"""One mining session, rewritten in every way of the matrix: the same verdicts, or an explicit ambiguity."""

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from classifier.kinds import Kind
from facts.names import Level, Role
from facts.verdict import Verdict
from tests.evasion.matrix import MATRIX, Outcome, Rewrite
from tests.evasion.session import MINER, POOL, Finding, findings, laid, one, segments, verdicts

PAGE = Path(__file__).parents[2] / "docs" / "evasion.md"


@cache
def plain() -> dict[str, list[Finding]]:
    """What is found in the session as it is."""
    with TemporaryDirectory() as folder:
        return findings(verdicts(one(laid(segments())), Path(folder)))


def bare(found: dict[str, list[Finding]]) -> dict[str, list[Finding]]:
    """Without the names that only the lost part of a session tells."""
    return {
        address: [replace(each, coins=(), workers=None, wallets=(), agents=()) for each in group]
        for address, group in found.items()
    }


def doubted(found: list[Verdict]) -> set[str]:
    return {
        str(verdict.address)
        for verdict in found
        for weighed in verdict.evidence
        if weighed.evidence.kind == Kind.STREAM_AMBIGUOUS
    }


def test_the_plain_session_is_confirmed_on_both_sides() -> None:
    roles = {(address, each.role, each.level) for address, group in plain().items() for each in group}
    assert roles == {(MINER, Role.MINER, Level.CONFIRMED), (POOL, Role.POOL, Level.CONFIRMED)}
    (miner,) = plain()[MINER]
    assert (miner.protocols, miner.coins, miner.workers) == (("stratum-bitcoin",), ("BTC",), 1)


@pytest.mark.parametrize("rewrite", MATRIX, ids=lambda rewrite: f"{rewrite.group}: {rewrite.name}")
def test_a_rewritten_session_has_the_same_verdicts_or_says_that_it_is_ambiguous(
    rewrite: Rewrite, tmp_path: Path
) -> None:
    told = verdicts(rewrite.captures(), tmp_path)
    found = findings(told)
    match rewrite.outcome:
        case Outcome.SAME:
            assert found == plain()
            assert not doubted(told)
        case Outcome.WARNED:
            assert found == plain()
            assert len(doubted(told)) == 2
        case Outcome.LEVEL:
            assert bare(found) == bare(plain())
            assert not doubted(told)
        case Outcome.AMBIGUOUS:
            assert doubted(told)
            assert {MINER, POOL} >= found.keys()


def test_the_matrix_is_large_and_every_row_of_it_is_documented() -> None:
    assert len(MATRIX) >= 40
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    documented = {(group, name, outcome) for group, name, outcome in rows if group not in ("what", "---")}
    assert documented == {(each.group, each.name, each.outcome.value) for each in MATRIX}
    assert len({(each.group, each.name) for each in MATRIX}) == len(MATRIX)

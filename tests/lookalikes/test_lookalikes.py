"""Look-alikes of mining, each a capture of its own, at its own port and at ports of pools: all stay clear."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from facts.names import Level, Role
from facts.verdict import Verdict
from pcaps.makers import lookalike_logs, lookalike_rpc, lookalike_web
from pcaps.makers.making import Script, Tape
from pipeline.contract import Hit
from pipeline.scan import Scan
from tests.lookalikes import datagrams, streams
from tests.lookalikes.scans import SCANS

PAGE = Path(__file__).parents[2] / "docs" / "lookalikes.md"
MINING = {Role.MINER, Role.POOL, Role.PROXY, Role.SOLO_MINER, Role.PROBER}
POOL_PORTS = (3333, 4444, 14_444)
CLIENT, SERVER = "192.0.2.10", "203.0.113.5"
WITNESSED = {
    "log lines shipped": "quoted.both_sides",
    "log lines shipped with fields of their own": "quoted.both_sides",
    "memcached": "quoted.both_sides",
    "a mail that is fetched": "quoted.both_sides",
    "a page that documents the protocol": "quoted.both_sides",
    "a repository": "quoted.both_sides",
    "a room that relays a pool's messages": "quoted.both_sides",
    "Redis": "quoted.reversed",
    "web hooks that name methods of miners": "miner.no_reply",
}
"""Look-alikes that hold a witness of mining, and what clears them."""


@dataclass(frozen=True)
class Case:
    """One capture."""

    name: str
    where: str
    tape: Callable[[], Tape]


def over_tcp(script: Script, port: int) -> Tape:
    tape = Tape()
    tape.tcp(0.0, (CLIENT, 50_001), (SERVER, port), script)
    return tape


def over_udp(script: Script, port: int) -> Tape:
    tape = Tape()
    datagrams.lay_datagrams(tape, 0.0, (CLIENT, 50_001), (SERVER, port), script)
    return tape


def cases() -> Iterator[Case]:
    makers = (lookalike_rpc, lookalike_web, lookalike_logs, streams)
    for name, (own, script) in (pair for maker in makers for pair in maker.TALKS.items()):
        for port in (own, *POOL_PORTS):
            yield Case(name, str(port), lambda s=script, p=port: over_tcp(s, p))  # type: ignore[misc]
    for name, (own, script) in datagrams.DATAGRAMS.items():
        for port in (own, *POOL_PORTS):
            yield Case(name, str(port), lambda s=script, p=port: over_udp(s, p))  # type: ignore[misc]
    for name, tape in SCANS.items():
        yield Case(name, "many", lambda t=tape: t)  # type: ignore[misc]


def judged(tape: Tape, folder: Path) -> list[Verdict]:
    path = folder / "lookalike.pcap"
    path.write_bytes(tape.in_time_order().pcap())
    return [hit.verdict for hit in Scan([str(path)]) if isinstance(hit, Hit)]


@pytest.mark.parametrize("case", list(cases()), ids=lambda case: f"{case.name}, port {case.where}")
def test_a_lookalike_stays_clear(case: Case, tmp_path: Path) -> None:
    found = [verdict for verdict in judged(case.tape(), tmp_path) if verdict.role in MINING]
    assert {verdict.level for verdict in found} <= {Level.CLEARED}, [
        (str(verdict.address), verdict.role, verdict.level, [one.evidence.kind for one in verdict.evidence])
        for verdict in found
    ]
    reasons = {one.evidence.kind for verdict in found for one in verdict.evidence if one.weight < 0}
    if case.name in WITNESSED:
        assert WITNESSED[case.name] in reasons
    else:
        assert all(any(one.weight < 0 for one in verdict.evidence) for verdict in found), (
            "cleared without a reason"
        )


def test_the_same_words_in_a_true_conversation_are_confirmed(tmp_path: Path) -> None:
    """The negative proofs have teeth: what the logs quote is a session that is found when it is spoken."""
    said = [(0.3, side, data) for side, data in lookalike_logs.session()]
    levels = {(verdict.role, verdict.level) for verdict in judged(over_tcp(said, 3333), tmp_path)}
    assert levels == {(Role.MINER, Level.CONFIRMED), (Role.POOL, Level.CONFIRMED)}


def test_every_lookalike_is_documented() -> None:
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|", PAGE.read_text("utf-8"), re.MULTILINE)
    documented = {name for name, _ in rows if name not in ("look-alike", "---")}
    assert documented == {case.name for case in cases()}

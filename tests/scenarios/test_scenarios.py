"""Whole scenarios through the whole scan: who plays which role, how surely, and nobody else any."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from scapy.layers.inet import IP
from scapy.layers.l2 import GRE, Ether

from facts.names import Level, PeerState, Role
from facts.verdict import Verdict
from pcaps.makers.eth_proxy import work
from pcaps.makers.making import C, S, Tape, ethernet, line
from pcaps.makers.nodes import message
from pcaps.makers.stratum_lines import ACCOUNT, notify, opening, share
from pipeline.contract import Hit
from pipeline.scan import Scan
from tests.scenarios import scripts as t
from tests.scenarios.scripts import JOB, P2, P3, M, P, ask, bitcoin, many, monero, one, reply

CONFIRMED = {Level.CONFIRMED}
SURE = {Level.CONFIRMED, Level.LIKELY}
DOUBTED = {Level.CLEARED, Level.SUSPECTED}
CLEARED = {Level.CLEARED}
HOUSE = "192.0.2.50"
MINING = {Role.MINER, Role.POOL, Role.PROXY, Role.SOLO_MINER, Role.PROBER}
Expected = dict[tuple[str, Role], set[Level]]
MINES: Expected = {(M, Role.MINER): CONFIRMED, (P, Role.POOL): CONFIRMED}
NODES: Expected = {(M, Role.NODE): CONFIRMED, (P, Role.NODE): CONFIRMED}


@dataclass(frozen=True)
class Scenario:
    """A capture, and who must be found in it; all others play no mining role beyond `cleared`."""

    name: str
    capture: Callable[[], Tape | bytes]
    expected: Expected
    of_miner: dict[str, object] = field(default_factory=dict)
    """What the verdict of M as a miner must hold."""
    state: PeerState | None = None
    """State of M's peers as a miner."""


def pools(count: int, first: int = 20) -> list[str]:
    return [f"203.0.113.{first + n}" for n in range(count)]


def all_pools(count: int) -> Expected:
    return {(pool, Role.POOL): CONFIRMED for pool in pools(count)}


def proxied() -> Tape:
    below = [(n, f"192.0.2.{11 + n}", HOUSE, 3333, bitcoin(4, f"rig{n}")) for n in range(3)]
    return many([*below, (0.5, HOUSE, P, 443, bitcoin(8, agent="stratum-proxy/1.0"))])


def node_and_rig() -> Tape:
    around = [(n, M, address, 18080, t.peers(1)) for n, address in enumerate(pools(5))]
    return many([*around, (1.0, M, P, 443, monero())])


def swapped() -> Tape:
    tape = one(bitcoin(8))
    for at in range(4, len(tape.packets) - 1, 3):
        (early, first), (late, second) = tape.packets[at : at + 2]
        tape.packets[at : at + 2] = [(early, second), (late, first)]
    return tape


def lost_first_flight() -> Tape:
    tape = one(bitcoin(4))
    said = [at for at, (_, raw) in enumerate(tape.packets) if len(raw) > 54 and Ether(raw)[IP].src == M]
    for at in reversed(said[:3]):
        del tape.packets[at]
    return tape


def tunnelled_one_way() -> Tape:
    def wrap(packet: IP) -> Ether:
        if packet[IP].src == M:
            packet = IP(src="198.51.100.1", dst="198.51.100.2") / GRE() / packet
        return ethernet(packet)

    tape = Tape(wrap=wrap)
    tape.tcp(0.0, (M, 50_001), (P, 3333), monero())
    return tape


def refused_then_served() -> Tape:
    no = line({"id": 3, "result": False, "error": [24, "Unauthorized worker", None]})
    turned_away = [*opening("w1", "cgminer/4.10", "aa")[:5], (0.05, S, no)]
    return many([(0, M, P, 3333, turned_away), (5, M, P2, 3333, turned_away), (9, M, P3, 25, bitcoin())])


def banned() -> Tape:
    no = line({"id": 1, "jsonrpc": "2.0", "error": {"code": -1, "message": "IP Address currently banned"}})
    return many([(10.0 * n, M, P, 3333, [(0.0, C, t.login()), (0.1, S, no)]) for n in range(10)])


def downloaded(log: bytes) -> Callable[[], Tape]:
    return lambda: one([(0.0, C, t.GET), (0.1, S, t.OK), (0.0, S, log), (0.1, S, log)], 80)


def mailed() -> Tape:
    said = [(0.0, S, b"220 mx ESMTP\r\n"), (0.1, C, b"DATA\r\n"), (0.1, S, b"354 go on\r\n")]
    log = t.log_of(bitcoin(), S).replace(b"\n", b"\r\n")
    return one([*said, (0.1, C, b"Subject: log\r\n\r\n"), (0.0, C, log), (0.1, S, b"250 queued\r\n")], 25)


def echoed() -> Tape:
    said = t.log_of(bitcoin()).splitlines(keepends=True)
    return one([turn for one_ in said for turn in ((0.5, C, one_), (0.1, S, one_))], 7)


BROWSING = {"id": 1, "method": "say", "params": ["send mining.subscribe, then mining.authorize"]}
LOG = t.log_of(bitcoin())

SCENARIOS = [
    Scenario(
        "a pool that sets a difficulty first",
        lambda: one([(0.0, S, ask(None, "mining.set_difficulty", [1024])), *bitcoin()]),
        MINES,
        {"protocols": ("stratum-bitcoin",), "agents": ("cgminer/4.12.1",), "workers": 1, "coins": ("BTC",)},
        PeerState.EXCHANGE,
    ),
    Scenario("odd writing", lambda: one(t.odd_writing(bitcoin())), MINES),
    Scenario(
        "a failover list, refused twice",
        refused_then_served,
        {
            (M, Role.MINER): CONFIRMED,
            (P3, Role.POOL): CONFIRMED,
            (P, Role.POOL): SURE,
            (P2, Role.POOL): SURE,
        },
    ),
    Scenario(
        "a proxy above three rigs",
        proxied,
        {
            (HOUSE, Role.PROXY): CONFIRMED,
            (HOUSE, Role.MINER): {Level.LIKELY},
            (HOUSE, Role.POOL): {Level.LIKELY},
            (P, Role.POOL): CONFIRMED,
            **{(f"192.0.2.{11 + n}", Role.MINER): CONFIRMED for n in range(3)},
        },
    ),
    Scenario(
        "fifty miners behind one address",
        lambda: many([(n * 0.3, M, P, 3333, bitcoin(2, f"m{n}")) for n in range(50)]),
        MINES,
        {"workers": 50},
    ),
    Scenario(
        "six miners behind one address at six pools, none with a share yet",
        lambda: many(
            [(n * 0.3, M, pool, 3333, t.waiting(3)) for n, pool in enumerate(pools(6))], closed=False
        ),
        {(M, Role.MINER): CONFIRMED, **all_pools(6)},
    ),
    Scenario(
        "a scanner that asks twenty pools and hangs up",
        lambda: many([(n, M, pool, 3333, t.banner(True)) for n, pool in enumerate(pools(20))]),
        {(M, Role.PROBER): CONFIRMED, (M, Role.MINER): CLEARED, **all_pools(20)},
    ),
    Scenario(
        "a scanner that asks twenty pools and is cut off by the end of the capture",
        lambda: many([(n, M, pool, 3333, t.banner(True)) for n, pool in enumerate(pools(20))], closed=False),
        {(M, Role.PROBER): CONFIRMED, (M, Role.MINER): CLEARED, **all_pools(20)},
    ),
    Scenario(
        "a login that is refused again and again", banned, {(M, Role.MINER): DOUBTED}, {}, PeerState.ATTEMPT
    ),
    Scenario(
        "an unanswered login",
        lambda: one([(0.0, C, t.login())], answered=False),
        {(M, Role.MINER): CLEARED},
        {},
        PeerState.ATTEMPT,
    ),
    Scenario(
        "only what the miner sends",
        lambda: t.only_from(one(bitcoin(12)), M),
        {(M, Role.MINER): {Level.SUSPECTED}},
        {},
        PeerState.ATTEMPT,
    ),
    Scenario(
        "only what the pool sends",
        lambda: t.only_from(one(bitcoin()), "203.0.113.5"),
        {
            (M, Role.MINER): {Level.SUSPECTED, Level.LIKELY},
            (P, Role.POOL): {Level.LIKELY},
        },
    ),
    Scenario(
        "a miner that polls a node for work over plain TCP",
        lambda: one(
            [turn for n in range(9) for turn in ((2.0, C, ask(n, "eth_getWork", [])), (0.1, S, work(n, n)))]
        ),
        {(M, Role.MINER): {Level.LIKELY}, (P, Role.POOL): CONFIRMED},
    ),
    Scenario("mid-stream, shares only", lambda: one(t.shares(3, start=90), opened=False), MINES),
    Scenario(
        "mid-stream, a pool at the higher port",
        lambda: one([*t.shares(3, start=90), (5.0, S, JOB)], 62_000, opened=False),
        MINES,
    ),
    Scenario(
        "a mirror port that doubles packets, one copy tagged",
        lambda: t.edited(one(bitcoin()), lambda raw: [raw, t.tagged(raw)]),
        MINES,
    ),
    Scenario("packets out of order", swapped, MINES),
    Scenario("one direction inside GRE", tunnelled_one_way, {(M, Role.MINER): SURE, (P, Role.POOL): SURE}),
    Scenario("the miner's first packets are lost", lost_first_flight, MINES),
    Scenario(
        "packets cut at 128 bytes",
        lambda: t.cut_at(one(bitcoin(6)), 128),
        {(M, Role.MINER): SURE, (P, Role.POOL): SURE},
    ),
    Scenario(
        "a Monero node that mines",
        node_and_rig,
        {**MINES, **{(pool, Role.NODE): CONFIRMED for pool in pools(5)}, (M, Role.NODE): CONFIRMED},
        {"protocols": ("stratum-cryptonote",), "coins": ("XMR",)},
    ),
    Scenario("Signet nodes", lambda: one(t.bitcoin_nodes(bytes.fromhex("0a03cf40")), 29_999), NODES),
    Scenario(
        "a light wallet",
        lambda: one(t.bitcoin_nodes(t.BITCOIN, 0, message("filterload", bytes(20))), 8333),
        {(M, Role.WALLET): CONFIRMED, (P, Role.NODE): CONFIRMED},
    ),
    Scenario("a log of mining, downloaded", downloaded(LOG), {}),
    Scenario("a log of jobs, downloaded", downloaded(JOB * 5), {}),
    Scenario("a log of a miner's words, downloaded", downloaded(t.log_of(bitcoin(9), C)), {}),
    Scenario("a log of a pool's words, mailed", mailed, {}),
    Scenario("a log of jobs, pushed without being asked", lambda: one([(0.0, S, JOB * 5)], 40_123), {}),
    Scenario("a log of jobs, uploaded", lambda: one([(0.0, C, JOB * 5), (0.1, S, b"ok\n")], 9999), {}),
    Scenario("an echo server that hears a log", echoed, {}),
    Scenario(
        "a chat about mining", lambda: one([(0.0, C, line(BROWSING)), (0.1, S, reply(1, True))] * 5, 6667), {}
    ),
    Scenario(
        "a service that says true to everything",
        lambda: one(
            [
                (0.0, C, ask(1, "mining.subscribe", ["x"])),
                (0.1, S, reply(1, True)),
                (0.1, C, ask(2, "mining.authorize", [ACCOUNT, "x"])),
                (0.1, S, reply(2, True)),
            ]
        ),
        {(M, Role.MINER): CLEARED},
        {},
        PeerState.ATTEMPT,
    ),
    Scenario(
        "shares thrown at a service that never answers",
        lambda: one([(0.0, C, share(n, "w1", "6a1f")) for n in range(5)], 9999),
        {(M, Role.MINER): CLEARED},
    ),
    Scenario(
        "the control port of a miner",
        lambda: one(
            [
                (0.0, C, b'{"command":"pools"}'),
                (
                    0.1,
                    S,
                    b'{"STATUS":[{"STATUS":"S"}],"POOLS":[{"URL":"stratum+tcp://pool.example:3333"}],"id":1}\0',
                ),
            ],
            4028,
        ),
        {},
    ),
    Scenario(
        "a job log beside real mining at the same pool",
        lambda: many(
            [
                (0, M, P, 3333, bitcoin()),
                (90, M, P, 80, [(0.0, C, t.GET), (0.1, S, t.OK), (0.0, S, notify("9", 9, clean=True) * 4)]),
            ]
        ),
        MINES,
    ),
]


def scanned(capture: Tape | bytes, folder: Path) -> dict[tuple[str, Role], Verdict]:
    """Run the whole scan over a capture; verdicts by address and role."""
    path = folder / "scenario.pcap"
    path.write_bytes(capture if isinstance(capture, bytes) else capture.in_time_order().pcap())
    hits = [found.verdict for found in Scan([str(path)]) if isinstance(found, Hit)]
    return {(str(one_.address), one_.role): one_ for one_ in hits}


@pytest.mark.parametrize("case", SCENARIOS, ids=lambda case: case.name)
def test_a_scenario_is_judged_as_the_protocols_say(case: Scenario, tmp_path: Path) -> None:
    found = scanned(case.capture(), tmp_path)
    levels = {key: verdict.level for key, verdict in found.items()}
    for key, allowed in case.expected.items():
        assert levels.get(key) in allowed, (key, levels)
    others = {key: level for key, level in levels.items() if key not in case.expected and key[1] in MINING}
    assert set(others.values()) <= CLEARED, others
    miner = found.get((M, Role.MINER))
    for name, value in case.of_miner.items():
        assert getattr(miner, name) == value
    if case.state is not None:
        assert miner is not None
        assert {peer.state for peer in miner.peers} == {case.state}

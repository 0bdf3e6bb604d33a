"""Coins that took Bitcoin's vocabulary for jobs of their own, from Kaspa to Aleo: one rig each."""

import gzip
from typing import Any

from pcaps.makers.dialect_tape import ASK, TELL, Said, call, finished, lay, reply
from pcaps.makers.making import Tape, line, number

FILE = "other_coins.pcap.gz"
TARGET = "00000000dbe6fecebdedd5beb573440e5a884d1b2fbf06fcce912adcb8d8422e"
ETHEREUM = "EthereumStratum/1.0.0"
KASPA = "kaspa:qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqkx9awp4e"
USER = "samplefarm.rig"


def _opening(agent: list[Any], granted: Any, user: str = USER) -> Said:
    return [
        (ASK, call(1, "mining.subscribe", agent)),
        (TELL, reply(1, granted)),
        (ASK, call(2, "mining.authorize", [user, "x"])),
        (TELL, reply(2, True)),
    ]


def _shares(job: Any, *proof: str, user: str = USER) -> Said:
    return [
        (ASK, call(102, "mining.submit", [user, job, *proof])),
        (TELL, reply(102, True)),
        (ASK, call(103, "mining.submit", [user, job, *proof])),
        (TELL, reply(103, False, [22, "Duplicate share", None])),
    ]


def _kaspa() -> Said:
    words = [int(number(f"w{at}", 16), 16) for at in range(4)]
    return [
        *_opening(["BzMiner-v21.0.0", ETHEREUM], [True, ETHEREUM], f"{KASPA}.rig"),
        (TELL, call(None, "set_extranonce", ["0029"], jsonrpc="2.0")),
        (TELL, call(None, "mining.set_difficulty", [4], jsonrpc="2.0")),
        (TELL, call(12, "mining.notify", ["12", words, 1772416800000], jsonrpc="2.0")),
        (TELL, call(13, "mining.notify", ["13", words, 1772416800500], jsonrpc="2.0")),
        *_shares("12", "0x" + number("k", 16), user=f"{KASPA}.rig"),
    ]


def _kaspa_nicehash() -> Said:
    return [
        (ASK, call(1, "mining.subscribe", ["lolMiner 1.76"])),
        (TELL, call(1, "set_extranonce", ["0029", 6])),
        (ASK, call(2, "mining.authorize", [USER, "x"])),
        (TELL, reply(2, True)),
        (TELL, call(None, "mining.set_difficulty", [0.5])),
        (TELL, call(None, "mining.notify", ["21", number("pre", 64) + "00f1536500000000"])),
        *_shares("21", "0x" + number("k2", 16)),
    ]


def _ergo() -> Said:
    b = "28948022309329048855892746252171976963147354982949671778132708698262398304"  # 2^256 / 4000
    return [
        *_opening(["lolMiner/1.88"], [None, "e0a1", 6]),
        (TELL, call(None, "mining.set_difficulty", [1])),
        (
            TELL,
            call(
                None, "mining.notify", ["E1", 1_400_000, number("msg", 64), "", "", "00000003", b, "", True]
            ),
        ),
        *_shares("E1", "00000001", "", number("ergo", 16)),
    ]


def _ckb() -> Said:
    return [
        *_opening(["ckbminer-v1.0.0", None], [None, "00c904bd", 12]),
        (TELL, call(None, "mining.set_target", [TARGET])),
        (
            TELL,
            call(None, "mining.notify", ["1611", number("ckb", 64), 15_000_000, number("parent", 64), True]),
        ),
        *_shares("1611", number("ckbn", 24)),
    ]


def _alephium() -> Said:
    jobs = [
        {
            "jobId": f"{at}",
            "fromGroup": at // 4,
            "toGroup": at % 4,
            "headerBlob": number(f"alph{at}", 600),
            "txsBlob": "",
            "height": 3_000_000,
            "targetBlob": "0000000000" + "f" * 54,
        }
        for at in range(16)
    ]
    share = {"jobId": "5", "fromGroup": 1, "toGroup": 1, "nonce": number("alph", 48), "worker": USER}
    return [
        (TELL, call(None, "mining.set_difficulty", [16])),
        (ASK, call(1, "mining.subscribe", ["bzminer"])),
        (TELL, {"id": 1, "result": "result"}),
        (ASK, call(2, "mining.authorize", [USER, "x"])),
        (TELL, {"id": 2, "result": True}),
        (TELL, call(None, "mining.set_extranonce", ["515a"])),
        (TELL, call(None, "mining.notify", jobs)),
        (ASK, call(3, "mining.submit", share)),
        (TELL, {"id": 3, "method": "mining.submit_result", "result": True, "error": None}),
        (ASK, call(4, "alph_submitHashrate", ["0x3b9aca00", USER])),
    ]


def _alephium_packed() -> Said:
    name = "AlephiumStratum/1.0.0"
    clear = [
        (ASK, call("0", "mining.hello", ["alph-miner/1.2", name])),
        (TELL, {"id": "0", "result": [name, False, "b4", "5", "node"]}),
        (ASK, {"id": "1", "method": "connection.set_gzip"}),
        (TELL, {"id": "1", "result": True}),
    ]
    packed: list[tuple[int, dict[str, Any]]] = [
        (ASK, {"id": "2", "method": "mining.subscribe"}),
        (TELL, {"id": "2", "result": "s1"}),
        (ASK, call("3", "mining.authorize", [USER, "x"])),
        (TELL, {"id": "3", "result": "w1"}),
        (TELL, {"method": "mining.set_extranonce", "params": "515a"}),
        (TELL, {"method": "mining.set_target", "params": TARGET.lstrip("0")}),
        (TELL, {"method": "mining.set_cleanjobs", "params": True}),
        (TELL, {"method": "mining.notify", "params": ["a1", "5", number("alphb", 600)]}),
        (ASK, call("4", "mining.submit", ["a1", number("alphn", 44), "w1"])),
        (TELL, {"id": "4", "result": True}),
    ]
    return [*clear, *((side, gzip.compress(line(message), mtime=0)) for side, message in packed)]


def _handshake() -> Said:
    roots = [number(f"hns{at}", 64) for at in range(5)]
    job = ["h1", *roots, "00000000", "19066bd4", "69a50080"]
    share = ["samplefarm.rig", "h1", "00000001", "69a50081", number("hn", 8), "00" * 32]
    return [
        (ASK, call("auth_1", "mining.authorize", ["samplefarm.rig", "x"])),
        (TELL, reply("auth_1", True)),
        (ASK, call("sub_1", "mining.subscribe", ["HandyMiner/0.1"])),
        (TELL, reply("sub_1", [[["mining.notify", "1"]], "0000a1b2", 20])),
        (TELL, call(None, "mining.set_difficulty", [32])),
        (TELL, call(None, "mining.notify", job)),
        (ASK, call("solution_1700000000000_1", "mining.submit", share)),
        (TELL, reply("solution_1700000000000_1", True)),
    ]


def _hnspool() -> Said:
    tree = [number(f"hp{at}", 64) for at in range(3)]
    job = [
        "h2",
        number("hp", 64),
        number("c1", 200),
        number("c2", 80),
        [],
        *tree,
        "00000000",
        "19066bd4",
        "69a50080",
        True,
    ]
    share = ["samplefarm.rig", "h2", "00000001", 1772416801, 305419896, "00" * 32]
    return [
        (ASK, call("a", "mining.authorize", ["samplefarm.rig", "x"])),
        (TELL, reply("a", True)),
        (TELL, call(None, "set_difficulty", [32])),
        (TELL, call(None, "notify", job)),
        (ASK, call("solution_2", "submit", share)),
        (TELL, reply("solution_2", None, [23, "low difficulty", None])),
    ]


def _conflux() -> Said:
    work = ["c1", "95000000", "0x" + number("cfx", 64), "0x" + TARGET]
    return [
        (ASK, call(1, "mining.subscribe", ["cfx-rig", "secret"])),
        (TELL, reply(1, True)),
        (TELL, call(None, "mining.notify", work) | {"xn": "01ab"}),
        (ASK, call(2, "mining.submit", ["cfx-rig", "c1", "0x" + number("cn", 16), work[2]])),
        (TELL, reply(2, [True])),
        (ASK, call(3, "mining.submit", ["cfx-rig", "c1", "0x" + number("cn2", 16), work[2]])),
        (TELL, reply(3, True)),
    ]


def _kadena() -> Said:
    return [
        *_opening(["kdaminer-v1.0.0", None], [None, "a331", 6]),
        (TELL, call(None, "mining.set_target", [TARGET])),
        (TELL, call(None, "mining.notify", ["1234", number("kda", 572), True])),
        *_shares("1234", number("kdan", 12)),
    ]


def _decred() -> Said:
    job = ["d1", number("dcr", 64), number("roots", 200), "0a000000", [], "00000009", "", "69a50080", True]
    return [
        *_opening(["gominer/2.0"], [[["mining.notify", "1"]], "0000000000000000e3014335", 12]),
        (TELL, call(None, "mining.set_difficulty", [512])),
        (TELL, call(None, "mining.notify", job)),
        *_shares("d1", number("dcrx", 24), "69a50081", number("dcrn", 8)),
    ]


def _xelis() -> Said:
    return [
        *_opening(["Rigel/1.19.3"], ["", number("xn", 60), 30, number("xel", 64)]),
        (TELL, call(None, "mining.set_difficulty", [20000])),
        (TELL, call(None, "mining.notify", ["7", number("work", 64), number("xel", 64), True])),
        *_shares("7", number("xeln", 20)),
    ]


def _aleo() -> Said:
    pool = "aleo1" + "q" * 58
    return [
        (ASK, call(1, "mining.subscribe", ["aleominer/1.0", "AleoStratum/2.0.0", None])),
        (TELL, reply(1, ["s1", "0a0b", pool])),
        (ASK, call(2, "mining.authorize", ["samplefarm.rig", "x"])),
        (TELL, reply(2, True)),
        (TELL, call(None, "mining.set_target", [1_000_000])),
        (TELL, call(None, "mining.notify", ["1", number("epoch", 128), pool, True])),
        *_shares("1", number("an", 16), number("commit", 96), number("proof", 96)),
    ]


def make() -> bytes:
    """Return the capture, compressed."""
    rigs = (
        (5555, _kaspa()),
        (3379, _kaspa_nicehash()),
        (3100, _ergo()),
        (3333, _ckb()),
        (20032, _alephium()),
        (20033, _alephium_packed()),
        (3008, _handshake()),
        (3009, _hnspool()),
        (32525, _conflux()),
        (1917, _kadena()),
        (3252, _decred()),
        (5555, _xelis()),
        (4040, _aleo()),
    )
    tape = Tape()
    for place, (port, said) in enumerate(rigs, start=30):
        lay(tape, place, port, said, spaced=place % 3 == 0, blank=place % 5 == 0)
    return gzip.compress(finished(tape), mtime=0)

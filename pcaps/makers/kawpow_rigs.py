"""KawPow, spoken by a miner of its own and by XMRig, which logs in first; and GhostRider in the same way."""

from pcaps.makers.dialect_tape import ASK, TELL, Said, call, finished, lay, reply
from pcaps.makers.making import Tape, base58check, number
from pcaps.makers.stratum_lines import notify

FILE = "kawpow_rigs.pcap"
TARGET = "00000000dbe6fecebdedd5beb573440e5a884d1b2fbf06fcce912adcb8d8422e"  # 5e9 hashes a share
WALLET = base58check(b"\x3c")
XMRIG = "XMRig/6.26.0 (Linux x86_64) libuv/1.51.0 gcc/13.2.1"


def _job(name: str, height: int, *, clean: bool) -> list[object]:
    return [name, number(name, 64), number("epoch", 64), TARGET, clean, height, "1b00ffff"]


def _share(request: int, job: str) -> dict[str, object]:
    proof = ["0x" + number(f"{job}n", 16), "0x" + number(job, 64), "0x" + number(f"{job}m", 64)]
    return call(request, "mining.submit", [f"{WALLET}.rig1", job, *proof])


def _work(first: int) -> Said:
    return [
        (TELL, call(None, "mining.set_target", [TARGET])),
        (TELL, call(None, "mining.notify", _job("k1", 3_900_000, clean=True))),
        (ASK, _share(first, "k1")),
        (TELL, reply(first, True)),
        (TELL, call(None, "mining.notify", _job("k2", 3_900_001, clean=True))),
        (ASK, _share(first + 1, "k2")),
        (TELL, reply(first + 1, False, [21, "stale", None])),
    ]


def _gminer() -> Said:
    return [
        (ASK, call(1, "mining.subscribe", ["GMiner/3.44", None, "rvn.pool.example", "4505"])),
        (TELL, reply(1, [None, "64290b"])),
        (ASK, call(2, "mining.authorize", [f"{WALLET}.rig1", "x"])),
        (TELL, reply(2, True)),
        *_work(3),
    ]


def _login(algorithm: str) -> dict[str, object]:
    params = {"login": WALLET, "pass": "x", "agent": XMRIG, "rigid": "rig1", "algo": [algorithm]}
    return call(1, "login", params, jsonrpc="2.0")


def _autoconfig() -> Said:
    told = {"id": "s1", "algo": "kawpow", "extra_nonce": "64290b", "status": "OK"}
    return [(ASK, _login("kawpow")), (TELL, reply(1, told) | {"jsonrpc": "2.0"}), *_work(2)]


def _ghostrider() -> Said:
    told = {
        "id": "s2",
        "algo": "ghostrider",
        "extra_nonce": "0000a1b2",
        "extra_nonce2_size": 4,
        "status": "OK",
    }
    return [
        (ASK, _login("ghostrider")),
        (TELL, reply(1, told) | {"jsonrpc": "2.0"}),
        (TELL, call(None, "mining.set_difficulty", [0.02])),
        (TELL, notify("g1", 900_123, clean=True)),
        (ASK, call(2, "mining.submit", [f"{WALLET}.rig1", "g1", "00000001", "69a50081", number("g", 8)])),
        (TELL, reply(2, True)),
    ]


def make() -> bytes:
    """Return the capture."""
    tape = Tape()
    lay(tape, 6, 4505, _gminer())
    lay(tape, 7, 3838, _autoconfig())
    lay(tape, 8, 3008, _ghostrider())
    return finished(tape)

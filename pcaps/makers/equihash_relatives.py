"""Equihash beside Zcash's: 144,5 (Zhash), 192,7 and Verus, whose block number comes in a message to show."""

from pcaps.makers.dialect_tape import ASK, TELL, Said, call, finished, lay, reply
from pcaps.makers.making import Tape, base58check, number

FILE = "equihash_relatives.pcap"
TARGET = "0004189374bc6a7ef9db22d0e5604189374bc6a7ef9db22d0e5604189374bc6a"  # 16,000 solutions a share


def _job(name: str, *more: str, clean: bool) -> list[object]:
    roots = [number(f"{name}{part}", 64) for part in ("prev", "root")]
    return [name, "04000000", *roots, "0" * 64, "8100a569", "0e3d0b1c", clean, *more]


def _rig(user: str, agent: str, solution: str, *more: str) -> Said:
    return [
        (ASK, call(1, "mining.subscribe", [agent, None, "pool.example", "3858"])),
        (TELL, reply(1, [None, "0a0b0c0d0e"])),
        (ASK, call(2, "mining.authorize", [user, "x"])),
        (TELL, reply(2, True)),
        (TELL, call(None, "mining.set_target", [TARGET])),
        (TELL, call(None, "mining.notify", _job("e1", *more, clean=True))),
        (ASK, call(4, "mining.submit", [user, "e1", "8100a569", number("nonce", 54), solution])),
        (TELL, reply(4, True)),
        (TELL, call(None, "mining.notify", _job("e2", *more, clean=False))),
        (ASK, call(5, "mining.submit", [user, "e2", "8100a569", number("nonce2", 54), solution])),
        (TELL, reply(5, None, [23, "low difficulty share", None])),
    ]


def _verus() -> Said:
    said = list(_rig(base58check(b"\x3c") + ".cpu1", "ccminer/3.8.3", "fd4305" + number("v", 2694), "00" * 8))
    shown = call(None, "client.show_message", ["equihash VRSC block 3456789"])
    return [*said[:5], (TELL, shown), *said[5:]]


def make() -> bytes:
    """Return the capture."""
    gold = base58check(b"\x26") + ".rig1"
    tape = Tape()
    lay(tape, 3, 3858, _rig(gold, "miniZ/2.4d", "64" + number("z", 200), "144_5", "BgoldPoW"))
    lay(
        tape,
        4,
        3859,
        _rig("samplefarm.rig2", "lolMiner 1.88", "fd9001" + number("f", 800), "192_7", "ZERO_PoW"),
    )
    lay(tape, 5, 9999, _verus())
    return finished(tape)

"""A Nimiq miner of the years before its stake, in nano mode, over WebSocket; one share is refused."""

import base64
import struct

from pcaps.makers.browser_mining import compact, frame, upgrade
from pcaps.makers.making import C, S, Tape, number

FILE = "nimiq.pcap"
MINER = "NQ07 0000 0000 0000 0000 0000 0000 0000 0000"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _header(height: int) -> bytes:
    """Return a block header: version, four hashes, compact target, height, time, nonce."""
    hashes = bytes.fromhex(number(f"header{height}", 256))
    return (
        struct.pack(">H", 1) + hashes + struct.pack(">IIII", 0x1C01_0000, height, 1_560_000_000 + height, 0)
    )


def _settings(compact_target: int, target: float) -> bytes:
    extra = _base64(b"pool.example\0" + bytes(24))
    return frame(
        compact(
            {
                "message": "settings",
                "address": MINER,
                "extraData": extra,
                "target": target,
                "targetCompact": compact_target,
                "nonce": 7,
            }
        )
    )


def _block(height: int) -> bytes:
    """Return the work that follows a block: light, its body left out."""
    previous = _header(height) + b"\x00" + bytes.fromhex(number(f"interlink{height}", 128)) + b"\x00"
    hashes = {
        key: _base64(bytes.fromhex(number(key + str(height), 64))) for key in ("bodyHash", "accountsHash")
    }
    return frame(compact({"message": "new-block", **hashes, "previousBlock": _base64(previous)}))


def make() -> bytes:
    """Return the capture."""
    ask, answer = upgrade("pool.example:8444", "/", "nimiq")
    device = {"deviceName": "attic", "minerVersion": "OpenCL miner 4.0.1", "startDifficulty": 8}
    register = {"message": "register", "mode": "nano", "address": MINER, "deviceId": 3_141_592}
    register |= {"deviceData": device, "genesisHash": _base64(bytes.fromhex(number("genesis", 64)))}
    balance = {"message": "balance", "balance": 0, "confirmedBalance": 0, "payoutRequestActive": False}
    script = [
        (0.0, C, ask),
        (0.04, S, answer),
        (0.01, C, frame(compact(register), "register")),
        (
            0.05,
            S,
            frame(compact({"message": "registered"})) + _settings(0x1E20_0000, 2.0**237),
        ),  # difficulty 8
        (0.01, S, _block(600_000)),
        (0.0, S, frame(compact(balance))),
    ]
    for turn in range(8):
        block = _header(600_001 + turn // 3) + b"\x00" + bytes.fromhex(number(f"light{turn}", 160))
        script.append((8.0, C, frame(compact({"message": "share", "block": _base64(block)}), f"share{turn}")))
        if turn == 4:
            script.append(
                (0.05, S, frame(compact({"message": "error", "reason": "invalid share: invalid pow"})))
            )
        if turn % 3 == 2:
            script.append((0.5, S, _block(600_001 + turn // 3)))
            script.append((2.0, C, frame(b"", f"ping{turn}", opcode=9)))
            script.append((0.02, S, frame(b"", opcode=10)))
    tape = Tape()
    tape.tcp(0.0, ("192.0.2.88", 43210), ("203.0.113.88", 8444), script)
    return tape.pcap()

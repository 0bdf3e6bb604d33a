"""Bitcoin-style Stratum with every extension method, both forms of pong, NiceHash's signed subscription."""

import hashlib
import hmac

from pcaps.makers.dialect_tape import ASK, TELL, Said, call, finished, lay, reply
from pcaps.makers.making import Tape, number
from pcaps.makers.stratum_lines import answer, notify, share

FILE = "bitcoin_extensions.pcap"


def _asic() -> Said:
    codes = ["version-rolling", "minimum-difficulty", "subscribe-extranonce", "info"]
    wanted = {
        "version-rolling.mask": "1fffe000",
        "version-rolling.min-bit-count": 2,
        "minimum-difficulty.value": 2048,
        "info.connection-url": "stratum+tcp://pool.example:3333",
        "info.hw-version": "2",
        "info.sw-version": "1.0",
    }
    granted = {
        "version-rolling": True,
        "version-rolling.mask": "18000000",
        "minimum-difficulty": True,
        "subscribe-extranonce": True,
        "info": False,
    }
    subscription = [["mining.notify", "ae6812eb"], ["mining.set_difficulty", "b4b6693b"]]
    return [
        (ASK, call(1, "mining.configure", [codes, wanted])),
        (TELL, reply(1, granted)),
        (ASK, call(2, "mining.subscribe", ["bitaxe/BM1370/v2.8.0", "0a0b0c0d"])),
        (TELL, reply(2, [subscription, "0a0b0c0d", 8])),
        (ASK, call(3, "mining.suggest_difficulty", [1024])),
        (ASK, call(4, "mining.suggest_target", ["00000000ffff" + "0" * 52])),
        (ASK, call(5, "mining.authorize", ["samplefarm.axe1", "x"])),
        (TELL, reply(5, True)),
        (ASK, call(6, "mining.extranonce.subscribe", [])),
        (TELL, reply(6, None, [20, "Not supported.", None])),
        (TELL, call(None, "mining.set_difficulty", [1024.5])),
        (TELL, call(None, "mining.set_version_mask", ["00003000"])),
        (TELL, notify("j1", 941_000, clean=True)),
        (TELL, call(90, "mining.ping", [])),
        (ASK, call(90, "pong", [])),
        (ASK, share(90, "axe1", "j1")),
        (TELL, answer(90, accepted=True)),
        (TELL, call(91, "client.get_version", [])),
        (ASK, reply(91, "bitaxe/BM1370/v2.8.0")),
        (TELL, call(None, "mining.set_extranonce", ["0d0c0b0a", 8])),
        (TELL, notify("j2", 941_001, clean=True)),
        (ASK, call(7, "mining.get_transactions", ["j2"])),
        (TELL, {"id": 7, "result": [], "error": True}),
        (ASK, call(8, "mining.capabilities", [{"notify": []}])),
        (ASK, share(92, "axe1", "j2")),
        (TELL, reply(92, False, {"code": 21, "message": "Job not found"})),
        (TELL, call(None, "client.show_message", ["maintenance at noon"])),
        (TELL, call(None, "client.reconnect", ["eu.pool.example", 3333, 5])),
    ]


def _nicehash() -> Said:
    key, stamp = "samplekey", "1772416800000"
    mark = hmac.new(b"samplesecret", key.encode() + b"\0" + stamp.encode(), hashlib.sha256).hexdigest()
    return [
        (ASK, call(1, "mining.subscribe", ["NiceHash/1.0.0", stamp, mark])),
        (TELL, reply(1, [["mining.notify", number("n", 32)], "00a1b2c3", 4])),
        (ASK, call(2, "mining.authorize", ["samplebuyer", "x"])),
        (TELL, reply(2, True)),
        (TELL, call(None, "mining.set_difficulty", [500_000])),
        (TELL, notify("n1", 941_000, clean=True)),
        (TELL, call(33, "mining.ping", [])),
        (ASK, reply(33, "pong")),
        (ASK, call(3, "mining.submit", ["samplebuyer", "n1", "00000001", "69a50081", "deadbeef"])),
        (TELL, reply(3, True)),
        (ASK, call(4, "mining.submit", ["samplebuyer", "n1", "00000002", "69a50081", "deadbeee"])),
        (TELL, reply(4, None, [22, "Duplicate share", None])),
    ]


def make() -> bytes:
    """Return the capture."""
    tape = Tape()
    lay(tape, 1, 3333, _asic(), spaced=True)
    lay(tape, 2, 9200, _nicehash(), blank=True)
    return finished(tape)

"""Ethereum's younger dialects: EthereumStratum/2.0.0, plain and compressed, and ethminer's mode `stratum`."""

import gzip
from typing import Any

from pcaps.makers.dialect_tape import ASK, TELL, Said, call, finished, lay, reply
from pcaps.makers.making import Tape, line, number

FILE = "ethereum_stratum.pcap"
NAME = "EthereumStratum/2.0.0"
TARGET = "dbe6fecebdedd5beb573440e5a884d1b2fbf06fcce912adcb8d8422e"  # leading zeros left out: 5e9 hashes


def _packed(message: dict[str, Any]) -> bytes:
    return gzip.compress(line(message), mtime=0)


def _hello(encoding: str) -> Said:
    agent = {"agent": "ethminer-0.19", "host": "etc.pool.example", "port": "d80", "proto": NAME}
    granted = {
        "proto": NAME,
        "encoding": encoding,
        "resume": "1",
        "timeout": "b4",
        "maxerrors": "5",
        "node": "Geth/v1.13",
    }
    return [
        (ASK, {"id": 0, "method": "mining.hello", "params": agent}),
        (TELL, {"id": 0, "result": granted}),
    ]


def _rest() -> Said:
    work = ["bf0488aa", "12d6b7", number("head", 64), "1"]
    return [
        (ASK, {"id": 1, "method": "mining.subscribe"}),
        (TELL, {"id": 1, "result": "s-12345"}),
        (ASK, {"id": 2, "method": "mining.authorize", "params": ["samplefarm.rig5", "x"]}),
        (TELL, {"id": 2, "result": "w-123"}),
        (
            TELL,
            {
                "method": "mining.set",
                "params": {"epoch": "28", "target": TARGET, "algo": "etchash", "extranonce": "af4c"},
            },
        ),
        (TELL, {"method": "mining.notify", "params": work}),
        (ASK, {"id": 31, "method": "mining.submit", "params": ["bf0488aa", "68765fccd712", "w-123"]}),
        (TELL, {"id": 31}),
        (ASK, {"id": 32, "method": "mining.submit", "params": ["bf0488aa", "68765fccd713", "w-123"]}),
        (TELL, {"id": 32, "error": {"code": 202, "message": "Stale"}}),
        (ASK, {"id": 33, "method": "mining.submit", "params": ["bf0488ab", "68765fccd714", "w-123"]}),
        (TELL, {"id": 33, "error": {"code": 404, "message": "Job not found"}}),
        (ASK, {"id": 16, "method": "mining.hashrate", "params": ["5f5e100", "w-123"]}),
        (TELL, {"id": 16}),
        (ASK, {"id": 50, "method": "mining.noop"}),
        (TELL, {"id": 50}),
        (
            TELL,
            {
                "method": "mining.reconnect",
                "params": {"host": "etc2.pool.example", "port": "d80", "resume": "1"},
            },
        ),
        (TELL, {"method": "mining.bye"}),
    ]


def _generic() -> Said:
    user = "0x" + "00" * 20 + ".rig6"
    work = ["0x" + number("head6", 64), "0x" + number("seed6", 64), "0x00000000" + TARGET]
    proof = ["0x" + number("n6", 16), work[0], "0x" + number("m6", 64)]
    return [
        (ASK, call(1, "mining.subscribe", [], jsonrpc="2.0")),
        (TELL, reply(1, True)),
        (ASK, call(2, "mining.authorize", [user, "x"], jsonrpc="2.0")),
        (TELL, reply(2, True)),
        (TELL, call(None, "mining.notify", ["c1", *work, True])),
        (ASK, call(40, "mining.submit", [user, "c1", *proof], jsonrpc="2.0", worker="rig6")),
        (TELL, reply(40, True)),
    ]


def make() -> bytes:
    """Return the capture."""
    packed = [(side, _packed(message)) for side, message in _rest() if isinstance(message, dict)]
    tape = Tape()
    lay(tape, 9, 3456, [*_hello("plain"), *_rest()])
    lay(tape, 10, 3456, [*_hello("gzip"), *packed])
    lay(tape, 11, 4444, _generic(), spaced=True)
    return finished(tape)

"""CryptoNote beside XMRig's common way: self-select, NiceHash mode, a pool's own proxy of old, P2Pool."""

from typing import Any

from pcaps.makers.dialect_tape import ASK, TELL, Said, finished, lay
from pcaps.makers.making import Tape, monero_address, number

FILE = "cryptonote_variants.pcap"
WALLET = monero_address()
EASY = ((2**64 - 1) // 50_000).to_bytes(8, "little").hex()  # a target of eight bytes
AGENT = "XMRig/6.26.0 (Windows NT 10.0; Win64; x64) libuv/1.51.0 msvc/2022"


def _call(request: int, method: str, **params: Any) -> dict[str, Any]:
    return {"id": request, "jsonrpc": "2.0", "method": method, "params": params}


def _reply(request: int, result: Any, error: Any = None) -> dict[str, Any]:
    return {"id": request, "jsonrpc": "2.0", "error": error, "result": result}


def _login(**more: Any) -> dict[str, Any]:
    return _call(1, "login", login=WALLET, **{"pass": "x"}, agent=AGENT, algo=["rx/0", "cn/r"], **more)


def _job(name: str, target: str, nonce: str = "00000000") -> dict[str, Any]:
    blob = "1010" + number(name, 74) + nonce + number(name + "b", 64) + "05"
    return {
        "blob": blob,
        "job_id": name,
        "target": target,
        "algo": "rx/0",
        "height": 3_600_000,
        "seed_hash": number("seed", 64),
    }


def _share(request: int, job: str, nonce: str) -> dict[str, Any]:
    return _call(request, "submit", id="s1", job_id=job, nonce=nonce, result=number(nonce, 64), algo="rx/0")


def _nicehash() -> Said:
    extensions = ["algo", "nicehash", "connect", "keepalive"]
    first = _job("n1", "b88d0600", "000000a7")
    return [
        (ASK, _login(rigid="barn-3")),
        (TELL, _reply(1, {"id": "s1", "job": first, "extensions": extensions, "status": "OK"})),
        (ASK, _share(2, "n1", "d00300a7")),
        (TELL, _reply(2, {"status": "OK"})),
        (ASK, _call(3, "keepalived", id="s1")),
        (TELL, _reply(3, {"status": "KEEPALIVED"})),
        (TELL, {"jsonrpc": "2.0", "method": "job", "params": _job("n2", "dc460300", "000000a7")}),
        (ASK, _share(4, "n2", "d0030040")),
        (
            TELL,
            _reply(4, None, {"code": -1, "message": "Invalid nonce; is miner not compatible with NiceHash?"}),
        ),
    ]


def _self_select() -> Said:
    job = {
        "pool_wallet": WALLET,
        "extra_nonce": number("x", 32),
        "job_id": "t1",
        "target": "b88d0600",
        "algo": "rx/0",
    }
    template = {
        "id": "s1",
        "job_id": "t1",
        "blob": number("template", 6000),
        "height": 3_600_000,
        "difficulty": 400_000_000_000,
        "prev_hash": number("p", 64),
        "seed_hash": number("seed", 64),
        "next_seed_hash": "",
    }
    return [
        (ASK, _login(mode="self-select")),
        (TELL, _reply(1, {"id": "s1", "job": job, "status": "OK"})),
        (ASK, _call(2, "block_template", **template)),
        (TELL, _reply(2, {"status": "OK"})),
        (ASK, _share(3, "t1", "0badf00d")),
        (TELL, _reply(3, {"status": "OK"})),
    ]


def _pool_proxy() -> Said:
    job = {
        "id": "p1",
        "job_id": "p1",
        "blocktemplate_blob": number("blocktemplate", 900),
        "height": 3_600_000,
        "difficulty": 400_000_000_000,
        "target_diff": 250_000,
        "target_diff_hex": number("d", 16),
        "reserved_offset": 130,
        "client_nonce_offset": 138,
        "client_pool_offset": 134,
        "seed_hash": number("seed", 64),
    }
    login = _call(1, "login", login=WALLET, **{"pass": "proxy"}, agent="xmr-node-proxy/0.0.3")
    share = _call(
        2,
        "submit",
        id="s1",
        job_id="p1",
        nonce="00000a0b",
        result=number("r", 64),
        workerNonce=9,
        poolNonce=4,
    )
    return [
        (ASK, login),
        (TELL, _reply(1, {"id": "s1", "job": job, "status": "OK"})),
        (ASK, share),
        (TELL, _reply(2, {"status": "OK"})),
    ]


def _p2pool() -> Said:
    login = _call(1, "login", login="x+50000", **{"pass": ""}, agent=AGENT, algo=["rx/0"])
    return [
        (ASK, login),
        (
            TELL,
            _reply(
                1,
                {
                    "id": "s1",
                    "job": _job("q1", EASY),
                    "extensions": ["algo"],
                    "status": "OK",
                },
            ),
        ),
        (ASK, _share(2, "q1", "00112233")),
        (TELL, {"id": 2, "jsonrpc": "2.0", "error": {"message": "Low diff share"}}),
        (ASK, _call(3, "getjob", id="s1")),
        (TELL, _reply(3, _job("q2", EASY))),
        (ASK, _share(4, "q2", "00112234")),
        (TELL, {"id": 4, "jsonrpc": "2.0", "error": None, "result": {"status": "OK"}}),
    ]


def make() -> bytes:
    """Return the capture."""
    tape = Tape()
    lay(tape, 12, 3333, _nicehash())
    lay(tape, 13, 3333, _self_select())
    lay(tape, 14, 8080, _pool_proxy())
    lay(tape, 15, 3333, _p2pool())
    return finished(tape)

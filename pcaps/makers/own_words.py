"""Grin, Beam and Iron Fish: dialects with words of their own, as their nodes and as NiceHash have them."""

from typing import Any

from pcaps.makers.dialect_tape import ASK, TELL, Said, finished, lay
from pcaps.makers.making import Tape, number

FILE = "own_words.pcap"


def _grin_call(request: str, method: str, params: Any) -> dict[str, Any]:
    return {"id": request, "jsonrpc": "2.0", "method": method, "params": params}


def _grin_reply(request: str, method: str, result: Any, error: Any = None) -> dict[str, Any]:
    return {"id": request, "jsonrpc": "2.0", "method": method, "result": result, "error": error}


def _grin(extra: str, **more: Any) -> Said:
    def job(number_: int) -> dict[str, Any]:
        return {
            "difficulty": 64,
            "height": 3_100_000,
            "job_id": number_,
            "pre_pow": number("pow", 476) + extra,
            **more,
        }

    share = {"edge_bits": 32, "height": 3_100_000, "job_id": 5, "nonce": 8895699060858340771}
    proof = sorted(int(number(f"edge{at}", 7), 16) for at in range(42))
    late = {"code": -32503, "message": "Solution submitted too late"}
    return [
        (ASK, _grin_call("0", "login", {"login": "samplefarm", "pass": "x", "agent": "grin-miner"})),
        (TELL, _grin_reply("0", "login", "ok")),
        (ASK, _grin_call("1", "getjobtemplate", None)),
        (TELL, _grin_reply("1", "getjobtemplate", job(4))),
        (TELL, _grin_call("Stratum", "job", job(5))),
        (ASK, _grin_call("2", "submit", {**share, "pow": proof})),
        (TELL, _grin_reply("2", "submit", "ok")),
        (ASK, _grin_call("3", "keepalive", None)),
        (TELL, _grin_reply("3", "keepalive", "ok")),
        (ASK, _grin_call("4", "status", None)),
        (
            TELL,
            _grin_reply(
                "4",
                "status",
                {"id": "0", "height": 3_100_000, "difficulty": 64, "accepted": 1, "rejected": 0, "stale": 0},
            ),
        ),
        (ASK, _grin_call("5", "submit", {**share, "pow": proof})),
        (TELL, _grin_reply("5", "submit", None, late)),
    ]


def _beam(**in_job: Any) -> Said:
    def said(request: str, method: str, **keys: Any) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "id": request, "method": method, **keys}

    def job(request: str) -> dict[str, Any]:
        return said(
            request, "job", input=number(request, 64), difficulty=116262144, height=3_000_000, **in_job
        )

    def solution(request: str) -> dict[str, Any]:
        return said(request, "solution", nonce=number(f"{request}n", 16), output=number(f"{request}o", 208))

    return [
        (ASK, said("login", "login", api_key="samplefarm.rig9")),
        (
            TELL,
            said(
                "login",
                "result",
                code=0,
                description="Login successful",
                nonceprefix="ab4e3a",
                forkheight=321321,
            ),
        ),
        (TELL, job("211")),
        (TELL, said("211", "cancel")),
        (TELL, job("212")),
        (ASK, solution("212")),
        (TELL, said("212", "result", code=1, description="accepted")),
        (ASK, solution("212")),
        (TELL, said("212", "result", code=3, description="expired")),
    ]


def _iron_fish(version: int) -> Said:
    def said(request: int, method: str, body: dict[str, Any]) -> dict[str, Any]:
        return {"id": request, "method": method, "body": body}

    greeting: dict[str, Any] = {"version": version, "name": "rig4", "publicAddress": number("iron", 64)}
    granted: dict[str, Any] = {"clientId": 7, "graffiti": number("graffiti", 64)}
    share: dict[str, Any] = {"miningRequestId": 17, "randomness": number("random", 16)}
    if version == 2:
        share["graffiti"] = number("graffiti", 64)
    if version == 3:
        greeting["agent"] = "lolMiner/1.85"
        granted = {"clientId": 7, "xn": "64da"}
    return [
        (ASK, said(0, "mining.subscribe", greeting)),
        (TELL, said(0, "mining.subscribed", granted)),
        (TELL, said(1, "mining.set_target", {"target": "00000000dbe6fece" + "0" * 48})),
        (TELL, said(2, "mining.wait_for_work", {})),
        (TELL, said(3, "mining.notify", {"miningRequestId": 17, "header": number("fish", 360)})),
        (ASK, said(1, "mining.submit", share)),
        (TELL, said(4, "mining.submitted", {"id": 1, "result": True})),
        (ASK, said(2, "mining.submit", share)),
        (TELL, said(5, "mining.submitted", {"id": 2, "result": False, "message": "duplicate"})),
        (ASK, said(3, "mining.get_status", {})),
        (TELL, said(6, "mining.status", {"name": "pool.example", "hashrate": 1, "miners": 2})),
        (TELL, said(7, "mining.disconnect", {"reason": "unknown"})),
    ]


def make() -> bytes:
    """Return the capture."""
    tape = Tape()
    lay(tape, 20, 3416, _grin(""))
    lay(tape, 21, 3353, _grin("0001", cleanjob=True, xn="0001"), spaced=True)
    lay(tape, 22, 10000, _beam())
    lay(tape, 23, 3370, _beam(nonceprefix="ab4e3a"))
    for version in (1, 2, 3):
        lay(tape, 23 + version, 9034, _iron_fish(version))
    return finished(tape)

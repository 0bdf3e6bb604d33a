"""A Chia farmer at a pool whose gateway ends TLS: joins, brings partials, is told a new difficulty.

Beside it a program that compares pools: it reads pool_info and goes.
"""

from typing import Any

from pcaps.makers.getwork import http, rpc
from pcaps.makers.making import C, S, Script, Tape, number

FILE = "chia_pool.pcap"
POOL = ("198.51.100.90", 8080)
LAUNCHER = "0x" + "0" * 64


def _said(method: str, path: str, body: dict[str, Any] | None, answer: dict[str, Any]) -> Script:
    head = {"Host": "198.51.100.90:8080", "Accept": "*/*", "User-Agent": "Chia Blockchain v.2.4.3"}
    if body is not None:
        head["Content-Type"] = "application/json"
    server = {"Content-Type": "application/json; charset=utf-8", "Server": "Python/3.10 aiohttp/3.8.4"}
    return [
        (0.5, C, http(f"{method} {path} HTTP/1.1", head, b"" if body is None else rpc(body, spaced=True))),
        (0.1, S, http("HTTP/1.1 200 OK", server, rpc(answer, spaced=True))),
    ]


def info() -> Script:
    """Return the question that anybody may ask."""
    return _said(
        "GET",
        "/pool_info",
        None,
        {
            "name": "Sample Pool",
            "logo_url": "https://pool.example/logo.png",
            "fee": "0.01",
            "description": "",
            "minimum_difficulty": 1,
            "protocol_version": 1,
            "relative_lock_height": 32,
            "target_puzzle_hash": "0x" + number("puzzle", 64),
            "authentication_token_timeout": 5,
        },
    )


def partial(count: int) -> dict[str, Any]:
    """Return one proof of space; the proof's 64 values of 32 bits."""
    return {
        "payload": {
            "launcher_id": LAUNCHER,
            "authentication_token": 5_908_000 + count // 4,
            "proof_of_space": {
                "challenge": "0x" + number(f"challenge{count}", 64),
                "pool_public_key": None,
                "pool_contract_puzzle_hash": "0x" + number("puzzle", 64),
                "plot_public_key": "0x" + number(f"plot{count % 5}", 96),
                "size": 32,
                "proof": "0x" + number(f"proof{count}", 512),
            },
            "sp_hash": "0x" + number(f"point{count}", 64),
            "end_of_sub_slot": False,
            "harvester_id": "0x" + number(f"harvester{count % 2}", 64),
        },
        "aggregate_signature": "0x" + number(f"signature{count}", 192),
    }


def farmer() -> Script:
    """Return the farmer's conversation."""
    joins = {
        "payload": {
            "launcher_id": LAUNCHER,
            "authentication_token": 5_908_000,
            "authentication_public_key": "0x" + number("key", 96),
            "payout_instructions": "0x" + "0" * 64,
            "suggested_difficulty": None,
        },
        "signature": "0x" + number("joins", 192),
    }
    state = {
        "authentication_public_key": "0x" + number("key", 96),
        "payout_instructions": "0x" + "0" * 64,
        "current_difficulty": 1,
        "current_points": 0,
    }
    asked = f"/farmer?launcher_id={LAUNCHER}&authentication_token=5908000&signature=0x{number('asks', 192)}"
    script = [*info(), *_said("POST", "/farmer", joins, {"welcome_message": "Welcome to Sample Pool"})]
    script += _said("GET", asked, None, state)
    for count in range(8):
        answer: dict[str, Any] = {"new_difficulty": 1 + count // 4}
        if count == 5:
            answer = {"error_code": 2, "error_message": "The partial is too late"}
        (pause, side, payload), reply = _said("POST", "/partial", partial(count), answer)
        script += [(30.0 + pause, side, payload[:700]), (0.001, side, payload[700:]), reply]
    return script


def make() -> bytes:
    """Return the capture."""
    tape = Tape()
    tape.tcp(0.0, ("192.0.2.81", 53000), POOL, farmer())
    tape.tcp(7.0, ("192.0.2.82", 53100), POOL, info())
    return tape.in_time_order().pcap()

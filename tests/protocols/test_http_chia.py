"""Chia's pool protocol in plain HTTP, written from pool-reference's specification and protocols.md A.10."""

from typing import Any

import pytest

from protocols.http import Http
from tests.protocols.http_wire import C, S, mining, request, response, said
from tests.protocols.wire import play

LAUNCHER, SP, PUZZLE = ("0x" + digit * 64 for digit in "123")
INFO = {
    "name": "Example",
    "description": "",
    "logo_url": "",
    "fee": "0.01",
    "minimum_difficulty": 10,
    "protocol_version": 1,
    "relative_lock_height": 100,
    "target_puzzle_hash": PUZZLE,
    "authentication_token_timeout": 5,
}
PARTIAL: dict[str, Any] = {
    "payload": {
        "launcher_id": LAUNCHER,
        "authentication_token": 5907000,
        "proof_of_space": {
            "challenge": "0x" + "4" * 64,
            "pool_contract_puzzle_hash": PUZZLE,
            "plot_public_key": "0x" + "5" * 96,
            "size": 32,
            "proof": "0x" + "6" * 512,
        },
        "sp_hash": SP,
        "end_of_sub_slot": False,
        "harvester_id": "0x" + "7" * 64,
    },
    "aggregate_signature": "0x" + "8" * 192,
}
FARMER = {
    "payload": {
        "launcher_id": LAUNCHER,
        "authentication_token": 5907000,
        "authentication_public_key": "0x" + "9" * 96,
        "payout_instructions": "0x" + "a" * 64,
        "suggested_difficulty": None,
    },
    "signature": "0x" + "8" * 192,
}


def test_a_farmer_joins_and_brings_partials() -> None:
    agent = {"user_agent": "Chia Blockchain v.2.4.3"}
    state = {
        "authentication_public_key": "0x9",
        "payout_instructions": "0xa",
        "current_difficulty": 10,
        "current_points": 0,
    }
    flights = [
        (C, request(to="GET /pool_info HTTP/1.1", **agent)),
        (S, response(INFO)),
        (C, request(to=f"GET /farmer?launcher_id={LAUNCHER}&authentication_token=1 HTTP/1.1")),
        (S, response(state)),
        (C, request(FARMER, to="POST /farmer HTTP/1.1", **agent)),
        (S, response({"welcome_message": "Welcome"})),
        (C, request(FARMER, to="PUT /farmer HTTP/1.1", **agent)),
        (S, response({"payout_instructions": True})),
        (C, request(PARTIAL, to="POST /partial HTTP/1.1")),
        (S, response({"new_difficulty": 20})),
        (C, request(PARTIAL, to="POST /v1/partial HTTP/1.1")),
        (S, response({"error_code": 2, "error_message": "Too late"})),
    ]
    login = f"user='{LAUNCHER}' coin='XCH' agent='Chia Blockchain v.2.4.3'"
    submit = f"stratum-chia pool.submit job_id='{SP}' worker='0x{'7' * 64}'"
    assert said(flights) == [
        "stratum-chia pool.difficulty difficulty=10.0",
        f"stratum-chia pool.login method='POST /farmer' {login}",
        "stratum-chia pool.login_result accepted=True message='Welcome'",
        f"stratum-chia pool.login method='PUT /farmer' {login}",
        "stratum-chia pool.login_result accepted=True",
        submit,
        "stratum-chia pool.share_result accepted=True",
        "stratum-chia pool.difficulty difficulty=20.0",
        submit,
        "stratum-chia pool.share_result accepted=False code=2 message='Too late'",
    ]


@pytest.mark.parametrize("answer", [{}, {"status": "ok"}, {"error_code": "2"}, {"new_difficulty": True}])
def test_answers_of_other_services_are_none(answer: object) -> None:
    flights = [
        (C, request(to="GET /pool_info HTTP/1.1")),
        (S, response(answer)),
        (C, request(PARTIAL, to="POST /partial HTTP/1.1")),
        (S, response(answer)),
        (C, request(to="GET /farmer?launcher_id=1 HTTP/1.1")),
        (S, response(b"<html>")),
    ]
    assert [event.kind for event in mining(play(Http, flights))] == ["pool.submit"]


@pytest.mark.parametrize(
    ("to", "body"),
    [
        ("POST /partial HTTP/1.1", {"payload": {"id": 1}}),
        ("POST /partial HTTP/1.1", {"payload": {**PARTIAL["payload"], "proof_of_space": None}}),
        ("POST /partial HTTP/1.1", {"payload": {**PARTIAL["payload"], "sp_hash": "x"}}),
        ("POST /farmer HTTP/1.1", {"name": "Old MacDonald"}),
        ("POST /farmer HTTP/1.1", [1]),
        ("DELETE /farmer HTTP/1.1", FARMER),
        ("POST /partial HTTP/1.1", b"template=1"),
        ("GET /farmer HTTP/1.1", None),
    ],
)
def test_requests_at_the_same_paths_that_are_no_farmer_s_say_nothing(to: str, body: object) -> None:
    flights = [(C, request(body, to=to)), (S, response({"new_difficulty": 5, "current_difficulty": 5}))]
    assert play(Http, flights) == []

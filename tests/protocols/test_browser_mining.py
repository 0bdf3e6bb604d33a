"""Browser mining in both vocabularies, other dialects over WebSocket, and what only looks like them."""

from typing import Any

import pytest

from pcaps.makers.making import monero_address
from protocols.browser_mining import algorithm_of
from protocols.events import (
    Login,
    LoginResult,
    MinerAsPool,
    Notice,
    PoolAsMiner,
    PoolEvent,
    ShareResult,
    Submit,
    Subscribe,
    Work,
)
from protocols.parser import Event, Side
from protocols.websocket import WebSocket
from tests.protocols.websocket_wire import client, play, server

C, S = Side.CLIENT, Side.SERVER
BLOB, HASH = "0a" * 76, "ab" * 32

AUTH = {
    "type": "auth",
    "params": {"version": 7, "site_key": "K" * 32, "type": "anonymous", "user": None, "goal": 0},
}
AUTHED = {"type": "authed", "params": {"token": "", "hashes": 0}}
JOB = {"type": "job", "params": {"blob": BLOB, "job_id": "j1", "target": "285c8f02", "id": "s"}}
SUBMIT = {"type": "submit", "params": {"version": 7, "job_id": "j1", "nonce": "5ef9910b", "result": HASH}}
ACCEPTED = {"type": "hash_accepted", "params": {"hashes": 100}}
HANDSHAKE = {
    "identifier": "handshake",
    "pool": "pool.example",
    "login": monero_address(),
    "password": "",
    "userid": "page7",
    "version": 8,
}
WEB_JOB = {
    "identifier": "job",
    "job_id": "j1",
    "algo": "cn-lite",
    "variant": 1,
    "height": 1,
    "blob": BLOB,
    "target": "b88d0600",
}
SOLVED = {"identifier": "solved", "job_id": "j1", "nonce": "5ef9910b", "result": HASH}
HASH_SOLVED = {"identifier": "hashsolved"}


def told(*flights: tuple[Side, bytes]) -> list[Event]:
    events = play(WebSocket(False), flights)
    assert play(WebSocket(False), flights, [1]) == events
    return events


def test_a_session_of_coinhive_tells_account_work_and_shares() -> None:
    job = {**JOB, "params": {**JOB["params"], "algo": "cn/r", "variant": "r", "height": 1797516}}  # type: ignore[dict-item]
    login, logged, work, share, result = told(
        client(AUTH), server(AUTHED), server(job), client(SUBMIT), server(ACCEPTED)
    )
    assert isinstance(login, Login)
    assert (login.method, login.user, login.wallet, login.worker) == ("auth", "K" * 32, None, None)
    assert isinstance(logged, LoginResult)
    assert logged.accepted
    assert isinstance(work, Work)
    assert (work.job_id, work.algorithm, work.height, work.hashes) == ("j1", "cn/r", 1797516, 100.0)
    assert isinstance(share, Submit)
    assert share.job_id == "j1"
    assert isinstance(result, ShareResult)
    assert result.accepted
    assert {event.protocol for event in (login, logged, work, share, result)} == {"browser-mining"}
    assert [event.side for event in (login, logged, work, share, result)] == [C, S, S, C, S]


def test_a_session_of_webminerpool_tells_pool_wallet_work_and_shares() -> None:
    host, login, work, share, result = told(
        client(HANDSHAKE), server(WEB_JOB), client(SOLVED), server(HASH_SOLVED)
    )
    assert isinstance(host, Subscribe)
    assert (host.method, host.pool_host) == ("handshake", "pool.example")
    assert isinstance(login, Login)
    assert (login.wallet, login.coin, login.worker) == (monero_address(), "XMR", "page7")
    assert isinstance(work, Work)
    assert (work.algorithm, work.height, work.hashes) == ("cn-lite/1", 1, 10_000.0)
    assert isinstance(share, Submit)
    assert isinstance(result, ShareResult)
    assert result.accepted
    assert {event.protocol for event in (host, login, work, share, result)} == {"browser-mining"}


@pytest.mark.parametrize(
    ("params", "user", "wallet", "worker"),
    [
        ({"site_key": monero_address(), "user": "rig"}, monero_address(), monero_address(), "rig"),
        ({"site_key": "S" * 32, "type": "user", "user": "bob", "goal": 0}, "S" * 32, None, "bob"),
        ({"site_key": "S" * 32, "type": "token", "token": "t", "user": None}, "S" * 32, None, None),
        (
            {"site_key": f"{monero_address()}.w1", "user": None},
            f"{monero_address()}.w1",
            monero_address(),
            "w1",
        ),
    ],
)
def test_the_forms_of_an_account(
    params: dict[str, Any], user: str, wallet: str | None, worker: str | None
) -> None:
    (login,) = told(client({"type": "auth", "params": params}))
    assert isinstance(login, Login)
    assert (login.user, login.wallet, login.worker) == (user, wallet, worker)


@pytest.mark.parametrize("params", [{"site_key": "key"}, {"userID": "u1", "version": 2}])
@pytest.mark.parametrize("proof", [AUTHED, JOB])
def test_an_account_in_common_words_is_told_once_a_pool_proves_it(
    params: dict[str, Any], proof: dict[str, Any]
) -> None:
    auth = client({"type": "auth", "params": params})
    assert told(auth) == []
    events = told(auth, server(proof))
    assert [event.kind for event in events] in (
        ["pool.login", "pool.login_result"],
        ["pool.login", "pool.work"],
    )
    assert events[0].protocol == "browser-mining"
    refused = server({"type": "error", "params": {"error": "no such account"}})
    assert [event.kind for event in told(auth, refused, server(JOB))] == ["pool.work"]


def test_a_login_by_number_is_read() -> None:
    body = {"identifier": "handshake", "loginid": "49", "userid": "", "version": 5}
    (login,) = told(client(body))
    assert isinstance(login, Login)
    assert (login.user, login.wallet, login.worker) == ("49", None, None)


def test_a_failure_answers_the_login_then_shares_then_nothing() -> None:
    error = server({"type": "error", "params": {"error": "invalid_site_key"}})
    banned = server({"type": "banned", "params": {"banned": 1700000000}})
    answers = told(client(AUTH), error, client(SUBMIT), banned, error)[1:]
    assert isinstance(answers[0], LoginResult)
    assert (answers[0].accepted, answers[0].message) == (False, "invalid_site_key")
    assert isinstance(answers[1], Submit)
    assert isinstance(answers[2], ShareResult)
    assert (answers[2].accepted, answers[2].message) == (False, "banned")
    assert isinstance(answers[3], Notice)
    assert answers[3].text == "invalid_site_key"
    wrong = server({"identifier": "error", "param": "wrong hash"})
    events = told(client(HANDSHAKE), server(WEB_JOB), client(SOLVED), wrong)
    assert isinstance(events[-1], ShareResult)
    assert (events[-1].accepted, events[-1].message) == (False, "wrong hash")


def test_shares_are_answered_one_by_one_and_never_without_a_share() -> None:
    events = told(
        client(AUTH), server(JOB), server(ACCEPTED), client(SUBMIT), client(SUBMIT), *[server(ACCEPTED)] * 3
    )
    assert [event.kind for event in events].count("pool.share_result") == 2
    assert told(server(ACCEPTED), server(AUTHED), server(HASH_SOLVED)) == []


@pytest.mark.parametrize(
    ("algo", "variant", "name"),
    [
        ("cn/r", "r", "cn/r"),
        ("cn", 1, "cn/1"),
        ("cn-lite", 1, "cn-lite/1"),
        ("cn-pico", None, "cn-pico"),
        ("cn", -1, "cn"),
        (None, 2, "cn/2"),
        (None, "r", "cn/r"),
        (None, None, None),
        (None, -1, None),
        ("cn", True, "cn"),
        (7, [1], None),
    ],
)
def test_the_algorithm_is_named_of_algo_and_variant(algo: object, variant: object, name: str | None) -> None:
    assert algorithm_of(algo, variant) == name


LOOKALIKES: dict[str, list[tuple[Side, bytes]]] = {
    "a chat": [
        client({"type": "auth", "params": {"user": "ann", "token": "t"}}),
        server({"type": "authed", "params": {"user": "ann"}}),
        client({"type": "submit", "params": {"text": "hi"}}),
        server({"type": "error", "params": {"error": "muted"}}),
    ],
    "a job queue": [
        server({"type": "job", "params": {"job_id": "1", "target": "printer", "blob": "aGVsbG8="}}),
        client({"type": "submit", "params": {"job_id": "1", "result": "done", "nonce": "00000000"}}),
        server({"identifier": "job", "job_id": "1", "blob": "0a", "target": "00"}),
        client({"identifier": "handshake", "version": 1, "login": "ann"}),
    ],
    "a page that quotes": [
        server({"type": "message", "params": {"text": '{"type":"job","params":{"blob":"00"}}'}}),
        server({"type": "message", "text": '{"id":1,"method":"mining.subscribe","params":[]}'}),
    ],
    "DApp JSON-RPC": [
        client({"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}),
        server({"jsonrpc": "2.0", "id": 1, "result": "0x1"}),
        client({"jsonrpc": "2.0", "id": 2, "method": "eth_subscribe", "params": ["newHeads"]}),
        server({"jsonrpc": "2.0", "id": 2, "result": "0x9cef478923ff08bf67fde6c64013158d"}),
        server(
            {
                "jsonrpc": "2.0",
                "method": "eth_subscription",
                "params": {"subscription": "0x9c", "result": {"number": "0x1b4", "nonce": "0x00"}},
            }
        ),
        client({"jsonrpc": "2.0", "id": 3, "method": "eth_getFilterChanges", "params": ["0x1"]}),
        server({"jsonrpc": "2.0", "id": 3, "result": ["0x" + "1d" * 32] * 3}),
        client({"jsonrpc": "2.0", "id": 4, "method": "net_version", "params": []}),
        server({"jsonrpc": "2.0", "id": 4, "result": "1"}),
    ],
    "Nimiq's words alone": [
        client({"message": "register", "mode": "nano", "address": "NQ00 0000", "deviceId": 1}),
        server({"message": "registered"}),
        server({"message": "settings", "address": "home", "targetCompact": 520159232, "extraData": ""}),
        client({"message": "share", "nonce": 7}),
        server({"message": "error", "reason": "invalid share"}),
        server({"message": "new-block", "blockHeader": "AAAA"}),
    ],
    "other JSON": [
        server({"identifier": {"a": 1}}),
        server({"type": "auth", "params": [1]}),
        server({"type": ["auth"], "params": {}}),
        server({"type": "hash_accepted"}),
        server({"message": {"register": 1}}),
    ],
}


@pytest.mark.parametrize("flights", LOOKALIKES.values(), ids=LOOKALIKES.keys())
def test_what_only_looks_like_mining_says_nothing(flights: list[tuple[Side, bytes]]) -> None:
    assert told(*flights) == []


def test_stratum_over_websocket_keeps_its_name() -> None:
    job = {"blob": BLOB, "job_id": "1", "target": "b88d0600", "algo": "rx/0", "seed_hash": HASH}
    login = {"login": monero_address(), "pass": "x", "agent": "page/1", "algo": ["rx/0"]}
    share = {"id": "s", "job_id": "1", "nonce": "5ef9910b", "result": HASH}
    events = told(
        client({"id": 1, "jsonrpc": "2.0", "method": "login", "params": login}),
        server({"id": 1, "jsonrpc": "2.0", "error": None, "result": {"id": "s", "job": job, "status": "OK"}}),
        client({"id": 2, "method": "submit", "params": share}),
        server({"id": 2, "error": None, "result": {"status": "OK"}}),
    )  # fmt: skip
    assert [event.kind.removeprefix("pool.") for event in events] == [
        "login", "login_result", "work", "submit", "share_result",
    ]  # fmt: skip
    assert {event.protocol for event in events} == {"stratum-cryptonote"}
    (event,) = told(client({"id": 1, "method": "mining.subscribe", "params": ["m/1"]}))
    assert event.protocol == "stratum-bitcoin"


def test_an_echo_is_no_conversation() -> None:
    events = told(client(AUTH), server(AUTH), server(JOB))
    assert [type(event) for event in events] == [Login, PoolAsMiner]
    events = told(server(JOB), client(JOB))
    assert [type(event) for event in events] == [Work, MinerAsPool]


def test_whoever_is_taken_for_the_client_the_page_is_the_miner() -> None:
    swapped = [
        (side.other, data) for side, data in (client(AUTH), server(JOB), client(SUBMIT), server(ACCEPTED))
    ]
    events = told(*swapped)
    senders = [(event.side, event.sender) for event in events if isinstance(event, PoolEvent)]
    assert senders == [(S, "miner"), (C, "pool"), (S, "miner"), (C, "pool")]

"""getblocktemplate and its kin: messages written from BIP 22 and protocols.md A.5.2, A.11."""

import base64
import gzip
import hashlib
import json
import time
from typing import Any

import pytest

from pcaps.makers.making import base58check, monero_address
from protocols.http import Http
from protocols.parser import Side
from tests.protocols.http_wire import C, S, call, mining, request, response, result, said
from tests.protocols.wire import drain, play

PREVIOUS = "00000000" + "5e" * 28
ONE = 2**256 / (0xFFFF * 2**208)
"""Expected hashes for a block at nBits 1d00ffff."""
TEMPLATE: dict[str, Any] = {
    "capabilities": ["proposal"],
    "version": 536870912,
    "rules": ["csv", "!segwit"],
    "previousblockhash": PREVIOUS,
    "transactions": [],
    "coinbaseaux": {},
    "coinbasevalue": 312500000,
    "longpollid": PREVIOUS + "7",
    "target": "00000000ffff" + "00" * 26,
    "mintime": 1772400000,
    "curtime": 1772416800,
    "bits": "1d00ffff",
    "height": 939123,
}
ASK = call("getblocktemplate", {"capabilities": ["coinbasetxn", "workid"], "rules": ["segwit"]})
TOLD = f"getblocktemplate pool.work height=939123 hashes={ONE!r} network_hashes={ONE!r}"
REQUEST = "getblocktemplate pool.request method='getblocktemplate'"
BLOCK = "00000020" + "ab" * 200

XMR = monero_address()
XMR_TEMPLATE = {
    "blockhashing_blob": "1010" + "cd" * 74,
    "blocktemplate_blob": "1010" + "cd" * 300,
    "difficulty": 512_000_000_000,
    "difficulty_top64": 0,
    "expected_reward": 600_000_000_000,
    "height": 3_400_123,
    "prev_hash": "9a" * 32,
    "reserved_offset": 129,
    "seed_hash": "8b" * 32,
    "status": "OK",
    "wide_difficulty": "0x7735940000",
}
XMR_HASHES = "hashes=512000000000.0 network_hashes=512000000000.0"


def test_a_solo_miner_polls_a_node_and_brings_a_block() -> None:
    basic = "Basic " + base64.b64encode(b"__cookie__:0123").decode()
    head = {"authorization": basic, "user_agent": "bfgminer/5.5.0"}
    held = call("getblocktemplate", {"rules": ["segwit"], "longpollid": PREVIOUS + "7"}, id=2)
    flights = [
        (C, request(ASK, **head)),
        (S, result(TEMPLATE)),
        (C, request(held, **head)),
        (S, result({**TEMPLATE, "workid": "w9"}, id=2)),
        (C, request(call("submitblock", BLOCK, {"workid": "w9"}, id=3), **head)),
        (S, result(None, id=3)),
        (C, request(call("submitblock", BLOCK, id=4), **head)),
        (S, result("high-hash", id=4)),
    ]
    assert said(flights) == [
        "getblocktemplate pool.subscribe method='getblocktemplate' agent='bfgminer/5.5.0'",
        REQUEST,
        TOLD,
        REQUEST,
        f"getblocktemplate pool.work job_id='w9' height=939123 hashes={ONE!r} network_hashes={ONE!r}",
        "getblocktemplate pool.submit",
        "getblocktemplate pool.share_result accepted=True",
        "getblocktemplate pool.submit",
        "getblocktemplate pool.share_result accepted=False message='high-hash'",
    ]


def test_cryptonote_s_daemon_mode_names_a_wallet() -> None:
    ask = {
        "id": "0",
        "jsonrpc": "2.0",
        "method": "getblocktemplate",
        "params": {"wallet_address": XMR, "reserve_size": 8},
    }
    block = {"id": "1", "jsonrpc": "2.0", "method": "submitblock", "params": ["1010" + "cd" * 300]}
    to = {"to": "POST /json_rpc HTTP/1.1"}
    flights = [
        (C, request(to="GET /getheight HTTP/1.1")),
        (S, response({"hash": "9a" * 32, "height": 3_400_123, "status": "OK"})),
        (C, request(ask, **to)),
        (S, result(XMR_TEMPLATE, id="0")),
        (C, request(to="GET /getheight HTTP/1.1")),
        (S, response({"hash": "9a" * 32, "height": 3_400_123, "status": "OK"})),
        (C, request(block, x_hash_difficulty="600000000000", **to)),
        (S, result({"status": "OK"}, id="1")),
        (C, request(block, **to)),
        (S, result(None, id="1", error={"code": -7, "message": "Block not accepted"})),
    ]
    assert said(flights) == [
        f"getblocktemplate pool.login method='getblocktemplate' user='{XMR}' wallet='{XMR}' coin='XMR'",
        REQUEST,
        f"getblocktemplate pool.work algorithm='rx' height=3400123 {XMR_HASHES}",
        "getblocktemplate pool.request method='getheight'",
        "getblocktemplate pool.submit",
        "getblocktemplate pool.share_result accepted=True",
        "getblocktemplate pool.submit",
        "getblocktemplate pool.share_result accepted=False code=-7 message='Block not accepted'",
    ]


def test_aliases_and_kin_of_the_methods() -> None:
    aux = {"hash": "4c" * 32, "chainid": 98, "previousblockhash": PREVIOUS, "bits": "1d00ffff", "height": 5}
    candidate = {
        "id": "a-b",
        "prevHash": PREVIOUS,
        "nBits": "1d00ffff",
        "height": 7,
        "merkleProof": [],
        "time": 1,
    }
    p2pool = {
        "major_version": 16,
        "height": 9,
        "prev_id": "9a" * 32,
        "seed_hash": "8b" * 32,
        "difficulty": "0x7735940000",
    }
    flights = [
        (C, request(call("get_block_template", {"rules": []}))),
        (S, result(TEMPLATE)),
        (C, request(call("getauxblock"))),
        (S, result(aux)),
        (C, request(call("getauxblock", "4c" * 32, "01" * 300))),
        (S, result(True)),
        (C, request(call("createauxblock", "D" + "x" * 33))),
        (S, result(aux)),
        (C, request(call("submitauxblock", "4c" * 32, "01" * 300))),
        (S, result(False)),
        (C, request(call("getminingcandidate", False))),
        (S, result(candidate)),
        (C, request(call("submitminingsolution", {"id": "a-b", "nonce": 5}))),
        (S, result(True)),
        (C, request({"jsonrpc": "2.0", "id": 1, "method": "get_miner_data"})),
        (S, result(p2pool)),
        (C, request(call("submit_block", BLOCK))),
        (S, result({"status": "OK"})),
    ]
    works = [event for event in said(flights) if "pool.work" in event]
    assert works == [
        TOLD,
        f"getblocktemplate pool.work job_id='{'4c' * 32}' height=5 network_hashes={ONE!r}",
        f"getblocktemplate pool.work job_id='{'4c' * 32}' height=5 network_hashes={ONE!r}",
        f"getblocktemplate pool.work job_id='a-b' height=7 network_hashes={ONE!r}",
        f"getblocktemplate pool.work algorithm='rx' height=9 {XMR_HASHES}",
    ]
    results = [event.split("accepted=")[1] for event in said(flights) if "share_result" in event]
    assert results == ["True", "False", "True", "True"]
    assert sum("pool.submit" in event for event in said(flights)) == 4


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("template", [TEMPLATE, XMR_TEMPLATE])
def test_a_template_of_megabytes_is_told_by_its_ends(template: dict[str, Any], packed: bool) -> None:
    big = dict(template)
    if "transactions" in big:
        big["transactions"] = [{"data": "02" * 500, "txid": "7d" * 32, "fee": 1000}] * 2000
    else:
        big["blocktemplate_blob"] = "1010" + "cd" * 400_000
    data = json.dumps({"result": big, "error": None, "id": 1}).encode()
    assert len(data) > 500_000
    answer = response(gzip.compress(data), content_encoding="gzip") if packed else response(data)
    flights = [(C, request(ASK)), (S, answer)]
    small = [(C, request(ASK)), (S, result(template))]
    expected = [(event.kind, vars_of(event)) for event in play(Http, small)]
    for cuts in ((), (1460,), (65_000, 17)):
        assert [(event.kind, vars_of(event)) for event in play(Http, flights, cuts)] == expected
    alone = [(C, request(call("getblock"))), (S, response(data))]
    assert play(Http, alone) == []  # not asked for


def vars_of(event: object) -> dict[str, Any]:
    return {
        name: getattr(event, name) for name in ("height", "hashes", "network_hashes") if hasattr(event, name)
    }


@pytest.mark.parametrize("last", [False, True])
def test_a_block_of_megabytes_is_submitted(last: bool) -> None:
    body: dict[str, Any] = {"id": 5, "jsonrpc": "1.0", "method": "submitblock", "params": ["00" * 500_000]}
    if last:
        body = {"params": body["params"], "id": 5, "method": "submitblock", "jsonrpc": "1.0"}
    flights = [(C, request(body)), (S, result(None, id=5))]
    for cuts in ((), (1460,)):
        assert [event.kind for event in play(Http, flights, cuts)] == ["pool.submit", "pool.share_result"]
    quoted = {"note": {"method": "submitblock"}, "params": ["00" * 500_000], "x": '"method":"submitblock"}'}
    assert play(Http, [(C, request(quoted)), (S, result(None, id=5))]) == []


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (response(b"Not Found", status="404 Not Found"), [" code=404 message='Not Found'"]),
        (response(b"", status="401 Unauthorized"), [" code=401 message='Unauthorized'"]),
        (response(b"<!DOCTYPE html><html>"), []),
        (result(None, error={"code": -32601, "message": "Method not found"}, status="404 Not Found"),
         [" code=-32601 message='Method not found'"]),
        (result(True), []),
        (result({}), []),
        (result({**TEMPLATE, "previousblockhash": "5e"}), []),
        (result({**TEMPLATE, "bits": 486604799}), []),
        (result({key: TEMPLATE[key] for key in ("previousblockhash", "bits", "height")}), []),
        (result(XMR_TEMPLATE | {"height": None}), []),
    ],
)  # fmt: skip
def test_an_answer_without_a_template_leaves_an_attempt(answer: bytes, told: list[str]) -> None:
    assert said([(C, request(ASK)), (S, answer)]) == [
        REQUEST,
        *(f"getblocktemplate pool.refused method='getblocktemplate'{one}" for one in told),
    ]


@pytest.mark.parametrize(
    "body",
    [
        call("getblockchaininfo"),
        call("getmininginfo"),
        call("getblock", PREVIOUS, 1),
        call("getblocktemplate", "text"),
        call("submitblock"),
        call("submitblock", "0011"),
        call("submitblock", {"block": BLOCK}),
        {"jsonrpc": "2.0", "id": 1, "method": "get_info"},
        {"jsonrpc": "2.0", "id": 1, "method": "getblocktemplate", "params": {"queue": 1}},
        {"method": ["getblocktemplate"], "id": 1},
    ],
)
def test_a_wallet_s_and_an_explorer_s_calls_say_nothing(body: object) -> None:
    block = {
        "hash": PREVIOUS,
        "previousblockhash": PREVIOUS,
        "bits": "1d00ffff",
        "height": 5,
        "time": 1,
        "tx": [],
    }
    for answer in (result(block), result({"height": 3_400_123, "status": "OK"}), result(None)):
        assert mining(play(Http, [(C, request(body)), (S, answer)])) == []


@pytest.mark.parametrize("path", ["/getheight", "/get_height", "/getinfo", "/get_info", "/getinfo?x=1"])
def test_a_wallet_that_polls_the_height_says_nothing(path: str) -> None:
    flights = [(C, request(to=f"GET {path} HTTP/1.1")), (S, response({"height": 3_400_123, "status": "OK"}))]
    assert play(Http, flights * 20) == []


def test_a_template_alone_is_work_where_its_request_was_not_seen() -> None:
    assert said([(S, result(TEMPLATE, id=9))]) == [TOLD]


def test_a_gap_within_a_template_gives_no_work() -> None:
    answer = result(TEMPLATE)
    parser = Http()
    drain(parser, C, request(ASK))
    assert drain(parser, S, answer[:-200]) == []
    parser.gap(S, 100)
    assert drain(parser, S, answer[-100:]) == []
    drain(parser, C, request(ASK))
    events = drain(parser, S, answer)
    assert [event.kind for event in events] == ["pool.work"]
    assert events[0].offset == len(answer)


HOSTILE = {
    "deep": b'{"method":"getblocktemplate","params":' + b"[" * 60_000,
    "closed deep": b'{"method":"getblocktemplate","params":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "digits": b'{"method":"getblocktemplate","id":' + b"9" * 5000 + b',"params":[]}',
    "keys": b'{"method":"getblocktemplate","method":"getwork","params":[]}',
    "types": b'{"method":"getblocktemplate","params":7}',
    "batch": b"[" + b'{"method":"getwork","params":0},' * 2000 + b"{}]",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("side", list(Side))
def test_hostile_json_says_nothing_and_the_flow_goes_on(name: str, side: Side) -> None:
    parser = Http()
    if side is C:
        assert drain(parser, C, request(HOSTILE[name])) == []
        drain(parser, S, result(True))
    else:
        drain(parser, C, request(ASK))
        assert drain(parser, S, response(HOSTILE[name])) == []
    assert [event.kind for event in drain(parser, C, request(ASK))] == ["pool.request"]
    assert [event.kind for event in drain(parser, S, result(TEMPLATE))] == ["pool.work"]


@pytest.mark.prove
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_json_costs_five_milliseconds_at_most(name: str) -> None:
    data = request(HOSTILE[name])

    def once() -> float:
        parser = Http()
        start = time.process_time()
        drain(parser, C, data)
        return time.process_time() - start

    assert min(once() for _ in range(9)) < 0.005


def test_a_block_that_waits_for_the_server_s_consent_is_submitted() -> None:
    body = json.dumps(call("submitblock", BLOCK, id=6)).encode()
    head, _, _ = request(body, expect="100-continue").partition(body)
    flights = [(C, head), (S, b"HTTP/1.1 100 Continue\r\n\r\n"), (C, body), (S, result(None, id=6))]
    assert said(flights) == [
        "getblocktemplate pool.submit",
        "getblocktemplate pool.share_result accepted=True",
    ]


@pytest.mark.prove
def test_wallets_by_the_hundred_cost_under_100_ms() -> None:
    """Each in the form of Groestlcoin's, whose sum is slow to check."""
    others = (base58check(b"\x24", hashlib.sha256(b"%d" % n).digest()[:20]) for n in range(400))
    wallets = [
        wallet[:-1] + ("2" if wallet[-1] != "2" else "3") for wallet in others
    ]  # Bitcoin's sum is wrong
    asked = b"".join(
        request({"id": 1, "method": "getblocktemplate", "params": {"wallet_address": wallet}})
        for wallet in wallets
    )

    def seconds() -> float:
        parser = Http()
        began = time.process_time()
        list(parser.feed(C, asked))
        return time.process_time() - began

    assert min(seconds() for _ in range(5)) < 0.1

"""getwork over HTTP: messages written from protocols.md A.4.1 and A.11, values worked out by hand."""

import base64
import json

import pytest

from protocols.http import Http
from protocols.parser import Side
from tests.protocols.http_wire import C, S, call, mining, observed, request, response, result, said
from tests.protocols.wire import drain, play

DATA = (
    "00000001"
    + "11" * 32
    + "22" * 32
    + "4f1e2d3c"
    + "1d00ffff"
    + "00000000"
    + "00000080"
    + "00" * 40
    + "80020000"
)
"""A header of 80 bytes with its words swapped, nBits 0x1d00ffff, padded to 128 bytes."""
EASY = "00" * 26 + "ffff" + "00000000"
"""Target of share difficulty 1, lowest byte first: 0xffff * 2^208, so 2^48 / 65535 hashes."""
HASHES = 4295032833.000015
WORK = {"midstate": "33" * 32, "data": DATA, "hash1": "00" * 64, "target": EASY}
TOLD_WORK = f"getwork pool.work hashes={HASHES!r} network_hashes={HASHES!r}"
ASK = {"method": "getwork", "params": [], "id": 0}
AGENT = {"user_agent": "cgminer 2.11.4", "x_mining_extensions": "longpoll midstate rollntime submitold"}
BASIC = "Basic " + base64.b64encode(b"farm.rig7:secret word").decode()
WALLET = "0x" + "ab" * 20
HEADER, SEED, MIX = ("0x" + digit * 64 for digit in "789")
TARGET = "0x00000000dbe6fecebdedd5beb573440e5a884d1b2fbf06fcce912adcb8d8422e"  # 5e9 hashes


def test_a_miner_asks_works_and_submits() -> None:
    assert len(DATA) == 256
    flights = [
        (C, request(ASK, authorization=BASIC, **AGENT)),
        (S, result(WORK, id=0, x_roll_ntime="expire=60", x_long_polling="/lp")),
        (C, request({"method": "getwork", "params": [DATA], "id": 1}, authorization=BASIC, **AGENT)),
        (S, result(True, chunked=True)),
        (C, request({"method": "getwork", "params": [DATA], "id": 1}, authorization=BASIC, **AGENT)),
        (S, result(False, x_reject_reason="stale")),
    ]
    assert said(flights) == [
        "getwork pool.login method='getwork' user='farm.rig7' worker='rig7' agent='cgminer 2.11.4'",
        "getwork pool.request method='getwork'",
        TOLD_WORK,
        "getwork pool.submit worker='rig7'",
        "getwork pool.share_result accepted=True",
        "getwork pool.submit worker='rig7'",
        "getwork pool.share_result accepted=False message='stale'",
    ]
    assert "secret" not in str(observed(flights))


def test_events_stand_where_their_messages_begin() -> None:
    first, answer = request(ASK), result(WORK, id=0)
    flights = [(C, first), (S, answer), (C, request(ASK)), (S, result(WORK, id=0))]
    assert [(side, offset) for side, offset, _ in observed(flights)] == [
        (C, 0),
        (S, 0),
        (C, len(first)),
        (S, len(answer)),
    ]


def test_the_program_and_its_claimed_hashrate_are_told_once() -> None:
    poll = request(ASK, x_mining_hashrate="412000000", **AGENT)
    faster = request(ASK, x_mining_hashrate="413000000", **AGENT)
    assert said([(C, poll), (C, poll), (C, faster)]) == [
        "getwork pool.subscribe method='getwork' agent='cgminer 2.11.4'",
        "getwork pool.reported_hashrate hashrate=412000000.0",
        "getwork pool.request method='getwork'",
        "getwork pool.request method='getwork'",
        "getwork pool.reported_hashrate hashrate=413000000.0",
        "getwork pool.request method='getwork'",
    ]


def test_a_long_poll_without_a_body_is_answered_with_work() -> None:
    asked = (C, request(to="GET /LP HTTP/1.1", **AGENT))
    assert said([asked, (S, result(WORK, id=7))])[1:] == ["getwork pool.request method='getwork'", TOLD_WORK]
    plain = (C, request(to="GET /LP HTTP/1.1"))  # an old miner, no sign of one but the answer
    assert said([plain, (S, result(WORK, id=7))]) == [TOLD_WORK]


def test_the_answer_alone_is_work_where_its_request_was_not_seen() -> None:
    assert said([(S, result(WORK, id=7))]) == [TOLD_WORK]
    assert [event for *_, event in observed([(S, result(WORK, id=7))])] == [TOLD_WORK]
    assert said([(C, request(call("getinfo"))), (S, result(WORK))]) == []  # it answers something else


def test_x_stratum_sends_the_miner_elsewhere() -> None:
    refused = {"code": 0, "message": "use stratum"}
    flights = [
        (C, request(ASK)),
        (S, result(None, id=None, error=refused, x_stratum="stratum+tcp://pool.example:3333")),
    ]
    assert said(flights) == [
        "getwork pool.request method='getwork'",
        "getwork pool.notice method='X-Stratum' text='stratum+tcp://pool.example:3333'",
        "getwork pool.refused method='getwork' code=0 message='use stratum'",
    ]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (response(b"<html>", status="404 Not Found"), " code=404 message='Not Found'"),
        (response(b"", status="401 Unauthorized"), " code=401 message='Unauthorized'"),
        (b"HTTP/1.1 400 Bad\r\nConnection: close\r\n\r\n400 Bad Request", " code=400 message='Bad'"),
        (result(None, id=0, error={"code": -10, "message": "m"}, status="500 Oops"), " code=-10 message='m'"),
        (response(b"<html>ok</html>"), None),
        (result({"data": "00", "target": EASY}, id=0), None),
        (result({"data": DATA, "target": "00" * 32}, id=0), None),
        (result(WORK, id=0, status="500 Oops"), " code=500 message='Oops'"),
        (response(b'{"id":999,"result":null'), None),
    ],
)  # fmt: skip
def test_what_is_no_work_gives_none(answer: bytes, told: str | None) -> None:
    events = said([(C, request(ASK)), (S, answer)])
    assert events == ["getwork pool.request method='getwork'"] + (
        [f"getwork pool.refused method='getwork'{told}"] if told is not None else []
    )


def test_a_server_of_another_protocol_leaves_an_attempt() -> None:
    flights = [(C, request(ASK)), (S, b'{"id":999,"result":null,"error":[20,"Invalid JSON request"]}\n')]
    assert [event for *_, event in observed(flights)] == ["getwork pool.request method='getwork'"]


def test_ethereum_s_work_is_asked_given_and_submitted_over_http() -> None:
    head = {"to": f"POST /{WALLET}/rig3 HTTP/1.1"}
    flights = [
        (C, request({"id": 1, "jsonrpc": "2.0", "method": "eth_getWork"}, **head)),
        (S, result([HEADER, SEED, TARGET, "0x11a5b2c"], chunked=True)),
        (C, request(call("eth_submitHashrate", "0x1000000", SEED, id=9), **head)),
        (S, result(True, id=73)),
        (C, request(call("eth_submitWork", "0x" + "5" * 16, HEADER, MIX, worker="gpu1"), **head)),
        (S, result(True)),
        (C, request(call("eth_submitWork", "0x" + "6" * 16, HEADER, MIX), **head)),
        (S, result(None, error={"code": 23, "message": "Invalid share"})),
    ]
    events = said(flights)
    hashes = 2**256 / int(TARGET, 16)
    assert events == [
        f"getwork pool.login method='eth_getWork' user='{WALLET}/rig3' wallet='{WALLET}' worker='rig3'",
        "getwork pool.request method='eth_getWork'",
        f"getwork pool.work job_id='{HEADER}' algorithm='ethash' height={0x11A5B2C} hashes={hashes!r}",
        "getwork pool.reported_hashrate hashrate=16777216.0",
        f"getwork pool.submit job_id='{HEADER}' worker='gpu1'",
        "getwork pool.share_result accepted=True",
        f"getwork pool.submit job_id='{HEADER}'",
        "getwork pool.share_result accepted=False code=23 message='Invalid share'",
    ]


@pytest.mark.parametrize(
    ("target", "worker"),
    [
        (f"/?miner=30@{WALLET}@Rig_1", "Rig_1"),
        (f"/{WALLET}", None),
        (f"/{WALLET}.rig-2", "rig-2"),
        (f"/submit/{WALLET}/rig2?x=1", "rig2"),
        (f"http://pool.example:8888/{WALLET}/r", "r"),
    ],
)
def test_the_wallet_in_the_url_is_the_account(target: str, worker: str | None) -> None:
    login = said([(C, request(call("eth_getWork"), to=f"POST {target} HTTP/1.1"))])[0]
    assert f"wallet='{WALLET}'" in login
    assert (f" worker='{worker}'" in login) if worker else ("worker" not in login)


def test_a_longer_number_in_the_url_is_no_wallet() -> None:
    assert said([(C, request(call("eth_getWork"), to=f"POST /{WALLET}00 HTTP/1.1"))]) == [
        "getwork pool.request method='eth_getWork'"
    ]


def test_logins_over_http_are_answered() -> None:
    flights = [(C, request(call("eth_submitLogin", WALLET + ".a"))), (S, result(True))]
    assert said(flights) == [
        f"getwork pool.login method='eth_submitLogin' user='{WALLET}.a' wallet='{WALLET}' worker='a'",
        "getwork pool.login_result accepted=True",
    ]


@pytest.mark.parametrize(
    "body",
    [
        call("eth_call", {"to": WALLET, "data": "0x"}, "latest"),
        call("eth_blockNumber"),
        call("eth_getBalance", WALLET, "latest"),
        call("net_version"),
        call("eth_getFilterChanges", "0x1"),
        call("aria2.tellActive", "token:x"),
        {"jsonrpc": "2.0", "id": 1, "method": "getwork", "params": {"queue": "mail"}},
        call("getwork", "not hexadecimal"),
        call("eth_submitWork", "0x1", "0x2", "0x3"),
        call("eth_getWork", "latest"),
        call("eth_submitHashrate", 5),
        {"text": '{"method":"getwork","params":[]}'},
        {"text": "eth_getWork", "answer": {"method": "getwork", "params": []}},
        ["getwork"],
        b"<p>{&quot;method&quot;: &quot;getwork&quot;}</p>",
        b'say "method":"getwork" to a node',
    ],
)
def test_other_calls_and_quotations_say_nothing(body: object) -> None:
    answers = (result([HEADER, SEED, TARGET]), result(True), result(WORK))
    for answer in answers:
        assert mining(play(Http, [(C, request(body)), (S, answer)])) == []


def test_batches_are_matched_by_id() -> None:
    body = [call("eth_getWork", id=1), call("eth_blockNumber", id=2)]
    answer = [{"id": 2, "result": "0x5"}, {"id": 1, "result": [HEADER, SEED, TARGET]}]
    events = said([(C, request(body)), (S, response(answer))])
    assert [event.split(" ")[1] for event in events] == ["pool.request", "pool.work"]


def test_pipelined_requests_are_answered_in_their_order() -> None:
    flights = [
        (C, request(call("eth_blockNumber")) + request(call("eth_getWork", id=2)) + request(ASK)),
        (S, result("0x5") + result([HEADER, SEED, TARGET], id=2) + result(WORK, id=0)),
    ]
    events = said(flights)
    assert [event.split(" ")[1] for event in events] == ["pool.request"] * 2 + ["pool.work"] * 2


def test_after_a_gap_an_answer_counts_only_with_the_id_of_its_request() -> None:
    for answer, work in (
        (result([HEADER, SEED, TARGET], id=4), 0),
        (result([HEADER, SEED, TARGET], id=5), 1),
    ):
        parser = Http()
        assert len(drain(parser, C, request(call("eth_getWork", id=4)))) == 1
        parser.gap(S, 300)
        assert drain(parser, S, result([HEADER, SEED, TARGET], id=4)) == []  # asked before the gap
        parser.gap(S, 10)
        assert len(drain(parser, C, request(call("eth_getWork", id=5)))) == 1
        assert len(drain(parser, S, answer)) == work


def test_a_gap_within_a_share_costs_the_share_alone() -> None:
    share = request(call("eth_submitWork", "0x" + "5" * 16, HEADER, MIX))
    parser = Http()
    assert drain(parser, C, share[:-40]) == []
    parser.gap(C, 10)
    assert drain(parser, C, share[-30:]) == []
    assert drain(parser, S, result(True)) == []  # of which request is not known
    again = drain(parser, C, share) + drain(parser, S, result(True))
    assert [event.kind for event in again] == ["pool.submit", "pool.share_result"]
    assert again[0].offset == len(share)


def test_sides_taken_for_one_another_are_read_all_the_same() -> None:
    events = play(Http, [(Side.SERVER, request(ASK)), (Side.CLIENT, result(WORK, id=0))])
    assert [(event.kind, event.side) for event in events] == [("pool.request", S), ("pool.work", C)]


def test_compact_and_spaced_json_say_the_same() -> None:
    compact = json.dumps(ASK, separators=(",", ":")).encode() + b"\r\n"
    assert said([(C, request(compact))]) == said([(C, request(ASK))])

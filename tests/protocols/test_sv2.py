"""Stratum V2 in clear, built from the specification by pcaps/makers/stratum_v2.py."""

import random
import struct
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.errors import ParseError
from pcaps.makers import stratum_v2 as made
from protocols import events
from protocols.parser import Event, Match, Side
from protocols.sv2 import MAX_HELD, StratumV2
from tests.protocols.wire import drain, play

C, S = Side.CLIENT, Side.SERVER
AT = 1_772_416_800
TARGET = made.target_of(16_384)
HASHES = 2**256 / int.from_bytes(TARGET, "little")
SETUP = made.setup_connection(vendor="Sample", hardware="Board", firmware="1.0", host="sv2.sample.example")
OPENED = [
    (C, SETUP),
    (S, made.setup_success()),
    (C, made.open_standard(5, "account.rig1", 1e12, made.target_of(1))),
    (S, made.open_standard_success(5, 7, TARGET, bytes(4), 1)),
    (S, made.new_job(7, 1, None, made.hash_of("root"))),
    (S, made.new_prev_hash(7, 1, AT)),
]


def flights(script: Iterable[tuple[float, int, bytes]]) -> list[tuple[Side, bytes]]:
    return [(Side(side), payload) for _, side, payload in script]


def of(kind: type[events.PoolEvent], told: list[Event]) -> list[events.PoolEvent]:
    return [event for event in told if isinstance(event, kind)]


SESSIONS: tuple[Callable[[], list[tuple[float, int, bytes]]], ...] = (
    made.miner,
    made.translator,
    made.provider,
    made.declarator,
)


@pytest.mark.parametrize("session", SESSIONS, ids=lambda one: one.__name__)
def test_the_same_events_however_the_bytes_arrive(
    session: Callable[[], list[tuple[float, int, bytes]]],
) -> None:
    said = flights(session())
    whole = play(StratumV2, said)
    assert play(StratumV2, said, (1,)) == whole
    for seed in range(20):
        cuts = [random.Random(seed).randint(1, 200) for _ in range(50)]
        assert play(StratumV2, said, cuts) == whole


def test_a_session_is_told_in_full() -> None:
    told = play(StratumV2, flights(made.miner()))
    assert [event.kind for event in told[:8]] == [
        "pool.subscribe",
        "pool.subscribed",
        "pool.login",
        "pool.reported_hashrate",
        "pool.login_result",
        "pool.difficulty",
        "pool.work",
        "pool.work",
    ]
    assert {(event.protocol, event.sealed) for event in told} == {("stratum-v2", False)}
    subscribe, login, rate = told[0], told[2], told[3]
    assert isinstance(subscribe, events.Subscribe)
    assert subscribe.agent == "Sample Board-401 sample-os-2.9.0"
    assert subscribe.pool_host == "sv2.sample.example"
    assert isinstance(login, events.Login)
    assert (login.user, login.worker) == ("sampleaccount.rig1", "rig1")
    assert isinstance(rate, events.ReportedHashrate)
    assert rate.hashrate == struct.unpack("<f", struct.pack("<f", 1.2e12))[0]
    jobs = of(events.Work, told)
    assert [(one.job_id, one.clean) for one in jobs] == [  # type: ignore[attr-defined]
        ("1", False),
        ("1", True),
        ("2", False),
        ("3", False),
        ("3", True),
        ("4", False),
    ]


def test_shares_are_worth_what_the_target_of_their_job_says() -> None:
    told = play(StratumV2, flights(made.miner()))
    results = of(events.ShareResult, told)
    first, second = HASHES, 2**256 / int.from_bytes(made.target_of(32_768), "little")
    assert [(one.accepted, one.count, one.hashes, one.message) for one in results] == [  # type: ignore[attr-defined]
        (True, 1, first, None),
        (True, 1, first, None),
        (True, 1, first, None),
        (True, 2, first, None),
        (False, 1, first, "stale-share"),
        (True, 1, second, None),
    ]
    assert len(of(events.Submit, told)) == 7


def test_a_target_holds_for_jobs_that_wait_for_their_block_but_not_for_those_at_work() -> None:
    higher = made.target_of(65_536)
    said = [
        *OPENED,
        (S, made.new_job(7, 2, None, made.hash_of("next"))),
        (S, made.set_target(7, higher)),
        (C, made.share(7, 1, 1, AT)),
        (S, made.share_success(7, 1, 1, 16_384)),
        (S, made.new_prev_hash(7, 2, AT + 9)),
        (C, made.share(7, 2, 2, AT)),
        (S, made.share_success(7, 2, 1, 65_536)),
    ]
    results = of(events.ShareResult, play(StratumV2, said))
    assert [one.hashes for one in results] == [HASHES, 2**256 / int.from_bytes(higher, "little")]  # type: ignore[attr-defined]


def test_a_channel_that_is_moved_to_a_group_hears_what_that_group_is_told() -> None:
    higher = made.target_of(65_536)
    said = [
        *OPENED,
        (S, made.frame(0x25, struct.pack("<IHII", 10, 2, 7, 99))),
        (S, made.set_target(1, made.target_of(2))),  # its old group's, no more its own
        (S, made.set_target(10, higher)),
        (S, made.new_job(7, 2, AT, made.hash_of("next"))),
        (C, made.share(7, 1, 2, AT)),
        (S, made.share_success(7, 1, 1, 65_536)),
    ]
    (result,) = of(events.ShareResult, play(StratumV2, said))
    assert result.hashes == 2**256 / int.from_bytes(higher, "little")  # type: ignore[attr-defined]


def test_the_network_is_told_by_the_bits_of_a_block() -> None:
    work = of(events.Work, play(StratumV2, OPENED))[-1]
    assert isinstance(work, events.Work)
    assert work.network_hashes == 2**256 / (0x034219 << 8 * (0x17 - 3))
    assert (work.algorithm, work.clean) == ("sha256d", True)


def test_workers_are_told_where_shares_name_them() -> None:
    told = play(StratumV2, flights(made.translator()))
    workers = [one.worker for one in of(events.Submit, told)]  # type: ignore[attr-defined]
    assert workers[:3] == ["hall1-01", "hall2-02", "hall0-03"]
    assert [one.count for one in of(events.ShareResult, told)] == [4, 4, 4]  # type: ignore[attr-defined]
    assert of(events.Work, told)[0].height == 912_345  # type: ignore[attr-defined]


def test_the_little_endian_form_and_the_draft_of_worker_names_are_read_too() -> None:
    share = made.extended_share(3, 1, 1, AT, b"\x01\x02")
    for name in (b"\x02\x00\x01\x04\x00rig9", b"\x04rig9"):
        body = share[6:] + name
        told = play(StratumV2, [*OPENED, (C, made.frame(0x1B, body, channel=True))])
        assert of(events.Submit, told)[0].worker == "rig9"  # type: ignore[attr-defined]


def test_drafts_without_group_and_with_a_length_before_the_merkle_root_are_read() -> None:
    said = [
        (C, SETUP),
        (S, made.setup_success()),
        (C, made.open_extended(5, "account", 1e12, made.target_of(1), 8)),
        (S, made.open_extended_success(5, 7, TARGET, 8, bytes(4), None)),
        (S, made.frame(0x15, struct.pack("<IIBIB", 7, 1, 0, 2, 32) + bytes(32))),  # and without channel bit
        (S, made.frame(0x25, made.string("other.example") + struct.pack("<H", 34254))),
    ]
    told = play(StratumV2, said)
    assert [event.kind for event in told[-3:]] == ["pool.difficulty", "pool.work", "pool.notice"]
    assert told[-1].text == "other.example:34254"  # type: ignore[attr-defined]


def test_an_answer_to_no_request_is_no_answer() -> None:
    said = [
        *OPENED,
        (S, made.share_success(7, 99, 5, 1)),
        (S, made.share_error(7, 99, "stale-share")),
        (S, made.open_error(1234, "unknown-user")),
    ]
    assert len(play(StratumV2, said)) == len(play(StratumV2, OPENED))


def test_more_shares_are_not_accepted_than_were_sent() -> None:
    said = [*OPENED, (C, made.share(7, 1, 1, AT)), (S, made.share_success(7, 1, 1000, 1))]
    assert [one.count for one in of(events.ShareResult, play(StratumV2, said))] == [1]  # type: ignore[attr-defined]


def test_refusals_carry_their_codes() -> None:
    said = [(C, SETUP), (S, made.setup_error("unsupported-protocol"))]
    refused = play(StratumV2, said)[-1]
    assert isinstance(refused, events.Refused)
    assert refused.message == "unsupported-protocol"
    said = [*OPENED[:3], (S, made.open_error(5, "unknown-user"))]
    result = play(StratumV2, said)[-1]
    assert isinstance(result, events.LoginResult)
    assert (result.accepted, result.message) == (False, "unknown-user")


def test_a_side_that_speaks_as_both_parties_is_believed_no_longer() -> None:
    parser = StratumV2()
    told = drain(parser, C, SETUP) + drain(parser, S, SETUP) + drain(parser, S, made.setup_success())
    assert [event.kind for event in told] == ["pool.subscribe", "pool.as_miner"]
    assert parser.finished


def test_a_loss_invents_nothing_and_the_session_goes_on() -> None:
    parser = StratumV2()
    for side, data in OPENED:
        drain(parser, side, data)
    drain(parser, C, made.share(7, 1, 1, AT))
    parser.gap(S, 100)
    tail = made.share_success(7, 1, 1, 1)[9:]  # the rest of a message whose beginning was lost
    assert drain(parser, S, tail) == []
    told = drain(parser, S, made.new_job(7, 2, AT, made.hash_of("r")) + made.new_prev_hash(7, 2, AT))
    assert [(event.kind, event.hashes) for event in told] == [("pool.work", None)] * 2  # type: ignore[attr-defined]
    assert told[0].offset == sum(len(data) for side, data in OPENED if side is S) + 100 + len(tail)


def test_a_loss_inside_one_message_costs_that_message_only() -> None:
    parser = StratumV2()
    for side, data in OPENED:
        drain(parser, side, data)
    job = made.new_extended_job(7, 2, AT, 900_000, 12)
    drain(parser, S, job[:100])
    parser.gap(S, 200)
    assert drain(parser, S, job[300:]) == []
    assert [event.kind for event in drain(parser, S, made.new_prev_hash(7, 2, AT))] == ["pool.work"]


def test_the_middle_of_a_session_is_picked_up_by_exact_frames() -> None:
    shares = made.share(7, 41, 6, AT) + made.share(7, 42, 6, AT)
    accepted = made.share_success(7, 42, 2, 99)
    assert StratumV2.probe({C: shares}) is Match.MORE
    assert StratumV2.probe({C: shares, S: accepted}) is Match.YES
    told = play(StratumV2, [(C, shares), (S, accepted)])
    assert [event.kind for event in told] == ["pool.submit", "pool.submit", "pool.share_result"]
    assert told[-1].count == 2  # type: ignore[attr-defined]


def test_rubbish_is_no_setup() -> None:
    assert StratumV2.probe({C: SETUP}) is Match.YES
    assert StratumV2.probe({S: SETUP}) is Match.YES
    assert StratumV2.probe({C: SETUP[:-1]}) is Match.MORE
    assert StratumV2.probe({C: SETUP[:4]}) is Match.MORE
    wrong = [
        SETUP.replace(b"Sample", b"Samp\x00e"),  # a string that nobody would write
        made.frame(0, b"\x09" + SETUP[7:]),  # no such protocol
        SETUP[:7] + b"\x03\x00" + SETUP[9:],  # no such version
        b"\x00\x00\x00\x08\x04\xd2\x16\x2f",  # PostgreSQL asks for TLS
        b"\x00\x01\x00\x00\x00\x06\x01\x03\x00\x00\x00\x01",  # Modbus
        b"\x00\x00\x00\x85\xffSMBr\x00\x00\x00\x00\x18\x53\xc8" + bytes(110),
        b'{"id":1,"method":"mining.subscribe","params":[]}\n',
        b"\x00" * 64,
    ]
    for head in wrong:
        assert StratumV2.probe({C: head}) is not Match.YES, head


def test_a_frame_that_claims_too_much_is_passed_over_unheld() -> None:
    parser = StratumV2()
    for side, data in OPENED:
        drain(parser, side, data)
    claim = made.frame(0x56, b"")[:3] + (1 << 23).to_bytes(3, "little")
    assert [event.kind for event in drain(parser, C, claim)] == ["pool.request"]
    for _ in range(128):
        assert drain(parser, C, bytes(1 << 16)) == []
    assert max(len(half.held) for half in parser._halves) <= MAX_HELD
    assert [event.kind for event in drain(parser, C, made.share(7, 1, 1, AT))] == ["pool.submit"]


def test_unknown_extensions_are_passed_over() -> None:
    strange = made.frame(0x40, b"whatever", extension=0x4ABC)
    told = play(StratumV2, [*OPENED, (C, strange + made.share(7, 1, 1, AT))])
    assert told[-1].kind == "pool.submit"


@given(st.lists(st.tuples(st.sampled_from([C, S]), st.binary(max_size=300)), max_size=12), st.booleans())
def test_any_bytes_parse_or_raise_parse_error(said: list[tuple[Side, bytes]], begun: bool) -> None:
    parser = StratumV2()
    for side, data in [*(OPENED if begun else []), *said]:
        StratumV2.probe({side: data})
        try:
            list(parser.feed(side, data))
        except ParseError:
            parser.gap(side, 7)

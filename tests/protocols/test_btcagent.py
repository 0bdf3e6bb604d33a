"""BTCAgent: frames among lines, on both sides, in any cut, with holes, picked up late; its look-alikes."""

import random
import struct
import time
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facts.errors import ParseError
from protocols.btcagent import BtcAgent
from protocols.events import (
    Difficulty,
    Login,
    Notice,
    PoolAsMiner,
    Request,
    ShareResult,
    Submit,
    Subscribe,
    Work,
)
from protocols.observe import Observer
from protocols.parser import Event, Match, Side
from protocols.table import PARSERS
from tests.protocols.wire import drain

C, S = Side.CLIENT, Side.SERVER
ACCEPT, STALE, SOLVED = 1798084231, 950395421, 1422486894
HEX64 = "d1ce" * 16
COINBASE = "01000000" + "01" + "00" * 32 + "ffffffff" + "1b" + "03a0bb0d" + "2f706f6f6c2f"
UNIT = 2**256 / (0xFFFF << 208)  # hashes of a share of difficulty 1

Said = list[tuple[Side, bytes]]


def frame(kind: int, body: bytes) -> bytes:
    return struct.pack("<BBH", 0x7F, kind, 4 + len(body)) + body


def register(machine: int, agent: str, worker: str) -> bytes:
    return frame(0x01, struct.pack("<H", machine) + agent.encode() + b"\0" + worker.encode() + b"\0")


def share(machine: int, job: int, kind: int = 0x02, **more: int) -> bytes:
    body = struct.pack("<BHII", job, machine, 0x11223344, 0x55667788)
    body += b"".join(struct.pack("<I", value) for value in more.values())
    return frame(kind, body)


def set_difficulty(exponent: int, *machines: int) -> bytes:
    return frame(0x05, struct.pack(f"<BH{len(machines)}H", exponent, len(machines), *machines))


def answer(index: int, status: int = ACCEPT) -> bytes:
    return frame(0x10, struct.pack("<HI", index, status))


def notify(job: int) -> bytes:
    params = f'["{job}","{HEX64}","{COINBASE}","ffff",["{HEX64}"],"20000000","17030ecd","665f0000",false]'
    return f'{{"id":null,"method":"mining.notify","params":{params}}}\n'.encode()


OPENING: Said = [
    (C, b'{"id":"caps","method":"agent.get_capabilities","params":[["verrol","subres"]]}\n'),
    (S, b'{"id":"caps","result":{"capabilities":["verrol","subres"]}}\n'),
    (
        C,
        b'{"id":"conf","method":"mining.configure","params":[["version-rolling"],{"version-rolling.mask":"ffffffff"}]}\n'
        b'{"id":"sub","method":"mining.subscribe","params":["btccom-agent/2.0.0-mu"]}\n'
        b'{"id":"auth","method":"mining.authorize","params":["farm",""]}\n',
    ),
    (
        S,
        b'{"id":"conf","result":{"version-rolling":true,"version-rolling.mask":"1fffe000"},"error":null}\n'
        b'{"id":"sub","result":[[["mining.set_difficulty","01"],["mining.notify","01"]],"0000a1b2",8],"error":null}\n'
        b'{"id":"auth","result":true,"error":null}\n'
        b'{"id":null,"method":"mining.set_difficulty","params":[16384]}\n' + notify(1),
    ),
]


def farm(machines: int = 6) -> Said:
    """A stream in which every machine registers, gets a difficulty, and sends a share of each form."""
    said = list(OPENING)
    said += [(C, register(machine, "cgminer/4.11", f"s{machine}")) for machine in range(machines)]
    said.append((S, set_difficulty(15, *range(machines // 2)) + notify(2)))
    index = 0
    for machine in range(machines):
        shares = (
            share(machine, 2),
            share(machine, 2, 0x03, ntime=0x665F0001),
            share(machine, 2, 0x12, mask=0x2000),
            share(machine, 2, 0x13, ntime=0x665F0001, mask=0x2000),
        )
        said.append((C, b"".join(shares)))
        said.append((S, b"".join(answer(index + turn) for turn in range(4))))
        index += 4
    said += [
        (S, notify(3)),
        (C, frame(0x04, struct.pack("<H", 0))),
        (S, frame(0x22, struct.pack("<HI", 1, 7))),
    ]
    return said


def observe(said: Said, cut: int = 1 << 20) -> list[tuple[int, Event]]:
    observer = Observer([one for one in PARSERS if one.transport == "tcp"])
    at = dict.fromkeys(Side, 0)
    out = []
    for side, data in said:
        for begin in range(0, len(data), cut):
            piece = data[begin : begin + cut]
            out += observer.feed(side, at[side], piece)
            at[side] += len(piece)
    return [*out, *observer.end()]


def test_the_frame_that_the_specification_prints_is_read_as_it_says() -> None:
    printed = bytes.fromhex("7f01140022" + "11" + "63676d696e657200" + "733130393900")
    assert printed == register(0x1122, "cgminer", "s1099")
    parser = BtcAgent(sure={C: True, S: True})
    (login,) = parser.feed(C, printed)
    assert isinstance(login, Login)
    assert (login.session, login.agent, login.worker) == (0x1122, "cgminer", "s1099")


def test_a_whole_stream_tells_every_machine_share_and_difficulty() -> None:
    events = [event for _, event in observe(farm())]
    assert {event.protocol for event in events} == {"btcagent"}
    kinds = Counter(type(event) for event in events)
    assert kinds[Login] == 1 + 6
    assert kinds[Submit] == kinds[ShareResult] == 24
    assert kinds[Work] == 3
    assert kinds[Difficulty] == 2
    first, *_ = events
    assert isinstance(first, Subscribe)
    assert first.method == "agent.get_capabilities"
    results = [event for event in events if isinstance(event, ShareResult)]
    assert [one.session for one in results] == [machine for machine in range(6) for _ in range(4)]
    assert {one.hashes for one in results if one.session is not None and one.session < 3} == {2.0**15 * UNIT}
    assert {one.hashes for one in results if one.session is not None and one.session >= 3} == {2.0**14 * UNIT}
    assert [event for event in events if isinstance(event, Request) and event.method == "unregister"]
    (extranonce,) = (
        event for event in events if isinstance(event, Notice) and event.method == "set_extranonce"
    )
    assert extranonce.text == "1 00000007"
    work = [event.height for event in events if isinstance(event, Work)]
    assert work == [900000] * 3


@pytest.mark.parametrize("cut", [1, 2, 3, 7, 64, 1448])
def test_the_same_events_however_the_bytes_are_cut(cut: int) -> None:
    assert observe(farm(), cut) == observe(farm())


@given(st.lists(st.integers(1, 90), min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_the_same_events_in_random_cuts(cuts: list[int]) -> None:
    pieces: Said = []
    turn = 0
    for side, data in farm():
        while data:
            size = cuts[turn % len(cuts)]
            turn += 1
            pieces.append((side, data[:size]))
            data = data[size:]
    assert observe(pieces) == observe(farm())


def test_every_event_begins_where_its_message_does() -> None:
    streams = {side: b"".join(data for who, data in farm() if who is side) for side in Side}
    for offset, event in observe(farm()):
        assert streams[event.side][offset : offset + 1] in (b"{", b"\x7f")


def test_a_frame_with_a_line_feed_in_it_is_no_line() -> None:
    said = [*OPENING, (C, register(10, "a\nb", "c\n") + share(0x0A0A, 10) + register(2, "x", "y"))]
    events = [event for _, event in observe(said)]
    assert [event.session for event in events if isinstance(event, Login)] == [None, 10, 2]


def test_a_share_is_worth_the_difficulty_of_its_job() -> None:
    said = [
        *OPENING,
        (C, register(5, "a", "w")),
        (S, set_difficulty(15, 5) + notify(2)),
        (S, set_difficulty(17, 5)),
        (C, share(5, 2)),  # an older job
        (S, notify(3)),
        (C, share(5, 3)),
        (C, share(5, 1)),  # the first job of all, given at 2^14
        (S, answer(0) + answer(1) + answer(2)),
    ]
    results = [event.hashes for _, event in observe(said) if isinstance(event, ShareResult)]
    assert results[:2] == [2.0**15 * UNIT, 2.0**17 * UNIT]


@pytest.mark.parametrize(
    ("status", "accepted", "code"),
    [
        (ACCEPT, True, None),
        (STALE, True, None),
        (SOLVED, True, None),
        (21, False, 21),
        (23, False, 23),
        (36, False, 36),
    ],
)
def test_status_codes(status: int, accepted: bool, code: int | None) -> None:
    said = [*OPENING, (C, register(1, "a", "w") + share(1, 1)), (S, answer(0, status))]
    (result,) = (event for _, event in observe(said) if isinstance(event, ShareResult))
    assert (result.accepted, result.code, result.session) == (accepted, code, 1)


def test_an_answer_to_no_share_says_nothing_and_one_share_is_answered_once() -> None:
    said = [*OPENING, (C, register(1, "a", "w") + share(1, 1)), (S, answer(7) + answer(0) + answer(0))]
    assert sum(isinstance(event, ShareResult) for _, event in observe(said)) == 1


def test_ethereum_frames_name_their_job() -> None:
    job, mix = bytes.fromhex("bf0488aa"), bytes(range(32))
    plain = frame(0x02, struct.pack("<HQ", 9, 1) + job)
    mixed = frame(0x14, struct.pack("<HQ", 9, 2) + job + mix)
    said = [*OPENING, (C, register(9, "ethminer", "w") + plain + mixed)]
    shares = [event for _, event in observe(said) if isinstance(event, Submit)]
    assert [(one.job_id, one.session) for one in shares] == [("bf0488aa", 9)] * 2


def test_all_machines_of_one_stream() -> None:
    said = [*OPENING]
    said.append((C, b"".join(register(machine, "a", f"w{machine}") for machine in range(65536))))
    said.append(
        (S, b"".join(set_difficulty(20, *range(at, at + 16384)) for at in range(0, 65536, 16384)) + notify(2))
    )
    said.append((C, b"".join(share(machine, 2) for machine in range(65536))))
    said.append((S, b"".join(answer(index) for index in range(65536))))
    events = [event for _, event in observe(said, 1448)]
    results = [event for event in events if isinstance(event, ShareResult)]
    assert [one.session for one in results] == list(range(65536))
    assert {one.hashes for one in results} == {2.0**20 * UNIT}
    assert sum(isinstance(event, Login) for event in events) == 65537


def test_frames_alone_are_picked_up_by_a_chain_of_them() -> None:
    late = [
        (C, share(3, 2)[5:] + share(4, 2) + share(5, 2)),  # begun within a frame
        (C, share(6, 2, 0x13, ntime=1, mask=2) + register(7, "a", "w")),
        (S, answer(900) + answer(901)),
        (S, notify(8)),
        (C, share(8, 8)),
    ]
    events = [event for _, event in observe(late)]
    assert {event.protocol for event in events} == {"btcagent"}
    assert [event.session for event in events if isinstance(event, Submit)] == [4, 5, 6, 8]
    results = [event for event in events if isinstance(event, ShareResult)]
    assert [(one.session, one.hashes) for one in results] == [(None, None)] * 2
    assert sum(isinstance(event, Work) for event in events) == 1


def test_a_line_picked_up_first_hands_over_to_the_frames() -> None:
    late = [(S, notify(8)), (C, share(8, 8)), (C, share(9, 8)), (S, answer(4))]
    events = [event for _, event in observe(late)]
    assert [event.session for event in events if isinstance(event, Submit)] == [8, 9]
    assert events[-1].protocol == "btcagent"


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\x7fELF\x02\x01\x01\0" + bytes(200),
        b"\x7f" * 300,
        b"\x7f\x02",
        share(1, 1),
        share(1, 1) + share(2, 1),
        share(1, 1) + share(2, 1) + b"x",
        share(1, 1) + answer(1) + share(2, 1),  # both parties on one side
        frame(0x05, struct.pack("<BH", 15, 9) + bytes(6)) * 5,  # a count that is not the list's
        frame(0x01, b"\1\0" + b"no end of a name") * 5,
        frame(0x66, b"unassigned") * 5,
        b'{"jsonrpc":"2.0","method":"initialize"}\n' * 9,
    ],
)
def test_what_is_no_chain_of_frames_is_not_believed(head: bytes) -> None:
    assert BtcAgent.probe({C: head, S: b""}) is not Match.YES


def test_random_bytes_are_never_a_chain() -> None:
    chance = random.Random(7)
    for _ in range(3000):
        head = bytes(chance.choice(b"\x7f\x01\x02\x04\x06\x0a\x0f\x10\x13\x00") for _ in range(300))
        assert BtcAgent.probe({C: head, S: b""}) is not Match.YES


def test_a_hole_invents_nothing_and_frames_are_read_again() -> None:
    whole = {(type(event), event.side, offset) for offset, event in observe(farm())}
    said = farm()
    for lost in range(len(OPENING), len(said)):
        observer = Observer([one for one in PARSERS if one.transport == "tcp"])
        at = dict.fromkeys(Side, 0)
        told = []
        for place, (side, data) in enumerate(said):
            if place == lost:
                told += observer.gap(side, at[side], len(data))
            else:
                told += observer.feed(side, at[side], data)
            at[side] += len(data)
        assert {(type(event), event.side, offset) for offset, event in told} <= whole
        if lost < len(said) - 6:
            after = [event for _, event in told if isinstance(event, ShareResult)]
            assert after


def test_after_a_hole_no_share_is_taken_for_another() -> None:
    parser = BtcAgent(sure={C: True, S: True})
    drain(parser, C, register(1, "a", "w") + register(2, "a", "w"))
    parser.gap(C, 15)
    drain(parser, C, share(2, 1) + share(2, 1))
    (result,) = drain(parser, S, answer(0) + answer(1))[:1]
    assert isinstance(result, ShareResult)
    assert (result.session, result.hashes) == (None, None)


def test_a_broken_frame_costs_itself_and_the_stream_goes_on() -> None:
    parser = BtcAgent(sure={C: True, S: True})
    with pytest.raises(ParseError):
        list(parser.feed(C, share(1, 1) + b"\x7f\x03\x09\x00rubbish" + share(2, 1) + share(3, 1)))
    events = [event for event in parser.feed(C, share(4, 1)) if isinstance(event, Submit)]
    assert [event.session for event in events] == [4]


def test_the_pool_that_registers_machines_is_none() -> None:
    parser = BtcAgent(sure={C: True, S: True})
    drain(parser, C, register(1, "a", "w"))
    (event,) = drain(parser, S, register(1, "a", "w"))
    assert isinstance(event, PoolAsMiner)
    assert parser.finished


def test_memory_is_bounded() -> None:
    parser = BtcAgent()
    for _ in range(40):
        drain(parser, C, b"\x7f\x01\xff\xff" + bytes(range(128)) * 64)
    streams = parser._streams
    assert len(streams[C].buffer) <= 1 << 16


@given(st.lists(st.tuples(st.sampled_from(Side), st.binary(max_size=200)), max_size=12), st.booleans())
@settings(max_examples=200, deadline=None)
def test_any_bytes_raise_parse_errors_only(said: Said, sure: bool) -> None:
    parser = BtcAgent(sure=dict.fromkeys(Side, sure))
    for side, data in said:
        drain(parser, side, data)
    assert BtcAgent.probe({C: b"".join(data for _, data in said), S: b""}) in Match


@given(st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_spoiled_streams_raise_parse_errors_only(chance: random.Random) -> None:
    parser = BtcAgent(sure=dict.fromkeys(Side, True))
    for side, data in farm():
        spoiled = bytearray(data)
        for _ in range(chance.randint(0, 3)):
            spoiled[chance.randrange(len(spoiled))] = chance.randrange(256)
        for event in drain(parser, side, bytes(spoiled)):
            assert replace(event).protocol == "btcagent"


HOSTILE = {
    "registrations without an end": b"\x7f\x01\xff\x03" * 16384,
    "long lists": b"\x7f\x05\xff\xff" * 16384,
    "lists in lists": b"\x7f\x05\x09\x00\x01\x01\x00" * 9000,
    "beginnings of lines": b"\n{" * 32768,
    "lines that do not end well": b"{]\n" * 21845,
    "frames of no type": b"\x7f\x66\x04\x00" * 16384,
    "magic": b"\x7f" * 65536,
    "shares": share(1, 1) * 4369,
    "difficulties of many": set_difficulty(1, *range(32000)),
}


@pytest.mark.prove
@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("sure", [True, False])
def test_no_segment_costs_more_than_100_ms(data: bytes, sure: bool) -> None:
    def seconds() -> float:
        parser = BtcAgent(sure=dict.fromkeys(Side, sure))
        began = time.process_time()
        drain(parser, C, data)
        drain(parser, S, data)
        return time.process_time() - began

    assert min(seconds() for _ in range(5)) < 0.2


@pytest.mark.prove
def test_a_search_byte_by_byte_does_not_begin_anew() -> None:
    def seconds() -> float:
        parser = BtcAgent()
        began = time.process_time()
        for byte in b"\x7f\x01\xff\x03" * 2048:
            drain(parser, C, bytes([byte]))
        return time.process_time() - began

    assert min(seconds() for _ in range(3)) < 1.0

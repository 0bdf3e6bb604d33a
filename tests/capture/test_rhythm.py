from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import capture.rhythm
from capture.records import Block
from capture.rhythm import Candidates
from capture.sieve.sieve import Sieve
from facts.flow import FLOW, HASTY, LIVE
from facts.rhythm import CUT, GAP, PACKET, RECORD, RESENT
from tests.capture.rhythm_oracle import Key, Oracle, Row, read
from tests.capture.sieve.frames import ACK, FIN, PUSH, SYN, ethernet, ipv4, segment, tcp, udp
from tests.capture.sieve.located import SECOND, located, sift
from tests.capture.sieve.located import START as BEGIN

APPLICATION_DATA = b"\x17\x03\x03\x00\x20"
FROM_MINER, FROM_POOL = 0, 1


def key_of(flow: Any) -> Key:
    a, b = (
        int(flow[f"{end}_hi"]).to_bytes(8, "big") + int(flow[f"{end}_lo"]).to_bytes(8, "big") for end in "ab"
    )
    return a, int(flow["ports"]) >> 16, b, int(flow["ports"]) & 0xFFFF, int(flow["proto"])


def row_of(row: Any) -> Row:
    return Row(int(row["at_ns"]), int(row["size"]), int(row["way"]), int(row["marks"]))


def logged(sieve: Sieve) -> list[tuple[Key, Row]]:
    """What the log holds, as it lies."""
    return [
        (key_of(sieve.flows[row["flow"]]), row_of(row)) for row in sieve.rhythm.log[: sieve.rhythm.logged]
    ]


def by_flow(found: Candidates) -> dict[Key, list[Row]]:
    rows: dict[Key, list[Row]] = defaultdict(list)
    for row in found.packets:
        rows[key_of(found.flows[row["flow"]])].append(row_of(row))
    return rows


def marks(sieve: Sieve) -> list[int]:
    return [row.marks for _, row in logged(sieve)]


def talk(
    count: int, apart: int = 5 * SECOND, sport: int = 51000, begin: int = BEGIN, payload: bytes = b"x" * 40
) -> Block:
    """A quiet flow: both sides in turn, `count` data packets."""
    sent = (begin - BEGIN) // (2 * apart) * len(payload)  # what it has said until then, at this pace
    frames, seq = [], [1000 + sent, 9000 + sent]
    for n in range(count):
        frames.append(tcp(payload, seq=seq[n % 2], back=bool(n % 2), sport=sport))
        seq[n % 2] += len(payload)
    return located(frames, times=[begin + n * apart for n in range(count)])


def joined(*blocks: Block) -> Block:
    """Blocks as one, in the order of time."""
    frames, times = [], []
    for block in blocks:
        for record in block.records:
            start = int(record["start"])
            frames.append(block.data[start : start + int(record["caplen"])].tobytes())
            times.append(int(record["time_ns"]))
    order = sorted(range(len(times)), key=times.__getitem__)
    return located([frames[at] for at in order], times=[times[at] for at in order])


@pytest.fixture
def sieve() -> Sieve:
    return Sieve(seed=1)


def test_a_row_is_sixteen_bytes() -> None:
    assert PACKET.itemsize == 16


def test_data_packets_are_logged_with_time_size_and_way(sieve: Sieve) -> None:
    frames = [
        tcp(flags=SYN, seq=99),
        tcp(flags=SYN | ACK, seq=499, back=True),
        tcp(b"hello", seq=100),
        tcp(flags=ACK, seq=500, back=True),
        tcp(b"x" * 1400, seq=500, back=True),
    ]
    sift(sieve, located(frames))
    rows = [row for _, row in logged(sieve)]
    assert rows == [
        Row(BEGIN + 2_000_000, 5, FROM_MINER, 0),
        Row(BEGIN + 4_000_000, 1400, FROM_POOL, 0),
    ]


def test_what_was_cut_off_by_the_snap_length_counts_as_on_the_wire(sieve: Sieve) -> None:
    whole = [tcp(b"x" * 900, seq=100), udp(b"y" * 700)]
    cut = [raw[:42] if at else raw[:54] for at, raw in enumerate(whole)]
    sift(sieve, located(cut, wirelen=[len(raw) for raw in whole]))
    assert [row.size for _, row in logged(sieve)] == [900, 700]


def test_a_payload_that_begins_a_record_of_application_data_is_marked(sieve: Sieve) -> None:
    says = [
        APPLICATION_DATA + bytes(32),
        b"\x17\x03\x01\x00\x20" + bytes(32),
        b"\x16\x03\x01\x00\x20" + bytes(32),
        b"\x17\x02\x03\x00\x20" + bytes(32),
        b"\x17\x03\x05\x00\x20" + bytes(32),
        APPLICATION_DATA,
        APPLICATION_DATA[:4],
    ]
    frames, seq = [], 100
    for payload in says:
        frames.append(tcp(payload, seq=seq))
        seq += len(payload)
    sift(sieve, located([*frames, udp(says[0])]))
    assert marks(sieve) == [RECORD, RECORD, 0, 0, 0, RECORD, 0, 0]


@pytest.mark.parametrize("first", [100, 0xFFFF_FFF8])
def test_what_is_sent_again_and_what_is_missing_is_marked(sieve: Sieve, first: int) -> None:
    begins = [0, 10, 20, 30, 40, 60, 70, 60, 50, 69, 75, 80 + (1 << 21), 90 + (1 << 21)]
    frames = [tcp(b"0123456789", seq=first + at) for at in begins]
    sift(sieve, located(frames))
    expected = [0, 0, 0, 0, 0, GAP, 0, RESENT, RESENT, RESENT, 0, GAP, 0]
    assert marks(sieve) == expected


def test_a_keepalive_of_one_byte_is_sent_again(sieve: Sieve) -> None:
    sift(sieve, located([tcp(b"0123456789", seq=100), tcp(b"\0", seq=109)]))
    assert marks(sieve) == [0, RESENT]


def test_dns_is_not_logged(sieve: Sieve) -> None:
    sift(sieve, located([udp(b"x" * 30, dport=53), udp(b"x" * 30, sport=53, dport=4000), udp(b"x" * 30)]))
    assert [row.size for _, row in logged(sieve)] == [30]


def test_a_transfer_drops_out_and_is_logged_again_when_it_has_been_slow_for_long(sieve: Sieve) -> None:
    times = [BEGIN + n * 1_000_000 for n in range(200)]
    late = [BEGIN + 10 * SECOND, BEGIN + 18 * SECOND, BEGIN + 19 * SECOND]
    frames = [tcp(b"0123456789", seq=100 + 10 * n) for n in range(203)]
    sift(sieve, located(frames, times=times + late))
    rows = [row for _, row in logged(sieve)]
    assert len(rows) == 64 + 2
    assert [row.marks for row in rows[64:]] == [CUT, 0]
    assert [row.at_ns for row in rows[64:]] == late[1:]


def test_acknowledgements_use_the_allowance_up_as_well(sieve: Sieve) -> None:
    frames = [tcp(flags=ACK) if n % 2 else tcp(b"0123456789", seq=100 + 5 * n) for n in range(200)]
    sift(sieve, located(frames))
    assert len(logged(sieve)) == 32
    assert sieve.flows["state"][0] & HASTY


@pytest.mark.parametrize(
    ("silence", "closed", "marked"),
    [(119, False, 0), (121, False, CUT), (1.9, True, 0), (2.1, True, CUT)],
)
def test_a_young_flow_that_was_over_begins_anew(
    sieve: Sieve, silence: float, closed: bool, marked: int
) -> None:
    frames = [tcp(b"0123456789"), tcp(flags=FIN | ACK, seq=110) if closed else tcp(flags=ACK, seq=110)]
    frames.append(tcp(b"0123456789", seq=110))
    end = BEGIN + 30 * SECOND
    sift(sieve, located(frames, times=[BEGIN, end, end + int(silence * SECOND)]))
    assert marks(sieve) == [0, marked]


def test_a_quiet_flow_of_a_minute_is_a_candidate_with_all_its_packets(sieve: Sieve) -> None:
    sift(sieve, talk(20))
    found = sieve.candidates()
    assert len(found.flows) == 1
    assert found.flows.dtype == FLOW
    assert found.flows["packets"][0].tolist() == [10, 10]
    assert found.packets["at_ns"].tolist() == [BEGIN + n * 5 * SECOND for n in range(20)]
    assert found.packets["way"].tolist() == [0, 1] * 10
    assert (found.packets["size"] == 40).all()


@pytest.mark.parametrize(
    "block",
    [
        talk(15),
        talk(20, apart=3 * SECOND),
        located(
            [tcp(b"x", seq=100 + n) for n in range(40)], times=[BEGIN + n * SECOND * 5 for n in range(40)]
        ),
        located(
            [tcp(b"xy", seq=100, back=bool(n % 2)) for n in range(40)],
            times=[BEGIN + n * SECOND * 5 for n in range(40)],
        ),
    ],
    ids=["few packets", "less than a minute", "one side only", "the same bytes again and again"],
)
def test_what_is_no_candidate(sieve: Sieve, block: Block) -> None:
    sift(sieve, block)
    assert len(sieve.rhythm.log[: sieve.rhythm.logged]) > 0
    assert len(sieve.candidates().flows) == 0


def test_rows_are_handed_out_in_the_order_of_flow_and_time(sieve: Sieve) -> None:
    sift(sieve, joined(*(talk(20, sport=50_000 + n, begin=BEGIN + (7 * n) % 5 * SECOND) for n in range(5))))
    found = sieve.candidates()
    order = np.lexsort((found.packets["at_ns"], found.packets["flow"]))
    assert order.tolist() == list(range(100))
    begins = [int(found.packets["at_ns"][found.packets["flow"] == n][0]) for n in range(5)]
    assert begins == sorted(begins)


def test_taking_begins_the_log_of_a_candidate_anew_and_leaves_the_others(sieve: Sieve) -> None:
    sift(sieve, joined(talk(20), talk(10, sport=52000)))
    later = BEGIN + 100 * SECOND
    assert len(sieve.take_candidates().flows) == 1
    assert {key[1] for key, _ in logged(sieve)} == {52000}
    sift(sieve, joined(talk(20, begin=later), talk(10, sport=52000, begin=later)))
    found = sieve.candidates()
    rows = by_flow(found)
    assert {key[1]: len(rows[key]) for key in rows} == {51000: 20, 52000: 20}
    assert {key[1]: rows[key][0].marks & CUT for key in rows} == {51000: CUT, 52000: 0}
    assert found.flows["packets"][:, 0].tolist() == [20, 10] or found.flows["packets"][:, 0].tolist() == [
        10,
        20,
    ]


def crowd_of(count: int, begin: int, first: int = 0) -> Block:
    """Short flows, each of one data packet, from `count` addresses."""
    frames = [
        ethernet(ipv4(6, segment(b"0123456789", sport=1024 + n % 60_000, dport=80, seq=1)))
        for n in range(first, first + count)
    ]
    return located(frames, times=[begin + n for n in range(count)])


def test_a_record_used_for_another_flow_does_not_mix_the_two() -> None:
    sieve = Sieve(seed=1, capacity=512, cap=512)
    old, later = talk(20), BEGIN + 500 * SECOND
    sift(sieve, old)
    record = sieve.flows[0].copy()
    sift(sieve, crowd_of(2000, later))
    assert sieve.evicted > 0
    assert key_of(sieve.flows[0]) != key_of(record)
    after = BEGIN + 600 * SECOND
    sift(sieve, joined(*(talk(24, sport=50_000 + n, begin=after) for n in range(300))))
    found = sieve.candidates()
    rows = by_flow(found)
    assert len(rows) == 301
    assert len(rows[key_of(record)]) == 20
    assert all(len(each) == 24 for key, each in rows.items() if key != key_of(record))
    mine = found.flows[[key_of(flow) == key_of(record) for flow in found.flows]]
    record["next"], record["state"], mine["state"] = 0, 0, 0
    assert mine.tobytes() == record.tobytes()


def test_a_flow_that_was_given_up_and_comes_again_is_another_flow() -> None:
    sieve = Sieve(seed=1, capacity=512, cap=512)
    for turn in range(3):
        sift(sieve, talk(20, begin=BEGIN + turn * 1000 * SECOND))
        sift(sieve, crowd_of(2000, BEGIN + (turn * 1000 + 500) * SECOND))
    found = sieve.candidates()
    assert len(found.flows) == 3
    assert found.flows["first_ns"].tolist() == [BEGIN + turn * 1000 * SECOND for turn in range(3)]
    assert np.bincount(found.packets["flow"]).tolist() == [20, 20, 20]
    assert len(sieve.take_candidates().flows) == 3
    assert len(sieve.candidates().flows) == 0


def test_a_full_log_gives_up_the_young_before_the_quiet_and_says_so() -> None:
    sieve = Sieve(seed=1, log_rows=8192)
    quiet = [talk(40, sport=20_000 + n) for n in range(50)]
    young = [
        located([tcp(b"0123456789", sport=30_000 + n)], times=[BEGIN + 199 * SECOND + n]) for n in range(9000)
    ]
    sift(sieve, joined(*quiet, *young))
    assert sieve.rhythm.logged <= 8192
    assert set(sieve.rhythm.given_up) == {"rhythm-young-one-sided"}
    assert sieve.rhythm.given_up.total() + sieve.rhythm.logged == 50 * 40 + 9000
    assert len(sieve.candidates().flows) == 50


def test_a_log_full_of_candidates_gives_up_the_busiest() -> None:
    sieve = Sieve(seed=1, log_rows=8192)
    slow = [talk(20, apart=20 * SECOND, sport=20_000 + n) for n in range(60)]
    busy = [talk(400, apart=SECOND, sport=40_000 + n) for n in range(30)]
    sift(sieve, joined(*slow, *busy))
    assert set(sieve.rhythm.given_up) == {"rhythm-busy"}
    found = by_flow(sieve.candidates())
    assert sum(len(rows) == 20 for rows in found.values()) == 60
    assert sieve.rhythm.logged <= 8192


def test_a_new_world_has_an_empty_log() -> None:
    sieve = Sieve(seed=1, log_rows=8192)
    sift(sieve, joined(*(talk(60, sport=20_000 + n) for n in range(200))))
    assert sieve.rhythm.given_up
    sieve.reset()
    assert sieve.rhythm.logged == 0
    assert not sieve.rhythm.given_up
    sift(sieve, talk(20))
    assert len(sieve.candidates().flows) == 1


STEPS = st.sampled_from(
    [0, 1_000_000, SECOND // 4, SECOND, 3 * SECOND, 20 * SECOND, 70 * SECOND, 130 * SECOND]
)
SAYS = st.tuples(
    STEPS,
    st.integers(0, 2),  # which flow
    st.booleans(),  # which way
    st.sampled_from([0, 1, 5, 40, 1400]),  # payload
    st.sampled_from([0, 0, 0, 0, 0, -10, 10, -3, 1 << 21]),  # a step of the sequence number
    st.sampled_from([ACK, PUSH | ACK, PUSH | ACK, PUSH | ACK, SYN, SYN | ACK, FIN | ACK, 4]),
    st.booleans(),  # a TLS record
    st.integers(1, 40),  # how often
)


def frames_of(says: Sequence[tuple[int, int, bool, int, int, int, bool, int]]) -> Block:
    frames: list[bytes] = []
    times: list[int] = []
    now, seq = BEGIN, defaultdict(lambda: 0xFFFF_FF00)
    for step, flow, back, size, leap, flags, record, often in says:
        for _ in range(often):
            now += step
            payload = (APPLICATION_DATA if record else b"")[:size].ljust(size, b"x")
            seq[flow, back] += leap
            if flow == 2:
                frames.append(udp(payload, *((40000, 9999), (9999, 40000))[back]))
            else:
                frames.append(tcp(payload, seq=seq[flow, back], flags=flags, back=back, sport=51000 + flow))
            seq[flow, back] += size + bool(flags & SYN)
            times.append(now)
    return located(frames, times=times)


@given(st.lists(SAYS, max_size=40))
def test_the_log_is_what_a_plain_reading_says(says: Any) -> None:
    block = frames_of(says)
    oracle = Oracle()
    for packet in read([block]):
        oracle.take(packet)
    sieve = Sieve(seed=1)
    sift(sieve, block)
    assert logged(sieve) == oracle.rows
    assert by_flow(sieve.candidates()) == oracle.candidates()


@given(st.lists(SAYS, min_size=10, max_size=60), st.integers(256, 600))
def test_the_candidates_are_the_same_however_often_the_log_is_tidied(says: Any, room: int) -> None:
    block = frames_of(says)
    roomy, narrow = Sieve(seed=1), Sieve(seed=1)
    narrow._state["log_room"] = room
    sift(roomy, block)
    for first in range(0, len(block.records), 7):  # as a ring hands packets over, a few at a time
        sift(narrow, Block(block.data, block.records[first : first + 7]))
    assert not narrow.rhythm.given_up
    ours, theirs = narrow.candidates(), roomy.candidates()
    assert ours.packets.tobytes() == theirs.packets.tobytes()
    assert ours.flows.tobytes() == theirs.flows.tobytes()


def test_live_records_only_are_named() -> None:
    sieve = Sieve(seed=1, capacity=512, cap=512)
    chance = np.random.default_rng(5)
    for turn in range(12):
        ports = chance.choice(np.arange(20_000, 20_400), 150, replace=False)
        begin = BEGIN + turn * 200 * SECOND
        sift(
            sieve,
            joined(*(talk(int(chance.integers(2, 24)), sport=int(port), begin=begin) for port in ports)),
        )
        found = sieve.candidates()
        counts = np.bincount(found.packets["flow"], minlength=len(found.flows))
        assert (counts >= 16).all()
        sent = found.flows["packets"].sum(axis=1)
        cut = found.packets["marks"][np.r_[0, np.cumsum(counts)[:-1]]] & CUT
        assert (counts[cut == 0] == sent[cut == 0]).all()
        assert (found.flows["state"] & LIVE != 0).any()


def test_the_least_room_holds_a_batch() -> None:
    assert capture.rhythm.LEAST_ROWS >= 64

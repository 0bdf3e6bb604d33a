from typing import Any

import pytest

from capture.records import Tag, TaggedKind
from capture.sieve.names import interest
from capture.sieve.sieve import Sieve
from capture.sieve.update import YOUNG
from facts.flow import A_SYN, B_SYN_ACK
from tests.capture.sieve.frames import ACK, FIN, RST, SYN, datagram, ethernet, ipv4, segment, tcp, udp
from tests.capture.sieve.located import located, payloads, sift

LINE = b'{"id":1,"method":"mining.subscribe","params":[]}\n'
DULL = b"\x17\x03\x03\x00\x20" + bytes(32)


def rows_of(packets: list[bytes], sieve: Sieve | None = None) -> Any:
    return sift(sieve or Sieve(seed=1), located(packets))


def frames_of(rows: Any) -> list[int]:
    return [int(frame) for frame in rows["frame"]] if len(rows) else []


def test_after_a_tag_all_that_carries_bytes_or_opens_or_ends_is_handed_on() -> None:
    packets = [
        tcp(flags=SYN, seq=9),
        tcp(flags=SYN | ACK, seq=99, back=True),
        tcp(seq=10),
        tcp(LINE, seq=10),
        tcp(seq=100, back=True),
        tcp(b"answer\n", seq=100, back=True),
        tcp(flags=FIN | ACK, seq=10 + len(LINE)),
        tcp(flags=RST, seq=107, back=True),
    ]
    sieve = Sieve(seed=1)
    block = located(packets)
    rows = sift(sieve, block)
    assert frames_of(rows) == [4, 6, 7, 8]
    assert payloads(block, rows) == [LINE, b"answer\n", b"", b""]
    assert list(rows["tag"]) == [Tag.JSON, Tag.NONE, Tag.NONE, Tag.NONE]
    assert list(rows["direction"]) == [0, 1, 0, 1]
    assert set(rows["kind"]) == {TaggedKind.SEGMENT}
    (flow,) = sieve.flows
    assert flow["syn"] == A_SYN | B_SYN_ACK
    assert sieve.tagged_flows == 1


def test_a_conversation_is_picked_up_in_its_middle() -> None:
    packets = [tcp(DULL, seq=5), tcp(DULL, seq=42, back=True), tcp(LINE, seq=42)]
    assert frames_of(rows_of(packets)) == [3]


@pytest.mark.parametrize("first", [10, 0xFFFFFFFF, 0xFFFFFFF0, 0])
def test_a_young_flow_out_of_order_is_handed_on_early_also_where_numbers_wrap(first: int) -> None:
    packets = [tcp(flags=SYN, seq=first - 1), tcp(LINE[20:], seq=first + 20), tcp(LINE[:20], seq=first)]
    rows = rows_of(packets)
    assert frames_of(rows) == [2, 3]
    assert list(rows["tag"]) == [Tag.EARLY, Tag.JSON]


def test_data_in_order_or_sent_again_is_not_early() -> None:
    for first in (10, 0xFFFFFFF0):
        packets = [tcp(flags=SYN, seq=first - 1)]
        packets += [tcp(DULL, seq=first + n * len(DULL)) for n in (0, 1, 1, 0, 2)]
        assert frames_of(rows_of(packets)) == []


def test_only_the_first_packets_of_a_flow_with_a_gap_are_early() -> None:
    packets = [tcp(flags=SYN, seq=0)] + [tcp(DULL, seq=100 + n * len(DULL)) for n in range(9)]
    assert frames_of(rows_of(packets)) == list(range(2, 2 + YOUNG))


def test_data_that_comes_with_the_syn_is_in_order() -> None:
    packets = [tcp(DULL, flags=SYN, seq=9), tcp(DULL, seq=10 + len(DULL)), tcp(DULL, seq=10 + 2 * len(DULL))]
    assert frames_of(rows_of(packets)) == []
    rows = rows_of([tcp(LINE, flags=SYN, seq=9)])
    assert rows["seq"][0] == 9, "the number of the SYN itself"


def test_a_released_flow_is_silent_until_a_new_connection_opens() -> None:
    sieve = Sieve(seed=1)
    rows = rows_of([tcp(flags=SYN, seq=9), tcp(LINE, seq=10)], sieve)
    sieve.release(int(rows["flow"][0]))
    assert frames_of(rows_of([tcp(LINE, seq=10 + len(LINE)), tcp(flags=FIN, seq=500)], sieve)) == []
    assert frames_of(rows_of([tcp(flags=SYN, seq=7000), tcp(LINE, seq=7001)], sieve)) == [2]
    assert sieve.tagged_flows == 1
    assert sieve.created == 1


def test_a_syn_sent_again_does_not_open_a_released_flow() -> None:
    sieve = Sieve(seed=1)
    rows_of([tcp(flags=SYN, seq=9), tcp(LINE, seq=10)], sieve)
    released = Sieve(seed=1)
    rows_of([tcp(flags=SYN, seq=0xFFFFFFFF)], released)
    released.release(0)
    assert frames_of(rows_of([tcp(flags=SYN, seq=0xFFFFFFFF), tcp(LINE, seq=0)], released)) == []


def test_a_new_connection_after_a_dull_greeting_is_looked_at_again() -> None:
    server_hello = b"\x16\x03\x03\x00\x40\x02" + bytes(60)
    sieve = Sieve(seed=1, names=interest(["pool.test"]))
    greeting = bytes.fromhex("16030100450100004103 03".replace(" ", "")) + bytes(32)
    greeting += b"\0\0\2\x13\1\1\0\0\x16\0\0\0\x12\0\x10\0\0\x0dnot.for.us.ex"
    assert frames_of(rows_of([tcp(greeting, seq=1), tcp(server_hello, back=True)], sieve)) == []
    assert frames_of(rows_of([tcp(flags=SYN, seq=900), tcp(server_hello, back=True)], sieve)) == [2]


def test_watching_hands_on_all_that_follows_and_counts_no_tag() -> None:
    sieve = Sieve(seed=1)
    rows_of([tcp(DULL, seq=5), udp(b"x" * 20)], sieve)
    sieve.watch(0)
    sieve.watch(1)
    rows = rows_of([tcp(DULL, seq=50), udp(b"y" * 20), udp(b"z" * 20)], sieve)
    assert list(rows["kind"]) == [TaggedKind.SEGMENT, TaggedKind.DATAGRAM, TaggedKind.DATAGRAM]
    assert sieve.tagged_flows == 0


def test_tcp_fragments_go_to_the_streams_and_udp_fragments_do_not() -> None:
    whole = segment(LINE)
    packets = [
        ethernet(ipv4(6, whole[:24], fraction=0x2000, identification=77)),
        ethernet(ipv4(6, whole[24:], fraction=3, identification=77)),
        ethernet(ipv4(17, datagram(b"abc", 1, 2), fraction=0x2000)),
        ethernet(ipv4(17, b"defghijk", fraction=1)),
    ]
    sieve = Sieve(seed=1)
    block = located(packets)
    rows = sift(sieve, block)
    assert list(rows["kind"]) == [TaggedKind.FRAGMENT] * 2
    assert list(rows["ip_id"]) == [77, 77]
    assert [int(row["ip"]) for row in rows] == [int(start) + 14 for start in block.records["start"][:2]]
    assert [int(row["length"]) for row in rows] == [44, 20 + len(whole) - 24]
    assert rows["flow"][1] == 0xFFFFFFFF
    assert sieve.fragments == (2, 0)
    assert sorted(sieve.flows["ports"].tolist()) == sorted([0, 51000 << 16 | 3333, 0, 1 << 16 | 2])


def test_what_the_snap_length_cut_off_is_told() -> None:
    whole = tcp(LINE + bytes(100))
    for cut in (len(whole), 100, 54, 50):
        sieve = Sieve(seed=1)
        rows_of([tcp(LINE)], sieve)
        rows = sift(sieve, located([whole[:cut]], wirelen=[len(whole)]))
        kept = max(0, cut - 54)
        assert sieve.flows["payload"][0][0] == len(LINE) + len(LINE) + 100
        assert frames_of(rows) == ([1] if kept else [])
        if kept:
            assert (rows["length"][0], rows["missing"][0]) == (kept, len(LINE) + 100 - kept)

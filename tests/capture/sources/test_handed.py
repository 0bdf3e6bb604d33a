"""Packets handed over one by one become blocks like those of any source."""

import threading

from capture.sources import handed
from capture.sources.handed import DROPPED, TOO_LONG, Handed
from capture.sources.source import MAX_PACKET


def told(source: Handed) -> list[tuple[bytes, int, int, int, int]]:
    return [
        (block.data[start : start + length].tobytes(), wire, link, time_ns, frame)
        for block in source.blocks()
        for start, length, wire, _, link, time_ns, frame in block.records.tolist()
    ]


def test_packets_come_in_order_with_lengths_links_and_times() -> None:
    source = Handed("eth0")
    for number in range(1, 10_001):
        source.hand(number.to_bytes(4) * 100, 4000 + number, 101, number)
    source.stop()
    assert told(source) == [(n.to_bytes(4) * 100, 4000 + n, 101, n, n) for n in range(1, 10_001)]
    assert source.records == 10_000
    assert source.wire_bytes == sum(4000 + n for n in range(1, 10_001))


def test_what_is_handed_while_it_is_read_is_read_too() -> None:
    source = Handed("eth0")

    def hand() -> None:
        for number in range(3000):
            source.hand(number.to_bytes(4), 4, 1, number)
        source.stop()

    thread = threading.Thread(target=hand)
    thread.start()
    assert [packet[0] for packet in told(source)] == [n.to_bytes(4) for n in range(3000)]
    thread.join()


def test_a_reader_that_is_too_slow_loses_packets_and_they_are_counted() -> None:
    source = Handed("eth0")
    for _ in range(handed.WAITING + 7):
        source.hand(b"x", 1, 1, 0)
    source.hand(bytes(MAX_PACKET + 1), MAX_PACKET + 1, 1, 0)
    source.stop()
    assert len(told(source)) == handed.WAITING
    assert source.skipped_counts == {DROPPED: 8}


def test_a_packet_longer_than_any_is_counted_and_not_read() -> None:
    source = Handed("eth0")
    source.hand(bytes(MAX_PACKET + 1), MAX_PACKET + 1, 1, 0)
    source.hand(bytes(MAX_PACKET), MAX_PACKET, 1, 0)
    source.stop()
    assert [len(packet[0]) for packet in told(source)] == [MAX_PACKET]
    assert source.skipped_counts == {TOO_LONG: 1}


def test_where_nothing_comes_an_empty_block_does() -> None:
    source = Handed("eth0")
    assert len(next(source.blocks()).records) == 0

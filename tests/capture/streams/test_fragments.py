import random
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.streams import fragments
from capture.streams.fragments import TIMEOUT_NS, Fragments, Whole

FIRST = (0, 1, 1000)


def ipv4(ident: int, start: int, more: bool, body: bytes, protocol: int = 17, options: int = 0) -> bytes:
    place = (0x2000 if more else 0) | start // 8
    head = pack(">BBHHHBBH", 0x45 + options, 0, 20 + 4 * options + len(body), ident, place, 64, protocol, 0)
    return head + bytes((192, 0, 2, 1, 198, 51, 100, 2)) + b"\1" * 4 * options + body


def ipv6(
    ident: int, start: int, more: bool, body: bytes, protocol: int = 17, hop_by_hop: bool = False
) -> bytes:
    extra = bytes((44, 1, 1, 12)) + bytes(12) if hop_by_hop else b""
    fragment = pack(">BBHI", protocol, 0, start | more, ident)
    length = len(extra) + len(fragment) + len(body)
    head = (
        pack(">IHBB", 0x6000_0000, length, 0 if hop_by_hop else 44, 64)
        + bytes(15)
        + b"\1"
        + bytes(15)
        + b"\2"
    )
    return head + extra + fragment + body


def udp(payload: bytes) -> bytes:
    return pack(">HHHH", 53, 1234, 8 + len(payload), 0) + payload


def tcp(payload: bytes, options: int = 0) -> bytes:
    return (
        pack(">HHIIBBHHH", 3333, 1234, 777, 0, (5 + options) << 4, 0x18, 1, 0, 0)
        + bytes(4 * options)
        + payload
    )


def put(table: Fragments, raw: bytes, at_ns: int = 1000, frame: int = 1, flow: int = 5) -> Whole | None:
    padded = b"ether" + raw + b"padding"
    return table.push(memoryview(padded), 5, len(raw), flow, 1, (0, frame, at_ns))


@given(
    payload=st.binary(min_size=1, max_size=300),
    is_tcp=st.booleans(),
    version=st.sampled_from([4, 6]),
    rng=st.randoms(use_true_random=False),
)
def test_a_datagram_cut_shuffled_and_repeated_comes_out_whole_once(
    payload: bytes, is_tcp: bool, version: int, rng: random.Random
) -> None:
    body = tcp(payload, 3) if is_tcp else udp(payload)
    protocol = 6 if is_tcp else 17
    cuts = sorted({0, *(8 * rng.randrange(1 + len(body) // 8) for _ in range(5))} - {len(body)})
    ends = [*cuts[1:], len(body)]
    raws = [
        ipv4(9, a, b < len(body), body[a:b], protocol, rng.randrange(3))
        if version == 4
        else ipv6(9, a, b < len(body), body[a:b], protocol, rng.random() < 0.5)
        for a, b in zip(cuts, ends, strict=True)
    ]
    order = list(enumerate(raws))
    rng.shuffle(order)
    repeated = order[: rng.randrange(len(order))]
    table = Fragments()
    wholes = []
    for number, raw in repeated + order[len(repeated) :] if rng.random() < 0.5 else repeated + order:
        wholes.append(put(table, raw, frame=number + 1, flow=5 if number == 0 else 0xFFFF_FFFF))
    assert [whole for whole in wholes if whole] == [
        Whole(5, 1, is_tcp, 777 if is_tcp else 0, 0x18 if is_tcp else 0, payload, FIRST)
    ]
    table.end()
    assert table.held == 0
    counts = dict(table.counts)
    assert counts.pop("fragments") == sum(counts.values())


def test_a_whole_datagram_gives_its_memory_back_and_padding_is_no_part_of_it() -> None:
    table = Fragments()
    body = udp(bytes(range(16)))
    assert put(table, ipv4(1, 0, True, body[:16]) + b"padding") is None
    whole = put(table, ipv4(1, 16, False, body[16:]) + b"padding")
    assert whole is not None
    assert whole.payload == bytes(range(16))
    assert table.held == 0


@pytest.mark.parametrize("overlap", [b"x" * 16, b"y" * 8])
def test_of_overlapping_fragments_the_first_copy_wins_and_all_are_counted(overlap: bytes) -> None:
    table = Fragments()
    body = udp(bytes(24))
    assert put(table, ipv4(1, 0, True, body[:16])) is None
    assert put(table, ipv4(1, 8, True, overlap)) is None
    whole = put(table, ipv4(1, 16, False, body[16:]))
    assert whole is not None
    assert whole.payload[:8] == bytes(8)
    assert whole.payload[8 + len(overlap) - 8 :] == bytes(24 - len(overlap))
    counts = dict(table.counts)
    assert counts.pop("fragments") == sum(counts.values()) == 3


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (ipv4(1, 0, True, b""), "fragment-malformed"),
        (ipv4(1, 65_528, False, bytes(16)), "fragment-malformed"),
        (ipv4(1, 0, True, bytes(16))[:30], "fragment-cut"),
        (ipv6(1, 0, True, bytes(16))[:50], "fragment-cut"),
        (b"\x45", "fragment-cut"),
        (ipv6(1, 0, False, udp(b"x"), protocol=58), "fragment-no-transport"),
        (ipv4(1, 0, False, b"short", protocol=6), "fragment-no-transport"),
    ],
)
def test_what_cannot_become_a_datagram_is_counted_by_reason(raw: bytes, reason: str) -> None:
    table = Fragments()
    assert put(table, raw) is None
    table.end()
    assert table.counts == {"fragments": 1, reason: 1}


def test_a_datagram_must_be_whole_in_time() -> None:
    table = Fragments()
    body = udp(bytes(16))
    assert put(table, ipv4(1, 0, True, body[:8]), 0) is None
    assert put(table, ipv4(2, 0, True, body[:8]), TIMEOUT_NS) is None
    assert put(table, ipv4(1, 8, False, body[8:]), TIMEOUT_NS + 1) is None
    assert put(table, ipv4(2, 8, False, body[8:]), TIMEOUT_NS + 1) is not None
    table.end()
    assert table.counts == {
        "fragments": 4,
        "fragment-timeout": 1,
        "fragment-reassembled": 2,
        "fragment-incomplete": 1,
    }


def test_floods_of_fragments_have_a_ceiling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fragments, "MAX_HELD", 50_000)
    table = Fragments()
    for n in range(3 * fragments.MAX_OPEN):
        put(table, ipv4(n & 0xFFFF, 8 * (n % 3), True, bytes(1000)))
        assert table.held <= 50_000
    for n in range(3 * fragments.MAX_PARTS):
        put(table, ipv4(7, 8 * n, True, bytes(8)))
    table.end()
    assert table.held == 0
    counts = dict(table.counts)
    assert counts.pop("fragments") == sum(counts.values())
    assert counts["fragment-table-full"] > 0
    assert counts["fragment-malformed"] > 0


def test_what_belongs_to_an_ended_flow_is_forgotten() -> None:
    table = Fragments()
    body = udp(bytes(16))
    put(table, ipv4(1, 0, True, body[:8]), flow=5)
    table.forget({5})
    assert put(table, ipv4(1, 8, False, body[8:]), flow=0xFFFF_FFFF) is None
    assert table.counts["fragment-incomplete"] == 1


@given(st.lists(st.binary(max_size=90), max_size=20))
def test_any_bytes_are_counted_and_never_an_error(raws: list[bytes]) -> None:
    table = Fragments()
    for raw in raws:
        put(table, raw)
        put(table, b"\x45" + raw)
        put(table, b"\x60" + raw)
    table.end()
    counts = dict(table.counts)
    assert counts.pop("fragments", 0) == sum(counts.values()) == 3 * len(raws)

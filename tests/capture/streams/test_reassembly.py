import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture.streams import reassembly
from capture.streams.reassembly import Direction, Piece, Tally

MASK = 0xFFFF_FFFF
SECOND = 1_000_000_000


def packet(frame: int, at_ns: int = 0) -> tuple[int, int, int]:
    return (0, frame, at_ns)


def joined(pieces: list[Piece]) -> list[tuple[int, bytes | int]]:
    """Pieces as (offset, bytes or length of the gap), neighbours joined; offsets must be without a jump."""
    out: list[tuple[int, bytes | int]] = []
    at = pieces[0][0] if pieces else 0
    for offset, data, missing, _ in pieces:
        assert offset == at
        assert bool(data) != bool(missing)
        at += len(data) + missing
        last = out[-1][1] if out else None
        if data and isinstance(last, bytes):
            out[-1] = (out[-1][0], last + data)
        elif missing and isinstance(last, int):
            out[-1] = (out[-1][0], last + missing)
        else:
            out.append((offset, data or missing))
    return out


@st.composite
def journeys(draw: st.DrawFn) -> tuple[bytes, int, list[tuple[int, bytes]], set[int]]:
    """A stream, its first sequence number, segments as the wire had them, and the offsets that were lost."""
    size = draw(st.integers(1, 600))
    rng = random.Random(draw(st.integers(0, 1 << 32)))
    stream = rng.randbytes(size)
    first = draw(st.one_of(st.integers(0, MASK), st.integers(MASK - 600, MASK)))
    cuts = sorted({0, size, *(rng.randrange(size) for _ in range(draw(st.integers(0, 30))))})
    segments = [(a, stream[a:b]) for a, b in pairwise(cuts)]
    lost_share = draw(st.sampled_from([0.0, 0.0, 0.2]))
    sent = [segment for segment in segments if rng.random() >= lost_share]
    for _ in range(draw(st.integers(0, 8))):  # repeats and overlaps of what arrived, cut elsewhere
        at, data = rng.choice(sent) if sent else (0, b"")
        if data:
            a = rng.randrange(len(data))
            sent.append((at + a, data[a : a + 1 + rng.randrange(len(data))]))
    window = draw(st.integers(0, 12))
    order = sorted(range(len(sent)), key=lambda i: (sent[i][0] / size * 30 + rng.random() * window, i))
    wire = [sent[i] for i in order]
    there = {i for at, data in sent for i in range(at, at + len(data))}
    return stream, first, wire, set(range(size)) - there


@given(journeys())
@settings(max_examples=400)
def test_bytes_equal_the_original_outside_gaps_and_gaps_are_exactly_what_was_lost(
    journey: tuple[bytes, int, list[tuple[int, bytes]], set[int]],
) -> None:
    stream, first, wire, lost = journey
    tally = Tally()
    direction = Direction(tally, first)
    pieces: list[Piece] = []
    for frame, (at, data) in enumerate(wire, 1):
        pieces += direction.push((first + at) & MASK, data, 0, packet(frame))
    pieces += direction.flush()
    seen: dict[int, int] = {}
    gaps: set[int] = set()
    for offset, data, missing, (_, frame, _) in pieces:
        gaps |= set(range(offset, offset + missing))
        for i, byte in enumerate(data, offset):
            assert i not in seen
            seen[i] = byte
            at, sent = wire[frame - 1]
            assert at <= i < at + len(sent), "the packet named is one that carried the byte"
    joined(pieces)
    end = max((at + len(data) for at, data in wire), default=0)
    assert gaps == {i for i in lost if i < end}
    assert bytes(seen[i] for i in sorted(seen)) == bytes(stream[i] for i in range(end) if i not in lost)
    assert tally.conflicts == 0
    assert tally.held == 0
    assert tally.missing == len(gaps)


@given(st.lists(st.tuples(st.integers(0, MASK), st.binary(max_size=40), st.integers(0, 50)), max_size=60))
@settings(max_examples=300)
def test_any_segments_come_out_in_order_without_overlap_and_without_a_byte_kept(
    segments: list[tuple[int, bytes, int]],
) -> None:
    tally = Tally()
    direction = Direction(tally)
    pieces: list[Piece] = []
    for frame, (seq, data, missing) in enumerate(segments):
        if data or missing:
            pieces += direction.push(seq % 200 if frame % 3 else seq, data, missing, packet(frame))
    pieces += direction.flush()
    joined(pieces)
    assert tally.held == 0
    assert not direction.holding


@given(st.randoms(use_true_random=False), st.binary(min_size=1, max_size=120))
def test_bytes_cut_off_by_the_snap_length_are_gaps_unless_another_copy_holds_them(
    rng: random.Random, stream: bytes
) -> None:
    segments, there = [], set()
    for _ in range(rng.randrange(1, 12)):
        a = rng.randrange(len(stream))
        b = rng.randrange(a, len(stream)) + 1
        kept = rng.randrange(a, b + 1)
        segments.append((a, stream[a:kept], b - kept))
    tally = Tally()
    direction = Direction(tally, 7)
    pieces: list[Piece] = []
    for a, data, missing in segments:
        pieces += direction.push((7 + a) & MASK, data, missing, packet(1))
    pieces += direction.flush()
    for offset, data, _, _ in pieces:
        there |= set(range(offset, offset + len(data)))
        assert data == stream[offset : offset + len(data)]
    joined(pieces)
    assert direction.offset == max(a + len(data) + missing for a, data, missing in segments)
    assert there <= {i for a, data, _ in segments for i in range(a, a + len(data))}


def test_a_cut_segment_is_a_gap_at_once_and_the_next_one_follows_in_order() -> None:
    direction = Direction(Tally())
    assert direction.push(100, b"abc", 5, packet(1)) == [(0, b"abc", 0, packet(1)), (3, b"", 5, packet(1))]
    assert direction.push(108, b"x", 0, packet(2)) == ((8, b"x", 0, packet(2)),)


def test_a_whole_copy_held_within_a_cut_segment_splits_its_gap() -> None:
    direction = Direction(Tally(), 0)
    assert not direction.push(5, b"567", 0, packet(1))
    pieces = direction.push(0, b"01", 8, packet(2))
    assert [(offset, data or missing) for offset, data, missing, _ in pieces] == [
        (0, b"01"),
        (2, 3),
        (5, b"567"),
        (8, 2),
    ]


def test_the_first_copy_wins_and_a_conflict_is_counted() -> None:
    tally = Tally()
    direction = Direction(tally, 0)
    assert not direction.push(5, b"FIRST", 0, packet(1))
    assert not direction.push(4, b"xsecond", 0, packet(2))
    pieces = direction.push(0, b"abcd", 0, packet(3))
    assert b"".join(piece[1] for piece in pieces) == b"abcdxFIRSTd"
    assert tally.conflicts == 1
    assert tally.overlapped == 5


def test_a_keep_alive_probe_is_no_news_in_a_stream_nor_at_its_pickup() -> None:
    tally = Tally()
    direction = Direction(tally)
    assert not direction.push(99, b"\0", 0, packet(1))
    assert direction.push(100, b"hello", 0, packet(2)) == [(0, b"hello", 0, packet(2))]
    assert not direction.push(104, b"\0", 0, packet(3))
    assert direction.push(105, b"you", 0, packet(4)) == ((5, b"you", 0, packet(4)),)
    assert tally.retransmitted == 2


def test_sequence_numbers_wrap_within_a_segment_and_between_two() -> None:
    direction = Direction(Tally(), MASK - 2)
    pieces = [*direction.push(2, b"fgh", 0, packet(1)), *direction.push(MASK - 2, b"abcde", 0, packet(2))]
    assert joined(pieces) == [(0, b"abcdefgh")]
    assert direction.next == 5
    direction = Direction(Tally(), MASK)
    assert direction.push(MASK, b"ab", 0, packet(1)) == ((0, b"ab", 0, packet(1)),)
    assert direction.push(1, b"cd", 0, packet(2)) == ((2, b"cd", 0, packet(2)),)


def test_a_hole_becomes_a_gap_when_its_patience_has_passed_in_capture_time() -> None:
    direction = Direction(Tally(), 0)
    assert not direction.push(10, b"later", 0, packet(1, 0))
    assert not direction.push(15, b"on", 0, packet(2, reassembly.PATIENCE_NS))
    pieces = direction.push(17, b"!", 0, packet(3, reassembly.PATIENCE_NS + 1))
    assert joined(list(pieces)) == [(0, 10), (10, b"lateron!")]
    assert not direction.push(0, b"0123456789", 0, packet(4)), "what comes too late is not delivered"


@pytest.mark.parametrize("size", [1, 1460, 65_000])
def test_what_waits_behind_a_hole_has_a_ceiling(size: int) -> None:
    tally = Tally()
    direction = Direction(tally, 0)
    out = 0
    for n in range(2000):
        pieces = direction.push((10 + n * (size + 1)) & MASK, bytes(size), 0, packet(n))  # a hole before each
        out += sum(len(piece[1]) for piece in pieces)
        assert tally.held <= reassembly.MAX_HELD_BYTES + size + reassembly.SEGMENT_COST
        assert tally.held <= (reassembly.MAX_HELD_SEGMENTS + 1) * (size + reassembly.SEGMENT_COST)
    assert out + sum(len(piece[1]) for piece in direction.flush()) <= 2000 * size
    assert tally.held == 0


def test_all_streams_together_have_a_ceiling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reassembly, "MAX_HELD_TOTAL", 10_000)
    tally = Tally()
    for _ in range(100):
        direction = Direction(tally, 0)
        direction.push(10, bytes(1000), 0, packet(1))
        assert tally.held <= 10_000 + 1000 + reassembly.SEGMENT_COST
    assert tally.gaps > 80


def test_a_stray_segment_is_ignored_and_a_run_of_them_is_another_connection() -> None:
    tally = Tally()
    direction = Direction(tally, 0)
    direction.push(0, b"abc", 0, packet(1))
    far = 0x7000_0000
    assert not direction.push(far, b"xx", 0, packet(2))
    assert not direction.lost
    for n in range(5):
        assert not direction.push(far + 100 * n, b"xx", 0, packet(2))
        assert not direction.lost, "each from elsewhere"
    assert direction.push(3, b"def", 0, packet(3))
    for n in range(reassembly.ASTRAY_RUN):
        assert not direction.lost
        assert not direction.push(far + 2 * n, b"xx", 0, packet(4 + n))
    assert direction.lost
    assert tally.astray == 6 + reassembly.ASTRAY_RUN


def test_dropping_gives_the_memory_back() -> None:
    tally = Tally()
    direction = Direction(tally, 0)
    direction.push(10, b"later", 0, packet(1))
    assert tally.held > 0
    direction.drop()
    assert tally.held == 0
    assert not direction.holding

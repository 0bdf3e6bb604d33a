"""Rewrites of the session that change its TCP segments."""

import itertools
import random
import re
from collections.abc import Callable, Iterable, Sequence

from pcaps.makers.making import C
from tests.evasion.session import Segment, script, segments

Told = list[Segment]
Change = Callable[[Segment], Iterable[Segment]]
FAR = 1 << 30
GARBAGE = b'{"id":9,"method":"parcel.track","params":["garbage"]}\n'


def each(change: Change, side: int | None = None) -> Told:
    """Apply a change to every segment with data, of one side or both; the others stay."""
    out: Told = []
    for one in segments():
        wanted = one.data and side in (None, one.side)
        out += change(one) if wanted else [one]
    return out


def cut(one: Segment, places: Iterable[int]) -> Told:
    """Cut a segment at places within it."""
    ends = sorted({0, len(one.data), *(place for place in places if 0 < place < len(one.data))})
    return [one.but(seq=one.seq + a, data=one.data[a:b]) for a, b in itertools.pairwise(ends)]


def every(size: int) -> Told:
    return each(lambda one: cut(one, range(0, len(one.data), size)))


def at_keys() -> Told:
    """Cut within every quoted word, so that no key or value stands whole in a segment."""
    return each(lambda one: cut(one, (m.start() + 2 for m in re.finditer(rb'"\w', one.data))))


def tiny_first() -> Told:
    return each(lambda one: cut(one, (2,)))


def backwards() -> Told:
    return each(lambda one: reversed(cut(one, range(0, len(one.data), 40))))


def shuffled() -> Told:
    rng = random.Random(7)

    def shuffle(one: Segment) -> Told:
        parts = cut(one, range(0, len(one.data), 25))
        rng.shuffle(parts)
        return parts

    return each(shuffle)


def answers_overtake() -> Told:
    """Each answer of the pool is in the capture ahead of what it answers, as with two unequal taps."""
    told = segments()
    for at in range(3, len(told) - 2):
        if told[at].data and told[at].side == C and told[at + 2].data and told[at + 2].side != C:
            told[at], told[at + 2] = told[at + 2], told[at]
    return told


def overlap_back() -> Told:
    """Every part repeats the last ten bytes of the one before."""
    return each(
        lambda one: [
            part.but(seq=part.seq - back, data=one.data[part.seq - one.seq - back :][: len(part.data) + back])
            for part in cut(one, range(0, len(one.data), 30))
            for back in (min(10, part.seq - one.seq),)
        ]
    )


def overlap_ahead_backwards() -> Told:
    """Parts that run into the next one, last first: the holes fill from behind."""
    return each(
        lambda one: [
            part.but(data=one.data[part.seq - one.seq :][: len(part.data) + 10])
            for part in reversed(cut(one, range(0, len(one.data), 30)))
        ]
    )


def repeated() -> Told:
    return each(lambda one: [one, one])


def repeated_cut_otherwise() -> Told:
    return each(lambda one: [one, *cut(one, range(0, len(one.data), 33))])


def joined_repeats() -> Told:
    """After every fifth segment of a side, all of the last five again as one."""
    last: dict[int, Told] = {0: [], 1: []}

    def again(one: Segment) -> Told:
        mine = last[one.side]
        mine.append(one)
        if len(mine) < 5:
            return [one]
        whole = mine[0].but(at=one.at, data=b"".join(part.data for part in mine))
        mine.clear()
        return [one, whole]

    return each(again)


def noise(one: Segment) -> bytes:
    """As many printable bytes as a segment has, none of them its own, with its line end."""
    rng = random.Random(one.seq)
    return bytes(rng.randrange(0x30, 0x7A) for _ in one.data[:-1]) + b"\n"


def decoy_after() -> Told:
    return each(lambda one: [one, one.but(data=noise(one))], C)


def decoy_before() -> Told:
    return each(lambda one: [one.but(data=noise(one)), one], C)


def decoy_before_one_share() -> Told:
    """One share of six is preceded by a decoy: the rest is read."""
    told = segments()
    at = next(n for n, one in enumerate(told) if b'"id":5' in one.data and one.side == C)
    return [*told[:at], told[at].but(data=noise(told[at])), *told[at:]]


def decoy_spliced() -> Told:
    """Each message of the miner in two parts, the second first and twice, with other content."""

    def splice(one: Segment) -> Told:
        first, second = cut(one, (len(one.data) // 2,))
        return [second, second.but(data=noise(second)), first]

    return each(splice, C)


def decoy_that_is_no_mining() -> Told:
    """Before each message, the same bytes claim to be another JSON-RPC service."""

    def decoy(one: Segment) -> bytes:
        pad = len(one.data) - len(GARBAGE)
        return GARBAGE if pad < 0 else GARBAGE[:-1] + b" " * pad + b"\n"

    return each(lambda one: [one.but(data=decoy(one)[: len(one.data)]), one], C)


def unsound_decoy_before() -> Told:
    return each(lambda one: [one.but(data=noise(one), sound=False), one], C)


def unsound_decoy_after() -> Told:
    return each(lambda one: [one, one.but(data=noise(one), sound=False)], C)


def short_lived_decoy() -> Told:
    return each(lambda one: [one.but(data=noise(one), ttl=1), one], C)


def inserted(make: Callable[[Segment], Sequence[Segment]]) -> Told:
    """Insert what is made of each data segment before it."""
    return each(lambda one: [*make(one), one])


def wrong_reset() -> Told:
    return inserted(lambda one: [one.but(flags="R", data=b"", seq=one.seq + FAR, ack=0)])


def wrong_reset_in_window() -> Told:
    return inserted(lambda one: [one.but(flags="R", data=b"", seq=one.seq + 500, ack=0)])


def wrong_fin() -> Told:
    return inserted(lambda one: [one.but(flags="FA", data=b"", seq=one.seq + FAR)])


def wrong_fin_in_window() -> Told:
    return inserted(lambda one: [one.but(flags="FA", data=b"", seq=one.seq + 700)])


def wrong_syn() -> Told:
    return inserted(lambda one: [one.but(flags="S", data=b"", seq=one.seq + FAR, ack=0)])


def far_garbage() -> Told:
    return inserted(lambda one: [one.but(seq=one.seq + FAR, data=GARBAGE)])


def old_garbage() -> Told:
    return inserted(lambda one: [one.but(seq=one.seq - FAR, data=GARBAGE)])


def garbage_before_the_start() -> Told:
    """Bytes numbered before the first one of the connection."""
    told = segments()
    return [*told[:3], told[2].but(flags="PA", seq=told[2].seq - 200, data=GARBAGE), *told[3:]]


def repeated_syn() -> Told:
    told = segments()
    return [told[0], told[0], told[1], told[0], told[1], *told[2:6], told[0], *told[6:]]


def without(*places: int) -> Told:
    told = segments()
    return [one for place, one in enumerate(told) if place not in places]


def from_message(number: int) -> Told:
    """Begin with the n-th segment that has data."""
    told = segments(opened=False)
    start = [place for place, one in enumerate(told) if one.data][number]
    return told[start:]


def within_a_message() -> Told:
    """Begin in the middle of a job."""
    told = segments(mss=200, opened=False)
    start = next(place for place, one in enumerate(told) if b"mining.notify" in one.data)
    return told[start + 3 :]


def keep_alive(content: bytes) -> Told:
    return inserted(lambda one: [one.but(flags="A", seq=one.seq - 1, data=content)] * 2)


def urgent() -> Told:
    return each(lambda one: [one.but(flags="PAU", urgent=len(one.data))], C)


def urgent_byte() -> Told:
    """A byte of urgent data in the middle of every share: most receivers take it out of the stream."""
    said = []
    for pause, side, data in script():
        if side == C and b"mining.submit" in data:
            data = data[:30] + b"!" + data[30:]
        said.append((pause, side, data))
    return [one.but(flags="PAU", urgent=31) if b"!" in one.data else one for one in segments(said)]


def zero_window() -> Told:
    """The receiver closes its window before each message; the sender probes with one new byte."""
    return each(
        lambda one: [
            one.but(side=1 - one.side, seq=one.ack, ack=one.seq, flags="A", data=b"", window=0),
            one.but(flags="A", data=one.data[:1]),
            one,
        ]
    )


def fast_open() -> Told:
    """The first message travels in the SYN (RFC 7413)."""
    told = segments()
    first = told[3]
    syn = told[0].but(data=first.data, options=(("TFO", (0x01020304, 0x05060708)),))
    return [syn, *told[1:3], *told[4:]]


def simultaneous_open() -> Told:
    told = segments()
    answer = told[1]
    return [told[0], answer.but(flags="S", ack=0), told[0].but(flags="SA", ack=answer.seq + 1), *told[1:]]


def split_handshake() -> Told:
    """The server answers with a SYN of its own, without an ACK, which the client answers."""
    told = segments()
    bare = told[1].but(flags="S", ack=0)
    return [told[0], bare, told[0].but(flags="SA", ack=bare.seq + 1), told[2].but(side=1, seq=bare.seq + 1,
            ack=told[2].seq), *told[3:]]  # fmt: skip


def full_options() -> Told:
    stamps = (("NOP", None), ("NOP", None), ("Timestamp", (1, 2)))
    sack = (("NOP", None), ("NOP", None), ("SAck", (5, 6, 7, 8)))
    return [
        one.but(options=(("WScale", 14), ("MSS", 65_495), *stamps) if "S" in one.flags else (*stamps, *sack))
        for one in segments()
    ]


def without_acknowledgements() -> Told:
    return [one for one in segments() if one.data or one.flags != "A"]


def clock_backwards() -> Told:
    """The clock of the capture runs backwards."""
    told = segments()
    return [one.but(at=told[-1].at - one.at) for one in told]


def clock_stands_still() -> Told:
    return [one.but(at=1.0) for one in segments()]


def ports_reused() -> Told:
    """The session breaks off and another one follows on the same ports with lower numbers."""
    first = segments(script()[:9], closed=False)
    second = segments(numbers=(77, 99))
    return [*first, *(one.but(at=one.at + 60) for one in second)]


def reset_half_way_and_reconnected() -> Told:
    told = segments()
    half = len(told) // 2
    cut_off = told[half].but(flags="R", data=b"")
    again = [one.but(at=one.at + 300) for one in segments(numbers=(2_000_000_000, 3_000_000_000))]
    return [*told[:half], cut_off, *again]


def lost(number: int, side: int) -> Told:
    """The n-th data segment of a side is not in the capture."""
    told = segments()
    places = [place for place, one in enumerate(told) if one.data and one.side == side]
    del told[places[number]]
    return told


def coalesced() -> Told:
    """What a side says without being interrupted, as one segment of any size."""
    out: Told = []
    for one in segments():
        if one.data and out and out[-1].data and out[-1].side == one.side:
            out[-1] = out[-1].but(data=out[-1].data + one.data)
        elif one.data or one.flags != "A":
            out.append(one)
    return out

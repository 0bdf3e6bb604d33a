"""Inputs made of seed conversations: flipped, cut, spliced, repeated, swapped, with gaps and rubbish."""

import json
import random
from collections.abc import Sequence

from protocols.parser import Parser, Side
from tests.fuzz.examine import Step
from tests.fuzz.seeds import Talk

HOSTILE = (
    b"[" * 2000,
    b'{"a":' * 500,
    b"9" * 5000,
    b"1e999",
    b"-" + b"1" * 400,
    b'"' + b"\\u0000" * 50 + b'"',
    b'"\\ud800"',
    b"\xff" * 64,
    b"\0" * 64,
    b"\x80" * 12,
    b"\xfe\xff\xff\xff\xff",
    b"\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\r\n\r\n",
    b"Content-Length: 99999999999999999999\r\n",
    b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
    b"null",
    b"{}",
    b"\n",
)
VALUES: tuple[object, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**64, -(2**63), 10**30, 0.5, 1e308, "", "0x", "0x" + "f" * 64,
    "f" * 64, "0" * 64, "x" * 300, "\ud800", "ß", [], {}, [[]], {"a": {}}, [None] * 20, "1e400", "NaN", "-0",
)  # fmt: skip
"""Values of every type, for fields that want another."""
MOST = 40 * 1024
"""Bytes of one input."""


def mutated(talks: Sequence[Talk], others: Sequence[Talk], rng: random.Random) -> list[Step]:
    """Return one input; the same for the same numbers."""
    talk = list(rng.choice(talks))
    start = rng.randrange(len(talk)) if rng.random() < 0.3 else 0
    steps: list[Step] = list(talk[start : start + rng.choice((2, 6, 20, 60))])
    for _ in range(rng.choice((1, 1, 2, 3, 6))):
        rng.choice(EDITS)(steps, others, rng)
        if not steps:
            steps.append((Side.CLIENT, b""))
    out: list[Step] = []
    size = 0
    for step in steps:
        if isinstance(step[1], bytes):
            size += len(step[1])
        if size > MOST:
            break
        out.append(step)
    return out


def cut(steps: Sequence[Step], rng: random.Random) -> list[Step]:
    """Cut the bytes anew at random places."""
    most = rng.choice((1, 2, 7, 40, 500, 3000))
    out: list[Step] = []
    for side, what in steps:
        if isinstance(what, int):
            out.append((side, what))
            continue
        at = 0
        while at < len(what):
            size = rng.randrange(most) + 1
            if len(what) > 4000:
                size += 200
            out.append((side, what[at : at + size]))
            at += size
    return out


def _pick(steps: list[Step], rng: random.Random) -> tuple[int, Side, bytes] | None:
    places = [place for place, step in enumerate(steps) if isinstance(step[1], bytes) and step[1]]
    if not places:
        return None
    place = rng.choice(places)
    side, data = steps[place]
    assert isinstance(data, bytes)
    return place, side, data


def _flip(steps: list[Step], others: Sequence[Talk], rng: random.Random) -> None:
    picked = _pick(steps, rng)
    if picked is None:
        return
    place, side, data = picked
    made = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8))):
        at = rng.randrange(min(len(made), rng.choice((12, 64, 1 << 20))))
        made[at] = rng.choice((made[at] ^ 1 << rng.randrange(8), rng.randrange(256), 0, 255, 127, 128))
    steps[place] = (side, bytes(made))


def _delete(steps: list[Step], others: Sequence[Talk], rng: random.Random) -> None:
    picked = _pick(steps, rng)
    if picked is None:
        return
    place, side, data = picked
    at = rng.randrange(len(data))
    steps[place] = (side, data[:at] + data[at + rng.choice((1, 2, 4, 30, 1 << 20)) :])


def _insert(steps: list[Step], others: Sequence[Talk], rng: random.Random) -> None:
    picked = _pick(steps, rng)
    if picked is None:
        return
    place, side, data = picked
    at = rng.choice((0, len(data), rng.randrange(len(data) + 1)))
    what = rng.choice((rng.choice(HOSTILE), rng.randbytes(rng.choice((1, 4, 64, 600)))))
    steps[place] = (side, data[:at] + what + data[at:])


def _double(steps: list[Step], others: Sequence[Talk], rng: random.Random) -> None:
    picked = _pick(steps, rng)
    if picked is None:
        return
    place, side, data = picked
    at = rng.randrange(len(data))
    part = data[at : at + rng.choice((1, 8, 64, 2000))]
    steps[place] = (side, data[:at] + part * rng.choice((2, 3, 20)) + data[at + len(part) :])


def _repeat(steps: list[Step], others: Sequence[Talk], rng: random.Random) -> None:
    place = rng.randrange(len(steps))
    steps[place:place] = steps[place : place + rng.choice((1, 2, 5))] * rng.choice((1, 2, 10))


def _drop(steps: list[Step], others: Sequence[Talk], rng: random.Random) -> None:
    del steps[rng.randrange(len(steps))]


def _move(steps: list[Step], others: Sequence[Talk], rng: random.Random) -> None:
    steps.insert(rng.randrange(len(steps)), steps.pop(rng.randrange(len(steps))))


def _turn(steps: list[Step], others: Sequence[Talk], rng: random.Random) -> None:
    """Let the other side say it: one step, or all."""
    places = range(len(steps)) if rng.random() < 0.3 else [rng.randrange(len(steps))]
    for place in places:
        side, what = steps[place]
        steps[place] = (side.other, what)  # type: ignore[assignment]


def _gap(steps: list[Step], others: Sequence[Talk], rng: random.Random) -> None:
    """Lose bytes: instead of a step, or of part of one, or besides."""
    place = rng.randrange(len(steps))
    side, what = steps[place]
    missing = rng.choice((1, 3, 100, 1460, 1 << 20))
    if isinstance(what, bytes) and what and rng.random() < 0.7:
        at = rng.randrange(len(what))
        end = min(len(what), at + missing)
        steps[place : place + 1] = [(side, what[:at]), (side, end - at), (side, what[end:])]
    else:
        steps.insert(place, (side, missing))


def _splice(steps: list[Step], others: Sequence[Talk], rng: random.Random) -> None:
    """Go on with another conversation, perhaps of another protocol."""
    other = rng.choice(others)
    at = rng.randrange(len(other))
    place = rng.randrange(len(steps) + 1)
    steps[place:] = [*other[at : at + 8], *steps[place : place + rng.choice((0, 4, 40))]]


def _retype(steps: list[Step], others: Sequence[Talk], rng: random.Random) -> None:
    """Give a field of a JSON text another value, or another type, or the key twice."""
    picked = _pick(steps, rng)
    if picked is None:
        return
    place, side, data = picked
    begin, end = data.find(b"{"), data.rfind(b"}") + 1
    lines = data[begin:end].split(b"\n")
    which = rng.randrange(len(lines))
    try:
        message = json.loads(lines[which])
    except (ValueError, RecursionError):
        return
    if not isinstance(message, dict) or not message:
        return
    _change(message, rng)
    text = json.dumps(message, separators=rng.choice(((",", ":"), (", ", ": "))))
    if rng.random() < 0.1:
        text = '{"id":1,' + text[1:]
    lines[which] = text.encode("utf-8", "surrogatepass")
    steps[place] = (side, data[:begin] + b"\n".join(lines) + data[end:])


def _change(value: object, rng: random.Random) -> None:
    while True:
        key: object
        if isinstance(value, dict) and value:
            key = rng.choice(list(value))
        elif isinstance(value, list) and value:
            key = rng.randrange(len(value))
        else:
            return
        inner = value[key]  # type: ignore[index]
        if rng.random() < 0.5 or not isinstance(inner, dict | list) or not inner:
            if rng.random() < 0.15:
                del value[key]  # type: ignore[arg-type]
            else:
                value[key] = rng.choice(VALUES)  # type: ignore[index]
            return
        value = inner


EDITS = (
    _flip,
    _flip,
    _delete,
    _insert,
    _double,
    _repeat,
    _drop,
    _move,
    _turn,
    _gap,
    _splice,
    _retype,
    _retype,
)


def everything(seeds: dict[type[Parser], tuple[Talk, ...]]) -> list[Talk]:
    return [talk for talks in seeds.values() for talk in talks]

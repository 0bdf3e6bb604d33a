"""Conversations of many dialects on one tape, no two of them cut into segments alike."""

import random
from collections.abc import Sequence
from typing import Any

from pcaps.makers.making import C, S, Tape, line

Said = Sequence[tuple[int, dict[str, Any] | bytes]]
"""Who says what: an object stands for its line of JSON."""

ASK, TELL = C, S
CUT = 24  # bytes that a segment keeps at least
SHARE_PAUSE = 11.0  # seconds between what a rig says: pools aim at a share in 10 to 30 s


def lay(tape: Tape, place: int, port: int, said: Said, *, spaced: bool = False, blank: bool = False) -> None:
    """Lay one conversation; `place` gives both addresses, the moment, and how its bytes are cut.

    `spaced` writes JSON with blanks; `blank` puts an empty line behind every line.
    """
    chance = random.Random(place)
    mss = chance.choice((536, 1220, 1380, 1460))
    script: list[tuple[float, int, bytes]] = []
    joined: list[bytes] = []
    for at, (side, what) in enumerate(said):
        data = what if isinstance(what, bytes) else line(what, spaced=spaced) + (b"\n" if blank else b"")
        joined.append(data)
        last = at + 1 == len(said)
        if not last and said[at + 1][0] == side and chance.random() < 0.5:
            continue  # goes into one segment with the next
        script += _cut(b"".join(joined), side, mss, chance)
        joined = []
    begun = len(tape.packets)
    tape.tcp(place * 0.7, (f"198.51.100.{place}", 40_000 + 13 * place), (f"203.0.113.{place}", port), script)
    for index in range(begun, len(tape.packets)):
        if chance.random() < 0.04:  # sent once more, as after a lost acknowledgement
            when, raw = tape.packets[index]
            tape.packets.append((when + 0.31, raw))


def _cut(data: bytes, side: int, mss: int, chance: random.Random) -> list[tuple[float, int, bytes]]:
    pieces = [data[at : at + mss] for at in range(0, len(data), mss)]
    if chance.random() < 0.3 and len(pieces[0]) > CUT:
        place = chance.randrange(CUT, len(pieces[0]))
        pieces[:1] = [pieces[0][:place], pieces[0][place:]]
    pause = SHARE_PAUSE if side == C else 0.04
    return [(pause if at == 0 else 0.0, side, piece) for at, piece in enumerate(pieces)]


def finished(tape: Tape) -> bytes:
    """Return the tape as a capture, in the order of time."""
    return tape.in_time_order().pcap()


def call(request: int | str | None, method: str, params: Any, **more: Any) -> dict[str, Any]:
    """Return a request or a notification."""
    return {"id": request, "method": method, "params": params, **more}


def reply(request: int | str | None, result: Any, error: Any = None) -> dict[str, Any]:
    """Return a response."""
    return {"id": request, "result": result, "error": error}

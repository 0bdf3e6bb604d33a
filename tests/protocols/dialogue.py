"""Written dialogues: what each side says, and which events that must give.

A file of tests/protocols/dialogues has lines `C> message`, `S> message` (`C!`, `S!`: the line is refused),
and after each the events it gives, `= protocol kind field=value ...`, fields at their default left out.
`<HEX64>` stands for 64 hex digits, other names for the values of WORDS.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from protocols.parser import Event, Side
from protocols.stratum import Stratum
from tests.protocols.wire import drain

FOLDER = Path(__file__).parent / "dialogues"
WORDS = {
    "COINB1": "01000000" + "01" + "00" * 32 + "ffffffff" + "1b" + "03a0bb0d" + "2f706f6f6c2f",  # block 900000
    "ETHTARGET": "00000000dbe6fecebdedd5beb573440e5a884d1b2fbf06fcce912adcb8d8422e",  # 5 GH a share
}
SIDES = {"C": Side.CLIENT, "S": Side.SERVER}
Said = tuple[Side, bytes]


@dataclass(frozen=True)
class Dialogue:
    """One file."""

    name: str
    said: tuple[Said, ...]
    refused: tuple[bool, ...]
    events: tuple[tuple[str, ...], ...]
    """For each message, the events expected of it."""


def written() -> list[Dialogue]:
    return [_read(path) for path in sorted(FOLDER.glob("*.txt"))]


def expand(text: str) -> str:
    text = re.sub(r"<HEX(\d+)>", lambda match: ("d1ce" * 1024)[: int(match.group(1))], text)
    return re.sub(r"<([A-Z0-9]+)>", lambda match: WORDS[match.group(1)], text)


def _read(path: Path) -> Dialogue:
    said: list[Said] = []
    refused: list[bool] = []
    events: list[list[str]] = []
    for line in path.read_text("utf-8").splitlines():
        if line[:2] in ("C>", "S>", "C!", "S!"):
            said.append((SIDES[line[0]], expand(line[3:]).encode() + b"\n"))
            refused.append(line[1] == "!")
            events.append([])
        elif line.startswith("= "):
            events[-1].append(expand(line[2:]))
    return Dialogue(path.stem, tuple(said), tuple(refused), tuple(map(tuple, events)))


def told(event: Event) -> str:
    """Write an event as the files do."""
    parts = [event.protocol, event.kind]
    for field in fields(event):
        value = getattr(event, field.name)
        if field.name not in ("protocol", "side", "offset", "space") and value != field.default:
            parts.append(f"{field.name}={value!r}")
    return " ".join(parts)


def play(said: Sequence[Said], cuts: Sequence[int] = (1 << 20,)) -> list[Event]:
    """Feed a dialogue to a reader, each side's run of messages cut at the lengths of `cuts` in turn."""
    parser = Stratum()
    events: list[Event] = []
    turn = 0
    for side, data in runs(said):
        at = 0
        while at < len(data):
            size = cuts[turn % len(cuts)]
            turn += 1
            events += drain(parser, side, data[at : at + size])
            at += size
    return events


def runs(said: Sequence[Said]) -> list[Said]:
    """Join what one side says without being interrupted."""
    joined: list[Said] = []
    for side, data in said:
        if joined and joined[-1][0] is side:
            joined[-1] = (side, joined[-1][1] + data)
        else:
            joined.append((side, data))
    return joined

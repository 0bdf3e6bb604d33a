"""How an implementation writes: spacing, order of keys, lengths of the names that it makes up."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from benchmarks.lab.chains import Coin
from benchmarks.lab.draw import Draw

ORDERS = ("as-is", "sorted", "reversed", "id-last", "result-first")


@dataclass(frozen=True, slots=True)
class Style:
    """Of a pool's software, or of a miner's."""

    spaced: bool
    """Blanks behind colons and commas."""
    order: str
    """One of ORDERS."""
    job_id: int
    """Hex digits of a job's name."""
    session: int
    """Hex digits of a session's name."""
    extranonce: int
    """Bytes of extranonce1."""
    coinbase: tuple[int, int]
    """Bytes of the coinbase before and behind the extranonces."""
    spare: bool
    """Says what others leave out: error null, jsonrpc, extensions, heights."""
    wide: bool
    """Writes the longer of two forms: targets, hashrates, error texts."""
    rolling: bool
    """Rolls versions (BIP 310)."""


def pool_style(coin: Coin, draw: Draw) -> Style:
    """Draw the software of a pool."""
    return _style("pool", draw)


def miner_style(draw: Draw) -> Style:
    """Draw the software of a miner."""
    return _style("miner", draw)


def _style(who: str, draw: Draw) -> Style:
    return Style(
        spaced=draw.chance(0.35),
        order=draw.pick(f"{who}.order", ORDERS),
        job_id=draw.number(f"{who}.job_id", 1, 24),
        session=draw.number(f"{who}.session", 8, 40),
        extranonce=draw.number(f"{who}.extranonce", 2, 8),
        coinbase=(draw.number(f"{who}.coinbase1", 46, 100), draw.number(f"{who}.coinbase2", 60, 150)),
        spare=draw.chance(0.6),
        wide=draw.chance(0.5),
        rolling=draw.chance(0.7),
    )


def line(style: Style, message: Mapping[str, Any]) -> bytes:
    """Return a message as this software writes it, with its LF."""
    keys = list(message)
    if style.order == "sorted":
        keys.sort()
    elif style.order == "reversed":
        keys.reverse()
    elif style.order == "id-last":
        keys.sort(key="id".__eq__)
    elif style.order == "result-first":
        keys.sort(key=lambda key: key not in {"result", "params"})
    marks = (", ", ": ") if style.spaced else (",", ":")
    return json.dumps({key: message[key] for key in keys}, separators=marks).encode() + b"\n"


def hexes(rand: Random, digits: int) -> str:
    """Return so many hex digits."""
    return f"{rand.getrandbits(4 * digits):0{digits}x}" if digits else ""

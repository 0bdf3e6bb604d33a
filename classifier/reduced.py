"""Encrypted mining by what exporters tell: counts, as the records of NetFlow and IPFIX have them.

A record says of one connection and a stretch of time how many packets and bytes went each way. All records of
a client with one service are measured together. This tells far less than the times and sizes of packets do
(shape.py), and less still of sampled traffic; so what it says makes no more than a suspicion
(docs/reduced.md). The model knows no port, address or name.
"""

import hashlib
import json
import zipfile
from dataclasses import dataclass, fields
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classifier.shape import Loops, ModelError, raw_scores
from classifier.shape_trees import Trees

Rows = NDArray[Any]
Matrix = NDArray[np.float64]

MODEL: Final = Path(__file__).parent / "data" / "reduced.npz"

RECORD = np.dtype(
    [
        ("owner", "<i8"),  # number of the (client, server, server's port, protocol), from 0 without holes
        ("flow", "<i8"),  # number of the connection
        ("start", "<f8"),  # s, of any zero: the first packet that the record counts
        ("end", "<f8"),  # s: the last one
        ("packets", "<f8", (2,)),  # as counted, sampled ones alone: from the client, from the server
        ("bytes", "<f8", (2,)),  # of IP packets, likewise
        ("flags", "u1", (2,)),  # TCP flags seen, ORed
        ("tcp", "?"),
    ]
)
"""One export record, both ways of a connection together."""

LEAST_PACKETS = 12
"""Packets that were counted of a dependency from which on it is judged: what three records of a quiet
connection hold, and a sampled one of many hours."""
LEAST_S = 240.0
"""For which it was seen: below that no rate is one."""
SYN, FIN_RST = 2, 5

NAMES: tuple[str, ...] = (
    "span",  # log s from the first packet to the last
    "records",  # log
    "record",  # log mean length of a record, s
    "active",  # part of the span that records cover
    "connections",  # log
    "opened",  # part of them whose opening was counted
    "closed",  # likewise, end
    "tcp",
    "sampling",  # log of how many packets each counted one stands for
    "seen",  # log of packets counted
    "up",  # log packets a minute, of the client
    "down",
    "up_size",  # log of the mean, IP bytes
    "down_size",
    "packets_ratio",  # log up to down
    "bytes_ratio",
    "up_excess",  # log variance of counts over what chance makes of an even rate
    "down_excess",
    "up_size_spread",  # deviation of log mean sizes from record to record
    "down_size_spread",
    "together",  # correlation of both ways' rates from record to record
    "one_way",  # part of the records that count one way alone
    "idle",  # longest time between records, part of the span
    "busiest",  # log of the greatest rate of a record over the mean rate
    "late",  # packets of the second half of the span, part of all
)
"""The columns of `features`, in order."""


@dataclass(frozen=True, slots=True)
class ReducedModel:
    """A model of records."""

    trees: Trees
    raw: Matrix
    """(knots,) ascending raw scores."""
    log_odds: Matrix
    """(knots,) what they are worth, natural log of the likelihood ratio of mining."""
    usual: Matrix
    """(len(NAMES),) medians of benign training rows."""
    identity: str
    """SHA-256 of the file, hexadecimal."""


def features(records: Rows, sampling: float = 1.0) -> Matrix:
    """Return (n, len(NAMES)) f8 of (m,) RECORD rows in any order, a row an owner; NaN where nothing can be
    said."""
    rows = records[np.lexsort((records["start"], records["owner"]))]
    owner = rows["owner"]
    count = int(owner[-1]) + 1 if len(rows) else 0

    def total(values: Any) -> Matrix:
        return np.bincount(owner, values, count).astype(np.float64)

    start = np.full(count, np.inf)
    end = np.full(count, -np.inf)
    np.minimum.at(start, owner, rows["start"])
    np.maximum.at(end, owner, rows["end"])
    span = np.maximum(end - start, 1.0)
    lasting = np.maximum(rows["end"] - rows["start"], 1.0)
    many = total(None)
    up, down = rows["packets"].T
    ups, downs = total(up), total(down)
    both = up + down
    up_bytes, down_bytes = (total(rows["bytes"][:, way]) for way in (0, 1))
    made = np.full((count, len(NAMES)), np.nan)
    at = {name: made[:, place] for place, name in enumerate(NAMES)}
    at["span"][:] = np.log(span)
    at["records"][:] = np.log(many)
    at["record"][:] = np.log(total(lasting) / many)
    at["active"][:] = np.minimum(total(lasting) / span, 2.0)
    at["connections"][:], at["opened"][:], at["closed"][:] = _connections(rows, count)
    at["tcp"][:] = total(rows["tcp"]) / many
    at["sampling"][:] = np.log(sampling)
    at["seen"][:] = np.log(1 + ups + downs)
    at["up"][:] = np.log((ups + 0.5) * sampling / span * 60)
    at["down"][:] = np.log((downs + 0.5) * sampling / span * 60)
    with np.errstate(divide="ignore", invalid="ignore"):
        at["up_size"][:] = np.where(ups > 0, np.log(np.maximum(up_bytes, 1) / ups), np.nan)
        at["down_size"][:] = np.where(downs > 0, np.log(np.maximum(down_bytes, 1) / downs), np.nan)
    at["packets_ratio"][:] = np.log((ups + 0.5) / (downs + 0.5))
    at["bytes_ratio"][:] = np.log((up_bytes + 20) / (down_bytes + 20))
    rate_up, rate_down = (ups / total(lasting))[owner], (downs / total(lasting))[owner]
    enough = many >= 4
    for name, counted, rate in (("up", up, rate_up), ("down", down, rate_down)):
        wanted = rate * lasting
        excess = total((counted - wanted) ** 2 / np.maximum(wanted, 1e-9)) / np.maximum(many - 1, 1)
        at[f"{name}_excess"][enough] = np.log(excess[enough] + 0.02)
    for way, name in enumerate(("up_size_spread", "down_size_spread")):
        at[name][:] = _size_spread(rows, way, total)
    at["together"][:] = np.where(enough, _together(up / lasting, down / lasting, owner, many, total), np.nan)
    at["one_way"][:] = total((up == 0) | (down == 0)) / many
    at["idle"][:] = _idle(rows, owner, count) / span
    greatest = np.zeros(count)
    np.maximum.at(greatest, owner, both / lasting)
    at["busiest"][:] = np.log(greatest / np.maximum((ups + downs) / span, 1e-9) + 1e-9)
    half = (start + span / 2)[owner]
    part = np.clip((rows["end"] - half) / lasting, 0, 1)
    at["late"][:] = total(both * part) / np.maximum(ups + downs, 1)
    return made


def _connections(rows: Rows, count: int) -> tuple[Matrix, Matrix, Matrix]:
    """Return the log of how many connections each owner has, and the parts that opened and closed."""
    flags = rows["flags"][:, 0] | rows["flags"][:, 1]
    flow, place = np.unique(rows["flow"], return_inverse=True)
    seen = np.zeros(len(flow), np.uint8)
    np.bitwise_or.at(seen, place, flags)
    whose = np.zeros(len(flow), np.int64)
    whose[place] = rows["owner"]
    number = np.maximum(np.bincount(whose, minlength=count), 1).astype(np.float64)
    opened = np.bincount(whose, seen & SYN != 0, count) / number
    closed = np.bincount(whose, seen & FIN_RST != 0, count) / number
    return np.log(number), opened, closed


def _size_spread(rows: Rows, way: int, total: Any) -> Matrix:
    """Return by owner the deviation of the log mean size of records that count anything this way."""
    packets = rows["packets"][:, way]
    has = packets > 0
    size = np.where(has, np.log(np.maximum(rows["bytes"][:, way], 1) / np.maximum(packets, 1)), 0.0)
    many = total(has)
    safe = np.maximum(many, 1)
    mean = total(size) / safe
    spread = np.sqrt(np.maximum(total(size * size) / safe - mean * mean, 0))
    made: Matrix = np.where(many >= 3, spread, np.nan)
    return made


def _together(up: Matrix, down: Matrix, owner: Rows, many: Matrix, total: Any) -> Matrix:
    """Return by owner the correlation of two columns; 0 where one of them never changes."""
    off_up = up - (total(up) / np.maximum(many, 1))[owner]
    off_down = down - (total(down) / np.maximum(many, 1))[owner]
    scale = np.sqrt(total(off_up**2) * total(off_down**2))
    made: Matrix = np.where(scale > 1e-12, total(off_up * off_down) / np.maximum(scale, 1e-12), 0.0)
    return made


def _idle(rows: Rows, owner: Rows, count: int) -> Matrix:
    """Return by owner the longest time, s, in which no record was open; rows by owner then start."""
    longest = np.zeros(count)
    if len(rows):
        # ends so far within each owner: one running maximum, owners lifted above each other
        step = float(rows["end"].max() - rows["start"].min()) + 1.0
        ends = np.maximum.accumulate(rows["end"] + owner * step) - owner * step
        same = owner[1:] == owner[:-1]
        gap = np.where(same, rows["start"][1:] - ends[:-1], 0.0)
        np.maximum.at(longest, owner[1:], gap)
    return longest


def judgeable(records: Rows) -> NDArray[np.bool_]:
    """Return (owners,) bool: of which enough was counted to be judged."""
    count = int(records["owner"].max()) + 1 if len(records) else 0
    owner = records["owner"]
    packets = np.bincount(owner, records["packets"].sum(axis=1), count)
    start, end = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(start, owner, records["start"])
    np.maximum.at(end, owner, records["end"])
    made: NDArray[np.bool_] = (packets >= LEAST_PACKETS) & (end - start >= LEAST_S)
    return made


def scored(table: Matrix, loops: Loops, model: ReducedModel | None = None) -> Matrix:
    """Return (n,) natural logs of the likelihood ratio of mining of `features` rows."""
    model = model or loaded()
    made: Matrix = np.interp(raw_scores(table, model.trees, loops), model.raw, model.log_odds)
    return made


def written(path: Path, model: ReducedModel) -> str:
    """Write a model; return the SHA-256 of the file."""
    named = [(field.name, getattr(model.trees, field.name)) for field in fields(Trees)]
    trees: dict[str, Any] = {f"trees_{name}": np.asarray(values) for name, values in named}
    names = np.array(NAMES)
    np.savez_compressed(path, names=names, raw=model.raw, log_odds=model.log_odds, usual=model.usual, **trees)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read(path: Path, expected: str | None = None) -> ReducedModel:
    """Read a model. Raises ModelError where it is damaged, of other measures, or not the one `expected`."""
    try:
        raw = path.read_bytes()
        identity = hashlib.sha256(raw).hexdigest()
        if expected is not None and identity != expected:
            raise ModelError(f"{path}: SHA-256 is {identity}, not {expected}")
        with np.load(BytesIO(raw), allow_pickle=False) as file:
            held = {name: file[name] for name in file.files}
        arrays = {field.name: held[f"trees_{field.name}"] for field in fields(Trees) if field.name != "base"}
        trees = Trees(**arrays, base=float(held["trees_base"]))
        names = tuple(str(name) for name in held["names"])
        model = ReducedModel(trees, held["raw"], held["log_odds"], held["usual"], identity)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(f"{path}: not a model: {error}") from error
    if names != NAMES:
        raise ModelError(f"{path}: made with other measures than are taken here")
    return model


@cache
def loaded() -> ReducedModel:
    """Return the model that is shipped, checked against the hash beside it. Raises ModelError."""
    card = MODEL.with_suffix(".json")
    try:
        expected = str(json.loads(card.read_text(encoding="utf-8"))["sha256"])
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{card}: {error}") from error
    return read(MODEL, expected)

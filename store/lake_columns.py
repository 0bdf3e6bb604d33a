"""The columns of the flow lake: FLOW and PACKET rows as polars frames, and back.

flows    a row for what was known of a flow when its batch was written
packets  a row for each data packet of the flows whose rhythm was kept

A flow's number is drawn from its ends, tunnel and first packet's time, so it is the same in every batch, in
each capture that holds it whole, and in both tables. Addresses are two 64-bit words, IPv4 mapped into IPv6.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from facts.flow import A_SYN, A_SYN_ACK, B_FIRST, B_SYN, B_SYN_ACK, FLOW
from facts.rhythm import PACKET

Rows = npt.NDArray[Any]

FLOWS: Final = "flows"
PACKETS: Final = "packets"
TABLES: Final = (FLOWS, PACKETS)

TIME: Final = pl.Datetime("ns", "UTC")

FLOW_SCHEMA: Final[dict[str, pl.DataType]] = {
    "flow_id": pl.UInt64(),
    "a_hi": pl.UInt64(),
    "a_lo": pl.UInt64(),
    "b_hi": pl.UInt64(),
    "b_lo": pl.UInt64(),
    "port_a": pl.UInt16(),
    "port_b": pl.UInt16(),
    "proto": pl.UInt8(),
    "tunnel": pl.UInt32(),
    "vlan": pl.UInt16(),
    "client": pl.Int8(),  # 0: a, 1: b opened the connection; -1: no SYN tells it
    "first_way": pl.UInt8(),  # who sent the first packet that was seen
    "tag": pl.UInt8(),
    "state": pl.UInt8(),
    "syn": pl.UInt8(),
    "first_at": TIME,
    "last_at": TIME,
    "first_frame": pl.UInt64(),
    "source": pl.String(),
    "packets_a": pl.UInt32(),
    "packets_b": pl.UInt32(),
    "bytes_a": pl.UInt64(),
    "bytes_b": pl.UInt64(),
    "payload_a": pl.UInt64(),
    "payload_b": pl.UInt64(),
    "flags_a": pl.UInt8(),
    "flags_b": pl.UInt8(),
    "data_a": pl.UInt8(),
    "data_b": pl.UInt8(),
}
"""What `_a` counts went from a to b; names otherwise as in facts/flow.py."""

PACKET_SCHEMA: Final[dict[str, pl.DataType]] = {
    "flow_id": pl.UInt64(),
    "at": TIME,
    "size": pl.UInt16(),
    "way": pl.UInt8(),
    "marks": pl.UInt8(),
}
"""Names as in facts/rhythm.py. Rows lie in the order of flow and time within a batch."""

SCHEMAS: Final = {FLOWS: FLOW_SCHEMA, PACKETS: PACKET_SCHEMA}

_SAME = ("a_hi", "a_lo", "b_hi", "b_lo", "proto", "tunnel", "vlan", "tag", "state", "syn", "first_frame")
_SIDES = ("packets", "bytes", "payload", "flags", "data")

_ODD = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)  # of splitmix64, Steele and others, 2014


def flow_ids(flows: Rows) -> npt.NDArray[np.uint64]:
    """Return (n,) uint64: the numbers of FLOW rows. Not secret and not seeded: they outlive runs."""
    number = np.zeros(len(flows), np.uint64)
    for name in ("a_hi", "a_lo", "b_hi", "b_lo", "ports", "tunnel", "proto", "first_ns"):
        number = _mixed(number + np.uint64(_ODD[0]) ^ flows[name].astype(np.uint64))
    return number


def _mixed(number: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    for shift, odd in ((30, _ODD[1]), (27, _ODD[2])):
        number = (number ^ (number >> np.uint64(shift))) * np.uint64(odd)
    return number ^ (number >> np.uint64(31))


def flow_frame(flows: Rows, sources: Sequence[str]) -> pl.DataFrame:
    """Return FLOW rows as a frame of FLOW_SCHEMA; `source` of a row is an index into `sources`."""
    columns: dict[str, Any] = {name: np.ascontiguousarray(flows[name]) for name in _SAME}
    columns["flow_id"] = flow_ids(flows)
    columns["port_a"] = (flows["ports"] >> np.uint32(16)).astype(np.uint16)
    columns["port_b"] = (flows["ports"] & np.uint32(0xFFFF)).astype(np.uint16)
    columns["client"] = _clients(flows["syn"])
    columns["first_way"] = (flows["state"] & B_FIRST != 0).astype(np.uint8)
    columns["first_at"] = np.ascontiguousarray(flows["first_ns"])
    columns["last_at"] = np.ascontiguousarray(flows["last_ns"])
    for name in _SIDES:
        for side, end in enumerate("ab"):
            columns[f"{name}_{end}"] = np.ascontiguousarray(flows[name][:, side])
    names = pl.Series(list(sources) or [""], dtype=pl.String)
    columns["source"] = names.gather(flows["source"].astype(np.uint32)) if len(flows) else names.head(0)
    return pl.DataFrame(columns).select(pl.col(name).cast(kind) for name, kind in FLOW_SCHEMA.items())


def _clients(syn: npt.NDArray[np.uint8]) -> npt.NDArray[np.int8]:
    """Return (n,) int8: who opened each connection, as far as SYNs tell; both at once tell nothing."""
    asked, answered = syn & (A_SYN | B_SYN), syn & (A_SYN_ACK | B_SYN_ACK)
    found = np.full(len(syn), -1, np.int8)
    found[(asked == A_SYN) | ((asked == 0) & (answered == B_SYN_ACK))] = 0
    found[(asked == B_SYN) | ((asked == 0) & (answered == A_SYN_ACK))] = 1
    return found


def packet_frame(packets: Rows, flows: Rows) -> pl.DataFrame:
    """Return PACKET rows as a frame of PACKET_SCHEMA; `flow` of a row is an index into `flows`."""
    columns = {name: np.ascontiguousarray(packets[name]) for name in ("size", "way", "marks")}
    columns["flow_id"] = flow_ids(flows)[packets["flow"]]
    columns["at"] = np.ascontiguousarray(packets["at_ns"])
    return pl.DataFrame(columns).select(pl.col(name).cast(kind) for name, kind in PACKET_SCHEMA.items())


def flow_rows(frame: pl.DataFrame) -> Rows:
    """Return (n,) FLOW of a frame of FLOW_SCHEMA, in its order.

    `source` counts the names in the order of their first row; `expected` and `next`, which are the sieve's
    alone, are 0.
    """
    rows = np.zeros(len(frame), FLOW)
    for name in _SAME:
        rows[name] = frame[name].to_numpy()
    rows["ports"] = (frame["port_a"].to_numpy().astype(np.uint32) << np.uint32(16)) | frame[
        "port_b"
    ].to_numpy()
    rows["first_ns"] = frame["first_at"].to_physical().to_numpy()
    rows["last_ns"] = frame["last_at"].to_physical().to_numpy()
    for name in _SIDES:
        for side, end in enumerate("ab"):
            rows[name][:, side] = frame[f"{name}_{end}"].to_numpy()
    rows["source"] = frame["source"].rle_id().to_numpy() if not len(frame) else _numbered(frame["source"])
    return rows


def _numbered(names: pl.Series) -> npt.NDArray[np.uint16]:
    """Return (n,) uint16: each name as its place among the different ones."""
    known = names.unique(maintain_order=True)
    places = pl.DataFrame({"name": known, "place": np.arange(len(known), dtype=np.uint16)})
    return (
        pl.DataFrame({"name": names})
        .join(places, on="name", how="left", maintain_order="left")["place"]
        .to_numpy()
    )


def packet_rows(frame: pl.DataFrame, ids: npt.NDArray[np.uint64]) -> Rows:
    """Return (m,) PACKET of a frame of PACKET_SCHEMA, in the order of flow and time; `flow` is an index into
    `ids`. Packets of other flows are left out."""
    order = np.argsort(ids, kind="stable")
    wanted = frame["flow_id"].to_numpy()
    if not len(ids) or not len(wanted):
        return np.empty(0, PACKET)
    at = np.minimum(np.searchsorted(ids[order], wanted), len(ids) - 1)
    here = ids[order][at] == wanted
    rows = np.empty(int(here.sum()), PACKET)
    rows["flow"] = order[at][here]
    rows["at_ns"] = frame["at"].to_physical().to_numpy()[here]
    for name in ("size", "way", "marks"):
        rows[name] = frame[name].to_numpy()[here]
    return rows[np.lexsort((rows["at_ns"], rows["flow"]))]

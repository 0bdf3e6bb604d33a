"""Flow records of the lake judged in the reduced form: counts alone, where no rhythm of packets was kept.

A row of the lake counts all that a flow did until its batch was written. So of a flow that was written window
by window the differences are what an exporter of NetFlow or IPFIX would have told of each window; of one that
was written once there is one record.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from classifier import reduced, shape_trees
from classifier.encrypted_flows import READABLE
from classifier.reduced_evidence import WITNESS, Counted
from classifier.shape_features import client_ways, dependencies
from facts.endpoint import Endpoint, address_of
from facts.where import Where
from pipeline.shape import LOOPS
from store.lake import Damaged, Lake, Wanted
from store.lake_columns import FLOWS, PACKETS, flow_rows

Rows = npt.NDArray[Any]

LINK = 14
"""Bytes of an Ethernet header, which the lake counts and exporters do not."""
TCP, UDP = 6, 17
MEASURES = 3
"""That an explanation names."""


@dataclass(frozen=True, slots=True)
class Reduced:
    """What flow records of a day and probe say."""

    counted: tuple[Counted, ...]
    """Dependencies that are witnesses of mining."""
    judged: int
    """Dependencies of which enough was counted."""
    damaged: tuple[Damaged, ...]


def judged(lake: Lake, wanted: Wanted, source: str, sampling: float = 1.0) -> Reduced:
    """Judge the dependencies of a day and probe of which the lake keeps no packets.

    `source` names the lake's part in evidence; `sampling`: one packet in so many was counted.
    """
    frame, damaged = lake.read(FLOWS, wanted)
    packets, more = lake.read(PACKETS, wanted)
    damaged = [*damaged, *more]
    frame = frame.filter(pl.col("proto").is_in([TCP, UDP]), ~pl.col("tag").is_in(sorted(READABLE)))
    if not len(frame):
        return Reduced((), 0, tuple(damaged))
    frame = frame.sort("flow_id", "last_at", "packets_a", "packets_b")
    flows = flow_rows(frame)
    owner = dependencies(flows)
    heard = np.isin(frame["flow_id"].to_numpy(), packets["flow_id"].unique().to_numpy())
    left_out = np.bincount(owner, heard) > 0
    records, row = records_of(flows, frame["flow_id"].to_numpy(), owner)
    keep = ~left_out[records["owner"]]
    records, row = records[keep], row[keep]
    if len(records):
        _, records["owner"] = np.unique(records["owner"], return_inverse=True)
        enough = reduced.judgeable(records)
        keep = enough[records["owner"]]
        records, row = records[keep], row[keep]
    if not len(records):
        return Reduced((), 0, tuple(damaged))
    _, records["owner"] = np.unique(records["owner"], return_inverse=True)
    model = reduced.loaded()
    table = reduced.features(records, sampling)
    nats = reduced.scored(table, LOOPS, model)
    found = [
        _counted(place, records, row, flows, table, model, float(nats[place]), source, sampling)
        for place in np.flatnonzero(nats >= WITNESS).tolist()
    ]
    return Reduced(tuple(found), len(table), tuple(damaged))


def records_of(flows: Rows, ids: Rows, owner: Rows) -> tuple[Rows, Rows]:
    """Return (n,) RECORD of (m,) FLOW rows by flow then time, and the row of each; `ids`: (m,) u8 number of
    each row's flow. Rows that tell of nothing new make no record."""
    again = np.zeros(len(flows), bool)
    again[1:] = ids[1:] == ids[:-1]
    packets, size = flows["packets"].astype(np.int64), flows["bytes"].astype(np.int64)
    size = np.maximum(size - LINK * packets, 0)
    new_packets, new_size = packets.copy(), size.copy()
    new_packets[1:][again[1:]] -= packets[:-1][again[1:]]
    new_size[1:][again[1:]] -= size[:-1][again[1:]]
    fewer = (new_packets < 0).any(axis=1)  # of another run, that began later: it stands for itself
    new_packets[fewer], new_size[fewer] = packets[fewer], size[fewer]
    start = flows["first_ns"].copy()
    follows = again & ~fewer
    start[1:][follows[1:]] = flows["last_ns"][:-1][follows[1:]]
    row = np.flatnonzero(new_packets.sum(axis=1) > 0)
    zero = int(flows["first_ns"].min()) if len(flows) else 0
    made = np.zeros(len(row), reduced.RECORD)
    made["owner"], made["flow"] = owner[row], np.unique(ids, return_inverse=True)[1][row]
    made["start"] = (start[row] - zero) * 1e-9
    made["end"] = (flows["last_ns"][row] - zero) * 1e-9
    swapped = client_ways(flows)[row] == 1
    for name, values in (
        ("packets", new_packets),
        ("bytes", np.maximum(new_size, 0)),
        ("flags", flows["flags"]),
    ):
        own = values[row]
        made[name] = np.where(swapped[:, None], own[:, ::-1], own)
    made["tcp"] = flows["proto"][row] == TCP
    return made, row


def _counted(
    place: int,
    records: Rows,
    row: Rows,
    flows: Rows,
    table: Rows,
    model: reduced.ReducedModel,
    nats: float,
    source: str,
    sampling: float,
) -> Counted:
    mine = np.flatnonzero(records["owner"] == place)
    first = int(row[mine[np.argmin(flows["first_ns"][row[mine]])]])
    flow = flows[first]
    ends = [
        Endpoint(address_of(int(flow[f"{end}_hi"]), int(flow[f"{end}_lo"])), port)
        for end, port in (("a", int(flow["ports"]) >> 16), ("b", int(flow["ports"]) & 0xFFFF))
    ]
    way = int(client_ways(flows[first : first + 1])[0])
    said = shape_trees.spoken(model.trees, table[place], table.shape[1])
    order = [at for at in np.argsort(-said, kind="stable")[:MEASURES].tolist() if said[at] > 0]
    return Counted(
        client=ends[way].address,
        server=ends[1 - way],
        nats=nats,
        measures=tuple((reduced.NAMES[at], float(table[place, at]), float(model.usual[at])) for at in order),
        records=len(mine),
        connections=len(np.unique(records["flow"][mine])),
        packets=int(records["packets"][mine].sum()),
        sampling=sampling,
        first_ns=int(flows["first_ns"][row[mine]].min()),
        last_ns=int(flows["last_ns"][row[mine]].max()),
        where=Where(source, int(flow["first_frame"]) or None),
    )

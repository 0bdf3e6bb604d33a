"""Make the benchmark capture: seeded, at least 1 GB, 300,000+ flows, the mix of benchmarks/mix.

usage: python -m benchmarks.generate OUT [--gigabytes 1.1] [--flows 320000] [--seconds 600] [--seed 7]

Each flow is a template with its own addresses (checksums kept right) and its own start; all flows are laid
over one another in the order of time, so the flow table is as busy as on a real link.
"""

import argparse
import json
import struct
from ipaddress import ip_address
from pathlib import Path

import numpy as np
from numba import njit

from benchmarks.mix.table import templates
from benchmarks.mix.template import CLIENT, CLIENT6, SERVER, SERVER6, Template
from pcaps.makers.making import START

BEGIN_S = int(START)


PLACE = np.dtype([("at", "i4"), ("server", "i4"), ("header", "i4"), ("transport", "i4")])
"""Four address bytes to rewrite: offset, whose they are, the checksums that cover them (-1: none)."""

_SIDES = {
    ip_address(text).packed: side for side, text in ((0, CLIENT), (1, SERVER), (0, CLIENT6), (1, SERVER6))
}


def _places(frame: bytes, base: int) -> list[tuple[int, int, int, int]]:
    """Return PLACE rows for the IP header at `base`; none where it is no IP header."""
    version = frame[base] >> 4
    if version == 4:
        starts, size, kind, data, header = (base + 12, base + 16), 4, frame[base + 9], base + 20, base + 10
        if struct.unpack_from(">H", frame, base + 6)[0] & 0x1FFF:
            kind = 0  # a later fragment has no transport header
    elif version == 6:
        starts, size, kind, data, header = (base + 8, base + 24), 16, frame[base + 6], base + 40, -1
    else:
        return []
    transport = {6: data + 16, 17: data + 6}.get(kind, -1)
    return [
        (start + size - 4, _SIDES[frame[start : start + size]], header, transport)
        for start in starts
        if frame[start : start + size] in _SIDES
    ]


@njit(cache=True)
def _add(data, at, old, new):  # type: ignore[no-untyped-def]
    """Update a one's complement checksum at `at` for a 16-bit word that went from old to new (RFC 1624)."""
    check = (np.int64(data[at]) << 8) | data[at + 1]
    total = (~check & 0xFFFF) + (~old & 0xFFFF) + new
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    check = ~total & 0xFFFF
    data[at] = check >> 8
    data[at + 1] = check & 255


@njit(cache=True)
def _emit(out, at, pool, frames, order, packet_of, flow_of, times, places, clients):  # type: ignore[no-untyped-def]
    """Write the packets of `order` as pcap records from offset `at` on; return where they end."""
    for row in range(len(order)):
        index = order[row]
        start, length, first, last = frames[packet_of[index]]
        flow = flow_of[index]
        micro = np.int64(times[index] * 1e6)
        words = (BEGIN_S + micro // 1_000_000, micro % 1_000_000, length, length)
        for word in range(4):
            for byte in range(4):
                out[at + 4 * word + byte] = (words[word] >> (8 * byte)) & 255
        at += 16
        out[at : at + length] = pool[start : start + length]
        for place in range(first, last):
            here = places[place]
            # Servers are fewer than clients, as on a real link; both lie in 10.0.0.0/8.
            value = 0x0A800000 | (flow * 2654435761 % 20011) if here.server else 0x0A000000 | clients[flow]
            for half in range(2):
                spot = at + here.at + 2 * half
                old = (np.int64(out[spot]) << 8) | out[spot + 1]
                new = (value >> (16 - 16 * half)) & 0xFFFF
                out[spot] = new >> 8
                out[spot + 1] = new & 255
                if here.header >= 0:
                    _add(out, at + here.header, old, new)
                if here.transport >= 0:
                    _add(out, at + here.transport, old, new)
        at += length
    return at


def generate(out: Path, gigabytes: float, flows: int, seconds: float, seed: int) -> dict[str, object]:
    """Write the capture and return what it holds. `flows` is a floor; more are added until the size is
    reached."""
    draw = np.random.default_rng(seed)
    mix = templates(seed)
    share = np.array([t.share for t in mix])
    size = np.array([sum(16 + len(raw) for _, raw in t.packets) for t in mix])
    flows = max(flows, int(gigabytes * 1e9 / (share / share.sum() @ size)) + 1)
    kind = draw.choice(len(mix), flows, p=share / share.sum())

    pool, frames, rows, offsets, first_of = bytearray(), [], [], [], [0]
    for template in mix:
        for (at, raw), base in zip(template.packets, template.inner, strict=True):
            places = _places(raw, base)
            frames.append((len(pool), len(raw), len(rows), len(rows) + len(places)))
            rows += places
            pool += raw
            offsets.append(at - START)
        first_of.append(len(frames))
    first, count = np.array(first_of[:-1]), np.diff(first_of)
    at = np.array(offsets)
    frame = np.array(frames, np.int64)

    per_flow = count[kind]
    total = int(per_flow.sum())
    flow_of = np.repeat(np.arange(flows), per_flow)
    begins = np.concatenate([[0], np.cumsum(per_flow)[:-1]])
    packet_of = np.repeat(first[kind] - begins, per_flow) + np.arange(total)
    times = draw.uniform(0, seconds, flows)[flow_of] + at[packet_of]
    order = np.argsort(times, kind="stable")
    length = 24 + int((16 + frame[packet_of, 1]).sum())
    whole = np.memmap(out, np.uint8, "w+", shape=(length,))
    whole[:24] = np.frombuffer(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1), np.uint8)
    places = np.array(rows, PLACE).view(np.recarray)
    clients = draw.integers(1, 1 << 22, flows)
    end = _emit(
        whole,
        24,
        np.frombuffer(bytes(pool), np.uint8),
        frame,
        order,
        packet_of,
        flow_of,
        times,
        places,
        clients,
    )
    whole.flush()
    if end != length:
        raise AssertionError(f"wrote {end} of {length} bytes")
    return {
        "bytes": length,
        "packets": total,
        "conversations": flows,
        "mining_conversations": int(np.isin(kind, [i for i, t in enumerate(mix) if t.mining]).sum()),
        "mix": _by_name(mix, np.bincount(kind, minlength=len(mix)).tolist()),
    }


def _by_name(mix: list[Template], counts: list[int]) -> dict[str, int]:
    """Return the conversations of each kind, its variants together."""
    found: dict[str, int] = {}
    for template, count in zip(mix, counts, strict=True):
        found[template.name] = found.get(template.name, 0) + count
    return found


def main() -> None:
    """Parse the command line and write the file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--gigabytes", type=float, default=1.1)
    parser.add_argument("--flows", type=int, default=320_000)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    print(json.dumps(generate(given.out, given.gigabytes, given.flows, given.seconds, given.seed)))


if __name__ == "__main__":
    main()

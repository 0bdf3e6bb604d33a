"""The whole program beside its peers: the same file, one core, in rounds."""

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.bench import Bench, Found, Job, figures
from benchmarks.measure import floor_mb, version
from benchmarks.nfstream_peer import nfstream
from benchmarks.peers import ABSENT, Peer, collector, peers
from benchmarks.sections.section import Section
from benchmarks.tables import Table, middle, spread

MINESCOPE = "minescope replay"
FAST = ("tcpdump", "softflowd")
"""Programs that --quick runs."""


def measure(bench: Bench) -> Found:
    """Run MineScope and every peer that is there, in rounds."""
    with collector() as port:
        known = [peer for peer in peers(port) if not bench.quick or peer.program in FAST]
        absent = {} if bench.quick else dict(ABSENT)
        if not bench.quick:
            peer, why = nfstream()
            known += [peer] if peer else []
            absent |= {} if peer else {"nfstream": why}
        present = [peer for peer in known if peer.present]
        absent |= {peer.name: f"not installed (package {peer.package})" for peer in known if not peer.present}
        found: Found = {"runs": {}, "counted": {}, "absent": absent, "summary": {}}
        jobs: list[Job] = [(MINESCOPE, partial(_minescope, bench, found))]
        jobs += [(peer.name, partial(_peer, bench, found, peer)) for peer in present]
        bench.interleaved(jobs)
    packets = found["summary"].get("packets", 0)
    found["peers"] = {
        peer.name: {
            "program": peer.name.split()[0],
            "version": version(peer.version),
            "note": peer.note,
            "packets": peer.packets or packets,
            "ratios": _ratios(found, peer, packets),
        }
        for peer in present
    }
    found["floor_mb"] = floor_mb()
    return found


def _minescope(bench: Bench, found: Found) -> None:
    if done := bench.replayed(MINESCOPE, str(bench.capture)):
        cost, found["summary"] = done
        found["runs"].setdefault(MINESCOPE, []).append(figures(cost))


def _peer(bench: Bench, found: Found, peer: Peer) -> None:
    folder = Path(tempfile.mkdtemp(dir=bench.scratch))
    cost = bench.checked(peer.name, peer.command(bench.capture, folder), cores=str(bench.core))
    for left in folder.iterdir():
        left.unlink()
    if cost:
        found["runs"].setdefault(peer.name, []).append(figures(cost))
        found["counted"][peer.name] = peer.counted(cost.out + cost.err)


def _ratios(found: Found, peer: Peer, packets: int) -> list[float]:
    """Return by round how many times faster MineScope is: packets a CPU second over the peer's."""
    share = (peer.packets or packets) / packets if packets else 0.0
    pairs = zip(found["runs"].get(MINESCOPE, []), found["runs"].get(peer.name, []), strict=False)
    return [round(theirs["cpu_s"] / share / ours["cpu_s"], 3) for ours, theirs in pairs if share]


def tables(found: Found) -> Iterator[Table]:
    """Yield the comparison."""
    summary, runs = found["summary"], found["runs"]
    packets = summary.get("packets", 0)
    rows = [("program", "CPU s", "million packets/s", "peak MB", "MineScope is", "packets it counted")]
    rows.append((f"**{MINESCOPE}**", *_speed(runs.get(MINESCOPE, []), packets), "", f"{packets:,}"))
    for name, peer in found["peers"].items():
        counted = found["counted"].get(name)
        told = "says none" if counted is None else f"{counted:,}"
        if peer["packets"] != packets:
            told += f" of {peer['packets']:,} given"
        ratio = f"{spread(peer['ratios'])} x" if peer["ratios"] else "failed"
        label = f"{name} {peer['version']}"
        rows.append((label, *_speed(runs.get(name, []), peer["packets"]), ratio, told))
    notes = [
        f"{packets:,} packets, {summary.get('flows', 0):,} flows, {summary.get('verdicts', 0):,} verdicts; "
        f"peaks below {found['floor_mb']:.0f} MB cannot be told",
        *(f"not measured: {name}: {why}" for name, why in found["absent"].items()),
    ]
    yield Table(rows, notes)


def _speed(runs: list[Found], packets: int) -> tuple[str, str, str]:
    if not runs:
        return "failed", "", ""
    spent = [one["cpu_s"] for one in runs]
    speed = f"{packets / middle(spent) / 1e6:.2f}"
    return spread(spent), speed, f"{middle([one['rss_mb'] for one in runs]):,.0f}"


SECTION = Section("replay", "The whole program and its peers", measure, tables, quick=True)

"""Whether what is fast is also right: the whole capture against capinfos, its beginning against tshark."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

from benchmarks.bench import Bench, Found, say
from benchmarks.sections.files import cut
from benchmarks.sections.section import Section
from benchmarks.tables import Table

SAMPLE = 200_000
"""Packets compared flow by flow with tshark."""


def measure(bench: Bench) -> Found:
    """Count with capinfos, compare flows with tshark; a difference fails the benchmark."""
    found: Found = {}
    say("  packets and bytes against capinfos")
    told = capinfos(str(bench.capture))
    if done := bench.replayed("correctness", str(bench.capture)):
        summary = done[1]
        ours = {"packets": summary["packets"], "bytes": summary["bytes"]}
        found["capinfos"] = {"ours": ours, "theirs": told}
        found["conservation"] = {key: summary[key] for key in ("packets", "parsed", "skipped")}
        if ours != told:
            bench.failed.append(f"correctness: capinfos counts {told}, MineScope {ours}")
    say(f"  flows of {SAMPLE:,} packets against the tshark reduction")
    folder = bench.scratch / "sample"
    folder.mkdir()
    [sample] = cut(bench.capture, folder, 1, SAMPLE)
    found["flows"] = flows(str(sample))
    if found["flows"]["different"]:
        bench.failed.append(f"correctness: {found['flows']['different']} flows differ from tshark's")
    return found


def capinfos(path: str) -> dict[str, int]:
    """Return packets and bytes on the wire as capinfos counts them."""
    done = subprocess.run(
        ["capinfos", "-M", "-c", "-d", "-T", "-r", path], capture_output=True, text=True, check=True
    )
    _, packets, size = done.stdout.split("\t")
    return {"packets": int(packets), "bytes": int(size)}


def flows(path: str) -> dict[str, int]:
    """Compare the flow table with tshark's packets by 5-tuple (docs/sieve.md, "The tshark reduction")."""

    from capture.sieve.sieve import Sieve  # here: the process that starts the peers stays small
    from capture.sources.opening import open_source
    from tests.capture.sieve.located import table
    from tests.capture.tshark_reduction import reduce_all

    sieve = Sieve(seed=1)
    with open_source(path, 0) as source:
        for block in source.blocks():
            for _ in sieve.push(block):
                pass
        packets = source.records
    ours = {ends: counts[:2] for ends, counts in table(sieve).items()}
    [theirs] = reduce_all([Path(path)])
    different = sum(ours.get(ends) != theirs.flows.get(ends) for ends in {*ours, *theirs.flows})
    different += packets != theirs.packets
    different += sum(sieve.skipped.values()) != theirs.others
    return {"packets": packets, "flows": len(theirs.flows), "different": different}


def tables(found: Found) -> Iterator[Table]:
    """Yield what was compared."""
    rows = [("compared", "here", "there")]
    if both := found.get("capinfos"):
        ours, theirs = both["ours"], both["theirs"]
        rows += [(f"{key} of the capture, capinfos", f"{ours[key]:,}", f"{theirs[key]:,}") for key in ours]
        kept = found["conservation"]
        skipped = " + ".join(f"{count:,} {reason}" for reason, count in kept["skipped"].items())
        rows.append(
            ("packets = parsed + skipped", f"{kept['packets']:,}", f"{kept['parsed']:,} + {skipped or 0}")
        )
    compared = found["flows"]
    same = f"{compared['flows'] - compared['different']:,} equal"
    rows.append(
        (f"flows of the first {compared['packets']:,} packets, tshark", same, f"{compared['flows']:,}")
    )
    yield Table(rows)


SECTION = Section("correctness", "Correctness at speed", measure, tables)

import csv
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from capture.sieve.sieve import Sieve
from capture.sources.opening import open_source
from capture.sources.source import SourceError
from tests.capture.sieve.located import table
from tests.capture.tshark_reduction import Reduction, reduce_all

DOCUMENT = Path(__file__).parents[3] / "docs" / "sieve.md"


def exceptions() -> set[str]:
    """The captures that docs/sieve.md lists with a reason."""
    _, _, listed = DOCUMENT.read_text(encoding="utf-8").partition("## Captures that differ from tshark")
    return {line.split("`")[1] for line in listed.splitlines() if line.startswith("| `")}


def captures(corpus: Path) -> list[str]:
    with (corpus / "index.csv").open(encoding="utf-8") as rows:
        return [row["path"] for row in csv.DictReader(rows)]


def sieved(path: Path, sieve: Sieve) -> Reduction | None:
    """Reduce what the sieve sees; None where a capture is unreadable or of a link type that is not read."""
    sieve.reset()
    try:
        with open_source(str(path), 0) as source:
            for block in source.blocks():
                for _rows in sieve.push(block):
                    pass
    except SourceError:
        return None
    if any(reason.startswith("unsupported-link") for reason in sieve.skipped):
        return None
    flows = {ends: counts[:2] for ends, counts in table(sieve).items()}
    return Reduction(source.records, flows, sum(sieve.skipped.values()))


def differences(corpus: Path, paths: Sequence[str]) -> dict[str, list[str]]:
    """Compare captures; what differs in each that does, as `ours` and `theirs`."""
    sieve = Sieve(seed=1)
    ours = {path: found for path in paths if (found := sieved(corpus / path, sieve))}
    theirs = reduce_all([corpus / path for path in ours])
    lines = {path: list(differing(ours[path], their)) for path, their in zip(ours, theirs, strict=True)}
    return {path: unlike for path, unlike in lines.items() if unlike}


def differing(ours: Reduction, theirs: Reduction) -> Iterator[str]:
    for name in ("packets", "others"):
        here, there = getattr(ours, name), getattr(theirs, name)
        if here != there:
            yield f"{name}: {here}, {there}"
    for ends in {*ours.flows, *theirs.flows}:
        if ours.flows.get(ends) != theirs.flows.get(ends):
            yield f"{' '.join(map(str, ends))}: {ours.flows.get(ends)}, {theirs.flows.get(ends)}"


@pytest.mark.corpus
def test_flows_packets_and_bytes_of_some_captures_are_those_tshark_shows(corpus: Path) -> None:
    paths = sorted(set(captures(corpus)) - exceptions())
    chosen = random.Random(3).sample(paths, 200)
    chosen += [
        path
        for path in paths
        if path.endswith(("gre.pcapng", "ipv6_in_gtp.pcap", "vxlan.pcap", "dlt_ppp.pcap"))
    ]
    assert differences(corpus, chosen) == {}


@pytest.mark.corpus
@pytest.mark.prove
def test_flows_packets_and_bytes_of_every_capture_are_those_tshark_shows(corpus: Path) -> None:
    found = differences(corpus, captures(corpus))
    assert {path: lines for path, lines in found.items() if path not in exceptions()} == {}
    assert set(found) == exceptions()

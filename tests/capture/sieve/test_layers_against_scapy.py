import random
import re
from collections import Counter

import pytest

from capture.sieve.sieve import Sieve
from tests.capture.sieve.builder import Builder, dissected
from tests.capture.sieve.located import Ends, conserved, located, sift, table

_ADDRESS = re.compile(rb"(\xc0\0\x02|\xc6\x33\x64|\x20\x01\x0d\xb8.{11}).", re.DOTALL)
"""The addresses of the builder's packets, less their last byte."""


def readdressed(raw: bytes, chance: random.Random) -> bytes:
    """Give every IP header of a packet other addresses of the same networks."""
    return _ADDRESS.sub(lambda found: found[1] + bytes([chance.randrange(256)]), raw)


def compare(seed: int, built: int, copies: int = 0) -> None:
    """Compare packets, and `copies` of each with other addresses: scapy reads faster than it builds."""
    builder, chance = Builder(seed), random.Random(seed)
    links, packets = [], []
    for _ in range(built):
        link, raw, _packet = builder.packet()
        links += [link] * (1 + copies)
        packets += [raw, *(readdressed(raw, chance) for _ in range(copies))]
    expected: dict[Ends, list[int]] = {}
    for link, raw in zip(links, packets, strict=True):
        ends, payload = dissected(link, raw)
        counts = expected.setdefault(ends, [0, 0, 0])
        counts[0] += 1
        counts[1] += len(raw)
        counts[2] += payload
    sieve = Sieve(seed=1)
    sift(sieve, located(packets, links))
    assert sieve.skipped == {}
    found = table(sieve)
    assert found == {ends: tuple(counts) for ends, counts in expected.items()}
    assert conserved(sieve, len(packets))


def test_three_thousand_packets_of_every_layer_have_the_flows_scapy_dissects() -> None:
    compare(seed=20, built=3000)


@pytest.mark.prove
@pytest.mark.parametrize("seed", range(100, 120))
def test_a_hundred_thousand_packets_have_the_flows_scapy_dissects(seed: int) -> None:
    compare(seed, built=1250, copies=3)


def test_damaged_packets_raise_nothing_and_each_is_counted_once() -> None:
    builder, chance = Builder(5), random.Random(6)
    links, packets = [], []
    for _ in range(1500):
        link, raw, _packet = builder.packet()
        for _ in range(4):
            damaged = bytearray(raw)
            for _ in range(chance.randrange(1, 6)):
                damaged[chance.randrange(min(len(damaged), 120))] = chance.randrange(256)
            packets.append(
                bytes(damaged[: chance.choice((len(damaged), chance.randrange(len(damaged) + 1)))])
            )
            links.append(link)
    wirelen = [len(packet) + chance.choice((0, 0, 3, 1000)) for packet in packets]
    sieve = Sieve(seed=1)
    block = located(packets, links, wirelen)
    rows = sift(sieve, block)
    assert conserved(sieve, len(packets))
    assert len(sieve.skipped) > 4
    ends = block.records["start"] + block.records["caplen"]
    limits = dict(zip(block.records["frame"].tolist(), ends.tolist(), strict=True))
    assert all(row["ip"] <= row["payload"] for row in rows)
    assert all(row["payload"] + row["length"] <= limits[int(row["frame"])] for row in rows)


def test_rubbish_under_any_link_type_is_counted() -> None:
    chance = random.Random(8)
    packets = [chance.randbytes(chance.randrange(120)) for _ in range(4000)]
    links = [
        chance.choice((0, 1, 9, 12, 14, 50, 51, 101, 108, 113, 228, 229, 276, 105, 127)) for _ in packets
    ]
    sieve = Sieve(seed=1)
    sift(sieve, located(packets, links))
    assert conserved(sieve, len(packets))
    refused = Counter(link for link in links if link in (105, 127))
    assert sieve.skipped["unsupported-link-802.11"] == refused[105]
    assert sieve.skipped["unsupported-link-radiotap"] == refused[127]

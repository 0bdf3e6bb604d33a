import random
from collections import Counter

import pytest

from capture.sieve.sieve import Sieve
from tests.capture.sieve.builder import Builder, beginning, dissected
from tests.capture.sieve.located import Ends, conserved, located, sift, table
from tests.capture.sieve.varied import copies

CHECKED, BUILT = 10_000, 400  # packets of one case: some 5 s of CPU, nearly all of it scapy's
SEEDS = range(20, 30)  # 100,000 packets in every run of the tests


def compare(seed: int, total: int, built: int) -> None:
    """Compare so many packets: some built, the others copies of them with other values in their fields."""
    builder, chance = Builder(seed), random.Random(seed)
    links, packets = [], []
    for _ in range(built):
        link, raw, _packet = builder.packet()
        more = copies(link, raw, total // built - 1, chance)
        links += [link] * (1 + len(more))
        packets += [raw, *more]
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


@pytest.mark.parametrize("seed", SEEDS)
def test_packets_of_every_layer_have_the_flows_scapy_dissects(seed: int) -> None:
    compare(seed, CHECKED, BUILT)


@pytest.mark.prove
@pytest.mark.parametrize("seed", range(100, 120))
def test_a_million_packets_have_the_flows_scapy_dissects(seed: int) -> None:
    compare(seed, 50_000, 2_500)


def test_copies_differ_and_keep_their_layers() -> None:
    builder, chance = Builder(4), random.Random(4)
    for _ in range(200):
        link, raw, _packet = builder.packet()
        made = copies(link, raw, 3, chance)
        assert len({raw, *made}) == 4
        layers = [type(layer) for layer in beginning(link, raw)[0].iterpayloads()]
        for copy in made:
            assert len(copy) == len(raw)
            assert [type(layer) for layer in beginning(link, copy)[0].iterpayloads()][
                : len(layers) - 1
            ] == layers[:-1]


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
        chance.choice((0, 1, 9, 12, 14, 50, 51, 101, 105, 108, 113, 119, 127, 163, 228, 229, 276, 189, 195))
        for _ in packets
    ]
    sieve = Sieve(seed=1)
    sift(sieve, located(packets, links))
    assert conserved(sieve, len(packets))
    refused = Counter(link for link in links if link in (189, 195))
    assert sieve.skipped["unsupported-link-usb"] == refused[189]
    assert sieve.skipped["unsupported-link-802.15.4"] == refused[195]

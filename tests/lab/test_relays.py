"""A gateway that passes miners on under encryption, found by when packets went: a capture, the lake."""

from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import numpy as np
import pytest

from benchmarks.lab.fleet import fleet
from benchmarks.lab.province_traffic import _moved, _write
from classifier.ownership_model import Kind
from facts.endpoint import Endpoint, parse_address
from minescope.main import run
from pipeline.relays_of_lake import Way, find
from pipeline.settings import load_settings
from store.database import open_database
from store.ties import every_tie

GATEWAY, POOL = IPv4Address("198.51.100.1"), IPv4Address("203.0.113.9")
MINERS = [IPv4Address(f"192.0.2.{n}") for n in range(1, 7)]
DELAY_NS = 80_000_000
SECOND = 1_000_000_000


def test_six_miners_behind_a_sealing_gateway(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same talks, in clear before the gateway and in TLS behind it; six others at the pool themselves."""
    monkeypatch.setenv("MINESCOPE_HOME", str(tmp_path / "home"))
    before, behind, others = (
        fleet(seed, "direct", 6, "BTC", 12, carrier=carrier)
        for seed, carrier in ((5, "plain"), (5, "tls13"), (6, "tls13"))
    )
    assert [len(one.spoken) for one in before.talks] == [len(one.spoken) for one in behind.talks]
    late = replace(behind.network, start_ns=behind.network.start_ns + DELAY_NS)
    strangers = [IPv4Address(f"192.0.2.{n}") for n in range(101, 107)]
    networks = [
        _moved(before.network, MINERS, GATEWAY, None),
        _moved(late, [GATEWAY], POOL, None, 1),
        _moved(others.network, strangers, POOL, None, 2),
    ]
    capture = tmp_path / "gateway.pcap"
    _write(networks, capture)
    assert run(["replay", "--store", "-q", str(capture)]) == 1
    capsys.readouterr()
    assert run(["owners", "relays"]) == 0
    assert "minescope: 1 relays in 1 days of probes" in capsys.readouterr().out
    with open_database(load_settings().database_url) as database, database.reading() as connection:
        ties = [tie for tie in every_tie(connection) if tie.kind is Kind.RELAY]
    assert {tie.address for tie in ties} == {*MINERS, GATEWAY}
    assert len({tie.name for tie in ties}) == 1
    assert run(["owners", "show", str(GATEWAY), "--lang", "en"]) == 0
    shown = capsys.readouterr().out
    assert "relayed through the same gateway, told by timing" in shown
    assert all(str(one) in shown for one in MINERS)
    assert not any(f"  {one} " in shown for one in strangers)


def times(chance: np.random.Generator, count: int = 40) -> np.ndarray:
    return np.cumsum(chance.exponential(10 * SECOND, count)).astype(np.int64)


def test_a_gateway_whose_traffic_goes_nowhere_relays_nothing() -> None:
    chance = np.random.default_rng(1)
    gateway, pool = parse_address("198.51.100.1"), Endpoint(parse_address("203.0.113.9"), 443)
    service = Endpoint(gateway, 3333)
    ways = [Way(parse_address(f"192.0.2.{n}"), service, times(chance)) for n in range(1, 9)]
    ways += [Way(gateway, pool, times(chance)) for _ in range(8)]
    assert find(ways, {gateway}) == []
    forwarded = [*ways, Way(gateway, pool, ways[0].times + DELAY_NS)]
    assert find(forwarded, set()) == []  # nobody there is known to mine: a web server's proxy looks so, too
    [relay] = find(forwarded, {gateway})
    assert [str(way.client) for way in relay.ways] == ["192.0.2.1"]
    assert relay.out == (forwarded[-1],)

"""A farm and a data centre as the network sees them."""

from ipaddress import ip_address

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.phrases import render
from classifier.quantities_site import network_side
from facts.endpoint import packed16, parse_address
from facts.flow import A_SYN, B_FIRST, B_SYN, FLOW
from facts.instant import NS
from facts.names import PeerState, Role
from facts.site import NetworkSide
from facts.verdict import Machines, Peer, Power, Verdict
from tests.store.made import verdict

SITE = parse_address("192.0.2.9")
POOL = parse_address("198.51.100.1")
HOUR = 3_600 * NS


def flow(
    client: str, server: str, port: int, sent: int, got: int, seconds: int = 3_600, syn: bool = True
) -> NDArray[np.void]:
    """One flow that `client` opened, in the order of addresses of the flow table."""
    made = np.zeros(1, FLOW)
    ends = [(packed16(parse_address(client)), 40_000, sent), (packed16(parse_address(server)), port, got)]
    swapped = ends[0][:2] > ends[1][:2]
    a, b = (ends[1], ends[0]) if swapped else (ends[0], ends[1])
    for name, (raw, _, _) in (("a", a), ("b", b)):
        made[f"{name}_hi"], made[f"{name}_lo"] = (
            int.from_bytes(raw[:8], "big"),
            int.from_bytes(raw[8:], "big"),
        )
    made["ports"] = a[1] << 16 | b[1]
    made["bytes"] = (a[2], b[2])
    if syn:
        made["syn"] = B_SYN if swapped else A_SYN
    elif swapped:
        made["state"] = B_FIRST
    made["first_ns"], made["last_ns"] = 10**18, 10**18 + seconds * NS
    return made


def mining(kw: float) -> Verdict:
    peers = (Peer(POOL, 3333, Role.POOL, "stratum-bitcoin", PeerState.EXCHANGE),)
    power = Power(kw, kw * 0.7, kw * 1.4)
    machines = Machines(100, 100, 100, True, "sessions")
    return verdict(str(SITE), role=Role.PROXY, peers=peers, power=power, machines=machines)


def kinds(side: NetworkSide) -> set[str]:
    return {one.kind for one in side.evidence}


def seen(
    flows: list[NDArray[np.void]], kw: float | None = 300.0, metered: float | None = None
) -> NetworkSide:
    told = None if kw is None else mining(kw)
    found = network_side(SITE, np.concatenate(flows), told, metered)
    assert found is not None
    return found


def test_a_farm_talks_little_and_only_to_its_pool() -> None:
    side = seen(
        [
            flow(str(SITE), str(POOL), 3333, 4_000_000, 2_000_000),
            flow(str(SITE), "203.0.113.53", 53, 9_000, 9_000),
        ]
    )
    assert side.mining_share == pytest.approx(6_000_000 / 6_018_000)
    assert side.bytes_per_kwh is not None
    assert side.bytes_per_kwh[0] == pytest.approx(6_018_000 / 300)
    assert side.bytes_per_kwh[1] == pytest.approx(6_018_000 / 420)
    assert kinds(side) == {"site.mostly_mining", "site.few_bytes"}
    assert [one.name for one in side.mix] == ["mining", "names"]
    assert (side.flows, side.peers, side.clients, side.sent) == (2, 2, 0, 4_009_000)
    assert side.machines is not None
    assert side.machines.value == 100


def test_a_data_centre_serves_many_and_mines_a_little() -> None:
    flows = [flow(f"203.0.113.{n}", str(SITE), 443, 10**7, 10**10) for n in range(1, 41)]
    flows.append(flow(str(SITE), str(POOL), 3333, 400_000, 200_000))
    side = seen(flows, kw=0.4)
    assert kinds(side) == {"site.seldom_mining", "site.many_bytes", "site.serves"}
    assert side.clients == 40
    assert side.mix[0].name == "web"
    assert sum(one.share for one in side.mix) == pytest.approx(1.0)


def test_a_meter_holds_over_the_estimate() -> None:
    flows = [flow(str(SITE), str(POOL), 3333, 10**9, 0)]
    assert seen(flows, metered=1_000.0).bytes_per_kwh == (1e6, 1e6, 1e6)


def test_without_power_there_is_no_density() -> None:
    side = seen([flow(str(SITE), "203.0.113.1", 443, 100, 900)], kw=None)
    assert side.bytes_per_kwh is None
    assert side.power is None
    assert side.mining_share == 0
    assert side.evidence == ()


def test_who_opened_is_told_by_who_spoke_first_where_no_syn_was_seen() -> None:
    flows = [flow(f"203.0.113.{n}", str(SITE), 22, 10, 10, syn=False) for n in range(1, 30)]
    side = seen(flows, kw=None)
    assert side.clients == 29
    assert side.mix[0].name == "remote"


def test_an_address_without_flows_has_no_side() -> None:
    flows = flow("203.0.113.1", "203.0.113.2", 443, 1, 1)
    assert network_side(SITE, flows, None) is None


def test_ipv6_and_ipv4_are_told_apart() -> None:
    flows = flow("2001:db8::1", "2001:db8::2", 443, 5, 7)
    side = network_side(ip_address("2001:db8::2"), flows, None)
    assert side is not None
    assert (side.bytes, side.sent, side.clients) == (12, 7, 1)


def test_the_sentences_say_the_figures() -> None:
    side = seen([flow(str(SITE), str(POOL), 3333, 4_000_000, 2_000_000)])
    for one in side.evidence:
        for lang in ("en", "zh"):
            assert "?" not in render(one, lang)

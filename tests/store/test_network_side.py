"""Sites from the store: flows of the lake, verdicts, registry and meters together, on both databases."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from facts.endpoint import parse_address
from facts.errors import UsageError
from facts.flow import FLOW
from facts.instant import NS, nanoseconds
from facts.names import Level, PeerState, Role
from facts.rhythm import PACKET
from facts.verdict import Hashrate, Machines, Pace, Peer, Power, Verdict
from pipeline.network_side import network_sides
from pipeline.registry_import import Options, files_of, import_files
from pipeline.site_verdicts import NO_VERDICTS, SiteVerdicts, Span, counted, site_verdicts
from registry.attribution import Attributor
from store.curve_lake import SCHEMA, CurveLake
from store.database import Database
from store.lake import Lake
from store.registry import RegistryStore
from store.verdicts import VerdictStore
from supervision.site_kind import decide, witnesses
from supervision.site_network import grid_of, more_of_store, network_hours
from tests.classifier.test_quantities_site import flow
from tests.store.made import verdict
from tests.supervision.filled import fill

DAY = date(2025, 3, 3)
SPAN = Span.of_days(DAY, DAY + timedelta(days=7))
BEGIN = nanoseconds(datetime(2025, 3, 4, 2, tzinfo=UTC))
HOUR = 3_600 * NS
FARM, RIG, HALL, POOL = "192.0.2.3", "192.0.2.5", "192.0.2.20", "203.0.113.9"
"""The first two lie on the line of the site `hz`, the third on that of `nb`; the pool is nobody's."""


def at(one: NDArray[np.void], start_ns: int, seconds: int = 3_600) -> NDArray[np.void]:
    one["first_ns"], one["last_ns"] = start_ns, start_ns + seconds * NS
    return one


def kept(lake: Lake, flows: list[NDArray[np.void]]) -> None:
    rows = np.concatenate(flows)
    with lake.begin("eth1", ["a.pcap"]) as batch:
        batch.add(rows, np.empty(0, FLOW), np.empty(0, PACKET))
        batch.commit(None)


def metered(lake: CurveLake, account: str, kw: float, days: int = 7) -> None:
    frame = {
        "account": [account] * days,
        "meter": [""] * days,
        "day": [DAY + timedelta(days=i) for i in range(days)],
        "quantity": [0] * days,
        "of": [1] * days,
        "known_ns": [1] * days,
        "points": np.full((days, 96), kw, np.float32),
        "energy": [kw * 24] * days,
        "missing": [0] * days,
        "bridged": [0] * days,
        "register": [float("nan")] * days,
        "register_at": [0] * days,
    }
    with lake.begin() as batch:
        batch.add("2025-03", pl.DataFrame(frame, schema_overrides={"points": SCHEMA["points"]}))
        batch.commit(account, 1, {})


def mining(address: str, kw: float, role: Role = Role.MINER, pool: str = POOL, **fields: object) -> Verdict:
    peers = (Peer(parse_address(pool), 3333, Role.POOL, "stratum-bitcoin", PeerState.EXCHANGE),)
    return verdict(
        address,
        role=role,
        peers=peers,
        power=Power(kw, kw * 0.8, kw * 1.2),
        machines=Machines(10, 9, 11, False, "workers"),
        first_seen_ns=BEGIN,
        last_seen_ns=BEGIN + HOUR,
        **fields,
    )


@pytest.fixture
def attributor(db: Database, tmp_path: Path) -> Attributor:
    fill(db, tmp_path / "registry")
    return Attributor(RegistryStore(db).load())


def test_a_farm_and_a_hall_are_told_apart_from_what_is_stored(
    db: Database, attributor: Attributor, tmp_path: Path
) -> None:
    lake, curves = Lake(tmp_path / "lake"), CurveLake(tmp_path / "lake")
    flows = [
        at(flow(FARM, POOL, 3333, 4_000_000, 2_000_000), BEGIN),
        at(flow(RIG, POOL, 3333, 1_000_000, 500_000), BEGIN),
        at(flow(FARM, "203.0.113.53", 53, 9_000, 9_000), BEGIN),
        at(flow("203.0.113.1", "203.0.113.2", 443, 1, 1), BEGIN),
        at(flow(FARM, POOL, 3333, 10**9, 10**9), BEGIN - 20 * 24 * HOUR),  # of another time
    ]
    flows += [at(flow(f"203.0.113.{n}", HALL, 443, 10**7, 10**10), BEGIN) for n in range(60, 100)]
    kept(lake, flows)
    kept(lake, flows[:1])  # a flow that two batches hold counts once
    metered(curves, "ZJ1", 300.0)
    metered(curves, "ZJ2", 40.0)
    VerdictStore(db).save(
        "r", 1, [mining(FARM, 200.0), mining(RIG, 80.0), mining(HALL, 1.0, level=Level.SUSPECTED)]
    )
    found = network_sides(db, attributor, lake, curves, SPAN)
    assert (found.unplaced, found.damaged) == (1, ())
    farm, hall = found.sites
    assert (farm.site, hall.site) == ("hz", "nb")
    assert [str(one) for one in farm.addresses] == [FARM, RIG]
    assert (farm.side.bytes, farm.side.flows, farm.side.clients) == (7_518_000, 3, 0)
    assert farm.side.mining_share == pytest.approx(7_500_000 / 7_518_000)
    assert farm.metered_kwh == pytest.approx(300.0)
    assert farm.side.bytes_per_kwh == pytest.approx((25_060, 25_060, 25_060))
    assert farm.side.power == Power(280.0, pytest.approx(224.0), pytest.approx(336.0))
    assert farm.side.machines is not None
    assert farm.side.machines.value == 20
    assert {one.kind for one in farm.side.evidence} == {"site.mostly_mining", "site.few_bytes"}
    assert hall.side.clients == 40
    assert hall.side.mining_share == 0.0  # what is suspected is no witness of machines
    assert hall.side.power is None
    odds = [decide(witnesses(one.side, None, kw)).probability for one, kw in ((farm, 300.0), (hall, 40.0))]
    assert odds[0] > 0.95  # the network's side alone: the curves add theirs
    assert odds[1] < 0.3
    more = more_of_store(found.sites)
    assert more["hz"]["mining_kw"] == 280.0
    # By hand: 18,000 bytes that are not mining on 300 - 280 = 20 kWh beyond the machines.
    assert more["hz"]["bytes_per_kwh"] == pytest.approx(900.0)
    assert "bytes_per_kwh" not in network_hours({}, grid_of(DAY, DAY + timedelta(days=7)))


def test_a_shared_address_goes_to_the_site_that_has_its_port(db: Database, tmp_path: Path) -> None:
    folder = tmp_path / "registry"
    fill(db, folder)
    own = "public,first_port,last_port,line,valid_from,valid_to\n"
    own += "198.51.100.200,39000,41000,L-hz,2025-01-01,2026-01-01\n"
    own += "198.51.100.200,41001,43000,L-nb,2025-01-01,2026-01-01\n"
    (folder / "nat.csv").write_text(own, "utf-8")
    said: list[object] = []
    assert import_files(db, files_of([folder], None), Options(), 2, said.extend).taken, said
    lake = Lake(tmp_path / "lake")
    ports = (40_000, 42_000, 44_000)
    flows = [at(flow("198.51.100.200", POOL, 3333, 5 + n, 7), BEGIN) for n in range(3)]
    for one, port in zip(flows, ports, strict=True):
        one["ports"] = port << 16 | 3333
    kept(lake, flows)
    found = network_sides(db, Attributor(RegistryStore(db).index()[0]), lake, None, SPAN)
    assert [(one.site, one.side.bytes) for one in found.sites] == [("hz", 12), ("nb", 13)]
    assert found.unplaced == 1


def test_hours_follow_the_curve_of_the_hashrate() -> None:
    """Ten hours, of which the machines stood still for two; figures by hand."""
    paces = tuple(
        Pace(None, BEGIN + i * HOUR, 3_600.0, 100, 0, 0, 1e15, 0.8e15, 1.2e15)
        for i in range(10)
        if i not in (4, 5)
    )
    rate = Hashrate("sha256d", 0.8e15, 0.7e15, 0.9e15, series=paces)
    one = replace(
        mining(FARM, 110.0),
        last_seen_ns=BEGIN + 10 * HOUR,
        hashrate=(rate,),
        algorithms=("sha256d",),
        power=Power(110.0, 88.0, 132.0, (1.0, 1.2)),
    )
    grid = grid_of(date(2025, 3, 4), date(2025, 3, 5))
    hours = network_hours({"hz": SiteVerdicts((one,), 0)}, grid, "sha256d")["hz"]
    first = 10  # 02:00 UTC is 10:00 in China
    assert np.isnan(hours["kw"][:first]).all()
    assert np.isnan(hours["kw"][first + 10 :]).all()
    # 110 kW with an overhead of 1.0 to 1.2 are 100 kW of machines at 0.8 PH/s: 125 kW at 1 PH/s.
    assert hours["kw"][first : first + 4] == pytest.approx(125.0)
    assert hours["kw"][first + 4 : first + 6] == pytest.approx(0.0)
    assert hours["low"][first] == pytest.approx(88 / 1.2 * 0.8 / 0.8)
    assert hours["high"][first] == pytest.approx(132.0 * 1.2 / 0.8)
    assert hours["hashrate"][first] == pytest.approx(1e15)


def test_machines_behind_a_proxy_and_one_address_of_two_captures_count_once() -> None:
    proxy = mining(FARM, 50.0, Role.PROXY)
    rigs = [mining(f"192.0.2.{n}", 5.0, pool=FARM) for n in (6, 7)]
    again = replace(mining(RIG, 9.0), source="b.pcap", last_seen_ns=BEGIN + 2 * HOUR)
    kept_ones = counted([*rigs, proxy, mining(RIG, 8.0), again])
    assert [(str(one.address), one.power and one.power.value) for one in kept_ones] == [
        (FARM, 50.0),
        (RIG, 9.0),
    ]
    assert SiteVerdicts((*rigs, proxy), 0).told.power == Power(50.0, 40.0, 60.0)
    assert NO_VERDICTS.told.power is None


def test_sealed_conversations_are_counted_and_days_that_are_none_refused(
    db: Database, attributor: Attributor
) -> None:
    sealed = mining(FARM, 1.0, encrypted=True, level=Level.SUSPECTED)
    VerdictStore(db).save(
        "r", 1, [sealed, replace(mining(RIG, 7.0), first_seen_ns=SPAN.after_ns, last_seen_ns=SPAN.after_ns)]
    )
    found = site_verdicts(db, attributor, SPAN)
    assert found["hz"].sealed == 1
    assert found["hz"].mining == ()
    with pytest.raises(UsageError, match="no day lies between"):
        Span.of_days(DAY, DAY)

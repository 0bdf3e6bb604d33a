"""Relays and port forwards in past traffic: what enters a gateway leaves it again, told by the rhythm log.

Of flows that are sealed on either side nothing is read but when each data packet went; that is enough
(classifier/ownership_timing.py). Looked at are addresses that are called and call others, where one of the
ends is known to mine; a day of a probe at a time.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.ownership_model import Kind, Tie
from classifier.ownership_timing import CONFIRMED, FEWEST, find_relays, merged
from classifier.quantities_site import openers
from facts.endpoint import Address, Endpoint, address_of
from facts.names import Level
from facts.rhythm import RESENT
from facts.where import Where
from store.database import Database
from store.lake import Lake, Wanted
from store.lake_columns import PACKETS
from store.ties import parties_of, save_ties
from store.verdicts import HitFilter, VerdictStore

KEPT = 256
"""Packets of a flow whose times are held against others', the earliest."""
MOST_FLOWS = 256
"""Flows into a gateway, and likewise out of it: those with most packets."""
STRANGERS = 0.2
"""Share of a service's clients that may be paid differently: a relay that anybody may use joins nobody."""


@dataclass(frozen=True, slots=True)
class Way:
    """One flow by the data packets that its client sent."""

    client: Address
    service: Endpoint
    times: NDArray[np.int64]
    """(n,) nanoseconds since 1970 UTC, sorted."""


@dataclass(frozen=True, slots=True)
class Relayed:
    """Flows into a service of a gateway that leave it again."""

    gateway: Address
    service: Endpoint
    """What was called."""
    ways: tuple[Way, ...]
    """Those that entered."""
    out: tuple[Way, ...]
    """Those that left."""


def keep_relays(database: Database, lake: Lake, wanted: Wanted) -> dict[str, int]:
    """Find relays in days of the lake and keep what they tie; return relays by source, whatever was before.

    Raises StoreError where the database fails.
    """
    mining = _mining(database)
    found: dict[str, int] = {}
    for source, relays in relays_of(lake, wanted, mining):
        addresses = {way.client for one in relays for way in (*one.ways, *one.out)}
        with database.reading() as connection:
            parties: dict[Address, set[str]] = defaultdict(set)
            for address, party, _, _ in parties_of(connection, addresses):
                parties[address].add(party)
        ties = [tie for one in relays for tie in _ties(one, parties, source)]
        save_ties(database, {source: ties})
        found[source] = len(relays)
    return found


def relays_of(lake: Lake, wanted: Wanted, mining: Collection[Address]) -> Iterator[tuple[str, list[Relayed]]]:
    """Yield for each day and probe of the lake its name and the relays at whose ends one of `mining` lies."""
    for day, probe in sorted({(file.day, file.probe) for file in lake.files(PACKETS, wanted)}):
        ways: list[Way] = []
        for flows, packets, _ in lake.rhythms(Wanted(day, day, probe)):
            ways += _ways(flows, packets)
        yield f"relays:date={day.isoformat()}/probe={probe}", find(ways, set(mining))


def find(ways: list[Way], mining: set[Address]) -> list[Relayed]:
    """Return the relays among flows, in the order of gateways and services."""
    called: dict[Address, dict[Endpoint, list[Way]]] = defaultdict(lambda: defaultdict(list))
    calling: dict[Address, list[Way]] = defaultdict(list)
    for way in ways:
        called[way.service.address][way.service].append(way)
        calling[way.client].append(way)
    found = []
    for gateway in sorted(called.keys() & calling.keys(), key=lambda a: (a.version, int(a))):
        out = _busiest(calling[gateway])
        for service, into in sorted(called[gateway].items(), key=lambda pair: pair[0].port):
            clients = {way.client for way in into}
            if gateway in mining or clients & mining:
                one = _through(gateway, service, _busiest(into), out)
                if one is not None:
                    found.append(one)
    return found


def _through(gateway: Address, service: Endpoint, into: list[Way], out: list[Way]) -> Relayed | None:
    """Hold what enters a service against what leaves: flow by flow, and all together against each."""
    if not into or not out:
        return None
    entered = {f"{i:05d}": way.times for i, way in enumerate(into)}
    left = {f"{i:05d}": way.times for i, way in enumerate(out)}
    pairs = find_relays(entered, left)
    ins, outs = {int(one.entered) for one in pairs}, {int(one.left) for one in pairs}
    if len(into) > 1:
        for i, way in enumerate(out):  # a proxy: many enter, one leaves
            if merged([each.times for each in into], way.times)[0] >= CONFIRMED:
                ins, outs = set(range(len(into))), outs | {i}
    if not ins:
        return None
    return Relayed(gateway, service, tuple(into[i] for i in sorted(ins)), tuple(out[i] for i in sorted(outs)))


def _busiest(ways: list[Way]) -> list[Way]:
    able = [way for way in ways if len(way.times) >= FEWEST]
    return sorted(able, key=lambda way: (-len(way.times), int(way.times[0]), str(way.client)))[:MOST_FLOWS]


def _ways(flows: NDArray[np.void], packets: NDArray[np.void]) -> Iterator[Way]:
    """Yield flows by what their clients sent, in the order of the flows; bytes sent again do not count."""
    if not len(flows) or not len(packets):
        return
    opener = openers(flows)
    sent = packets[(packets["way"] == opener[packets["flow"]]) & (packets["marks"] & RESENT == 0)]
    bounds = np.searchsorted(sent["flow"], np.arange(len(flows) + 1))
    for number, (row, first) in enumerate(zip(flows, opener.tolist(), strict=True)):
        times = np.sort(sent["at_ns"][bounds[number] : bounds[number + 1]])[:KEPT]
        ends = [(address_of(int(row[f"{end}_hi"]), int(row[f"{end}_lo"]))) for end in "ab"]
        ports = int(row["ports"]) >> 16, int(row["ports"]) & 0xFFFF
        yield Way(ends[first], Endpoint(ends[1 - first], ports[1 - first]), times)


def _mining(database: Database) -> set[Address]:
    """Return the addresses that mine, as far as is suspected."""
    store, cursor, found = VerdictStore(database), None, set[Address]()
    while True:
        page = store.hits(HitFilter(level_at_least=Level.SUSPECTED), cursor, 500)
        found |= {hit.verdict.address for hit in page.hits}
        if (cursor := page.next_cursor) is None:
            return found


def _ties(one: Relayed, parties: Mapping[Address, set[str]], source: str) -> Iterator[Tie]:
    """Yield what joins those behind a relay with it; nothing where strangers use it."""
    clients = {way.client for way in one.ways}
    paid = {party for client in clients for party in parties.get(client, ()) if party}
    if len(paid) > max(1, STRANGERS * len(clients)):
        return
    name = f"{one.service} > {one.gateway}"
    for way in (*one.ways, *one.out):
        for party in sorted(parties.get(way.client, {""})):
            first, last = int(way.times[0]), int(way.times[-1])
            yield Tie(way.client, party, Kind.RELAY, name, first, last, len(way.times), Where(source))

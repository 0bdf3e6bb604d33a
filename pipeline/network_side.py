"""What the network tells of sites, from the store: flows of the lake, verdicts, and the meters beside them.

Every flow is put to the site that held its end at its first packet (and, where many share the address, at
that port); what nobody certainly held counts for no site. Verdicts tell which partners are mining, how many
machines and how much power; the meter curves of a site's accounts, where they cover the time of its flows,
tell the energy. `supervision/` weighs what comes out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classifier.quantities_site import site_side
from facts.endpoint import Address, address_of
from facts.errors import UsageError
from facts.flow import FLOW
from facts.instant import NS
from facts.site import NetworkSide
from pipeline.site_meters import Meters
from pipeline.site_verdicts import NO_VERDICTS, SiteVerdicts, Span, certain_site, site_verdicts
from registry.attribution import Attributor
from registry.bulk import ASK
from registry.prefix_tree import NOTHING
from store.curve_lake import CurveLake
from store.database import Database
from store.lake import Damaged, Lake, Wanted, latest
from store.lake_columns import FLOWS, flow_rows

MOST_FLOWS = 8_000_000
"""Flows that are looked at together: 2 GB."""


@dataclass(frozen=True, slots=True)
class SiteSide:
    """One site as the network saw it."""

    site: str
    addresses: tuple[Address, ...]
    """Those of which there are flows, in order."""
    side: NetworkSide
    """Of all of them together; its address is the first."""
    verdicts: SiteVerdicts
    metered_kwh: float | None
    """What the site's meters counted while its flows lasted; None where that is not held."""


@dataclass(frozen=True, slots=True)
class Sides:
    """What the lake and the store tell of sites."""

    sites: tuple[SiteSide, ...]
    """By site."""
    unplaced: int
    """Flows of which neither end was certainly held by a site."""
    damaged: tuple[Damaged, ...]
    """Files of the lake that were left out."""


def network_sides(
    database: Database,
    attributor: Attributor,
    lake: Lake,
    curves: CurveLake | None,
    span: Span,
    of_site: Mapping[str, SiteVerdicts] | None = None,
) -> Sides:
    """Describe every site that a flow of the lake belongs to, in a time; `of_site`: its verdicts, once read.

    Raises UsageError beyond MOST_FLOWS flows, StoreError where the database or a curve cannot be read.
    """
    flows, damaged = _flows(lake, span)
    places = _placed(attributor, flows)
    if of_site is None:
        of_site = site_verdicts(database, attributor, span)
    meters = {} if curves is None else Meters(database, curves, span).of_sites(places.names)
    found = []
    for site, rows, side in places.groups():
        own = flows[rows]
        addresses = _addresses(own, side)
        verdicts = of_site.get(site, NO_VERDICTS)
        first, last = int(own["first_ns"].min()), int(own["last_ns"].max())
        energy = meters[site].kwh(first, last) if site in meters else None
        whole = site_side(addresses[0], own, side, verdicts.told, energy)
        found.append(SiteSide(site, addresses, whole, verdicts, energy))
    return Sides(tuple(found), places.unplaced, tuple(damaged))


def _flows(lake: Lake, span: Span) -> tuple[NDArray[np.void], list[Damaged]]:
    """Return (n,) FLOW of all flows of a time, each once, and the files that cannot be read."""
    days = [datetime.fromtimestamp(at / NS, UTC).date() for at in (span.first_ns, span.after_ns - 1)]
    wanted = Wanted(days[0], days[1] + timedelta(days=1))  # a date is that of a flow's last packet
    lazy, damaged = lake.scan(FLOWS, wanted)
    first, after = (pl.lit(at).cast(pl.Datetime("ns", "UTC")) for at in (span.first_ns, span.after_ns))
    inside = lazy.filter((pl.col("last_at") >= first) & (pl.col("first_at") < after))
    count = int(inside.select(pl.col("flow_id").n_unique()).collect().item())
    if count > MOST_FLOWS:
        raise UsageError(
            f"{count:,} flows: at most {MOST_FLOWS:,} are looked at together; ask for fewer days"
        )
    if not count:
        return np.empty(0, FLOW), damaged
    return flow_rows(latest(inside).collect()), damaged


@dataclass(frozen=True, slots=True)
class _Places:
    """Which site holds each end of flows."""

    names: tuple[str, ...]
    """Sorted."""
    codes: NDArray[np.int64]
    """(n, 2) number of the site of a and of b, -1 for none."""

    @property
    def unplaced(self) -> int:
        return int((self.codes < 0).all(axis=1).sum())

    def groups(self) -> Iterator[tuple[str, NDArray[np.int64], NDArray[np.int64]]]:
        """Yield (site, rows, side) with the flows that one of its ends takes part in.

        Of a flow within one site only the end a counts, so that its bytes count once.
        """
        codes = self.codes.copy()
        codes[codes[:, 0] == codes[:, 1], 1] = -1
        flat = codes.reshape(-1)
        order = np.argsort(flat, kind="stable")
        bounds = np.searchsorted(flat[order], np.arange(len(self.names) + 1))
        for number, name in enumerate(self.names):
            places = order[bounds[number] : bounds[number + 1]]
            if len(places):
                yield name, places // 2, places % 2


def _placed(attributor: Attributor, flows: NDArray[np.void]) -> _Places:
    sites: dict[str, int] = {}
    codes = np.full((len(flows), 2), -1, np.int64)
    ports = np.stack((flows["ports"] >> 16, flows["ports"] & 0xFFFF), axis=1).astype(np.int64)
    for end, name in enumerate("ab"):
        addresses = np.stack((flows[f"{name}_hi"], flows[f"{name}_lo"]), axis=1)
        bulk = attributor.attribute_many(addresses, flows["first_ns"].astype(np.int64), ports[:, end])
        known = np.flatnonzero(bulk.codes != NOTHING)
        asked = known[bulk.codes[known] == ASK]
        plain = known[bulk.codes[known] != ASK]
        pairs = np.stack((bulk.codes[plain], bulk.blocks[plain].astype(np.int64)), axis=1)
        _, first, inverse = np.unique(pairs, axis=0, return_index=True, return_inverse=True)
        of_pair = [
            _code(certain_site(bulk.attribution(int(plain[place]))), sites) for place in first.tolist()
        ]
        codes[plain, end] = np.array(of_pair, np.int64)[inverse.reshape(-1)]
        for place in asked.tolist():
            codes[place, end] = _code(certain_site(bulk.attribution(place)), sites)
    names = tuple(sorted(sites))
    renumber = np.full(len(sites) + 1, -1, np.int64)
    for number, name in enumerate(names):
        renumber[sites[name]] = number
    return _Places(names, renumber[codes])


def _code(site: str | None, sites: dict[str, int]) -> int:
    return sites.setdefault(site, len(sites)) if site else -1


def _addresses(own: NDArray[np.void], side: NDArray[np.int64]) -> tuple[Address, ...]:
    """Return the site's own addresses, IPv4 first."""
    high = np.where(side == 0, own["a_hi"], own["b_hi"])
    low = np.where(side == 0, own["a_lo"], own["b_lo"])
    pairs = np.unique(np.stack((high, low), axis=1), axis=0).tolist()
    return tuple(sorted((address_of(*pair) for pair in pairs), key=lambda a: (a.version, int(a))))

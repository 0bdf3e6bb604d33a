"""Farm or data centre, from the network's side: bytes for each kWh, the mix of flows, the share of mining.

A farm draws megawatts and sends a few bytes: each machine a share in ten seconds. A data centre sends
gigabytes for each kWh, to many who call it. The witnesses state what they see; the supervision room weighs
it with the meter's curve.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from classifier.kinds import Kind
from facts.endpoint import Address, packed16
from facts.evidence import Evidence
from facts.flow import A_SYN, A_SYN_ACK, B_FIRST, B_SYN, B_SYN_ACK
from facts.instant import NS
from facts.names import Role
from facts.site import Mix, NetworkSide
from facts.verdict import Machines, Peer, Power, Verdict
from facts.where import Where

HOUR_S = 3_600.0
SERVICES: Mapping[str, frozenset[int]] = {
    "web": frozenset({80, 443, 8080, 8443}),
    "names": frozenset({53, 853}),
    "mail": frozenset({25, 110, 143, 465, 587, 993, 995}),
    "remote": frozenset({22, 23, 3389, 5900}),
    "files": frozenset({20, 21, 139, 445, 873, 2049}),
    "time": frozenset({123}),
}
"""Service ports by class; what is mining is told by the verdict's partners, never by a port."""
MOSTLY = 0.5
SELDOM = 0.05
FEW_BYTES = 10e6
"""Bytes a kWh below which a site computes and does not serve. A machine of 3.3 kW talks some 100 MB a month
to its pool, 40 kB a kWh; the published farms of Jiangsu had 5.7 MB a kWh with all their other traffic."""
MANY_BYTES = 1e9
"""Bytes a kWh above which it serves: a server of 300 W that sends 10 Mbit/s has 15 GB a kWh."""
CLIENTS = 20
"""Who call it, from which it serves."""


@dataclass(frozen=True, slots=True)
class SiteMining:
    """What the verdicts on a site's addresses say together."""

    peers: tuple[Peer, ...] = ()
    power: Power | None = None
    """Of all of them, each machine once."""
    machines: Machines | None = None
    source: str = "flows"


def network_side(
    address: Address, flows: NDArray[np.void], verdict: Verdict | None, metered_kwh: float | None = None
) -> NetworkSide | None:
    """Describe an address by its flows, (n,) facts.flow.FLOW of one time; None where none of them is its.

    `verdict` tells which partners are mining, and the machines and power; `metered_kwh` is the energy that a
    meter counted in the same time, where one is known.
    """
    high, low = _halves(address)
    is_a = (flows["a_hi"] == high) & (flows["a_lo"] == low)
    is_b = (flows["b_hi"] == high) & (flows["b_lo"] == low)
    own = flows[is_a | is_b]
    if own.size == 0:
        return None
    side = np.where((own["a_hi"] == high) & (own["a_lo"] == low), 0, 1)
    told = SiteMining()
    if verdict is not None:
        told = SiteMining(verdict.peers, verdict.power, verdict.machines, verdict.source)
    return site_side(address, own, side, told, metered_kwh)


def site_side(
    address: Address,
    own: NDArray[np.void],
    side: NDArray[np.int64],
    mining: SiteMining,
    metered_kwh: float | None = None,
) -> NetworkSide:
    """Describe a site, of one address or several, by its flows: (n,) FLOW, n > 0.

    `side` (n,) is 0 where the site is endpoint a of the flow, 1 where it is b; `address` names it.
    """
    rows = np.arange(own.size)
    sent = own["bytes"][rows, side].astype(np.float64)
    total = own["bytes"].sum(axis=1).astype(np.float64)
    opener = openers(own)
    called = opener == 1 - side
    other_hi = np.where(side == 0, own["b_hi"], own["a_hi"])
    other_lo = np.where(side == 0, own["b_lo"], own["a_lo"])
    ports = np.stack((own["ports"] >> 16, own["ports"] & 0xFFFF), axis=1)
    service = ports[rows, 1 - opener]
    mines = _is_mining(mining.peers, other_hi, other_lo, ports)
    mix = _mix(mines, service, total)
    whole = float(total.sum())
    share = float(total[mines].sum()) / whole if whole else 0.0
    first, last = int(own["first_ns"].min()), int(own["last_ns"].max())
    power = mining.power
    hours = (last - first) / NS / HOUR_S
    energy = None
    if metered_kwh is not None and metered_kwh > 0:
        energy = (metered_kwh, metered_kwh, metered_kwh)
    elif power is not None and power.low > 0 and hours > 0:
        energy = (power.value * hours, power.low * hours, power.high * hours)
    others = np.stack((other_hi, other_lo), axis=1)
    clients = int(np.unique(others[called], axis=0).shape[0])
    density = None if energy is None else (whole / energy[0], whole / energy[2], whole / energy[1])
    made = NetworkSide(
        address=address,
        first_ns=first,
        last_ns=last,
        flows=int(own.size),
        bytes=int(whole),
        sent=int(sent.sum()),
        peers=int(np.unique(others, axis=0).shape[0]),
        clients=clients,
        mining_share=share,
        mix=mix,
        bytes_per_kwh=density,
        machines=mining.machines,
        power=power,
        evidence=(),
    )
    return _with_evidence(made, mining.source)


def _with_evidence(side: NetworkSide, source: str) -> NetworkSide:
    """State what speaks for a farm and what for a data centre."""
    where = Where(source)
    told: list[Evidence] = []

    def state(kind: Kind, **params: str | int | float) -> None:
        ordered = tuple(sorted(params.items()))
        told.append(Evidence(side.address, Role.MINER, kind, where, side.last_ns, ordered))

    percent = round(side.mining_share * 100, 1)
    if side.mining_share >= MOSTLY:
        state(Kind.SITE_MOSTLY_MINING, percent=percent)
    elif 0 < side.mining_share <= SELDOM:
        state(Kind.SITE_SELDOM_MINING, percent=percent)
    if side.bytes_per_kwh is not None:
        value, low, high = side.bytes_per_kwh
        if high < FEW_BYTES:
            state(Kind.SITE_FEW_BYTES, megabytes=f"{value / 1e6:.3g}")
        elif low > MANY_BYTES:
            state(Kind.SITE_MANY_BYTES, gigabytes=f"{value / 1e9:.3g}")
    if side.clients >= CLIENTS and side.mining_share < MOSTLY:
        state(Kind.SITE_SERVES, clients=side.clients)
    return replace(side, evidence=tuple(told))


def _halves(address: Address) -> tuple[int, int]:
    raw = packed16(address)
    return int.from_bytes(raw[:8], "big"), int.from_bytes(raw[8:], "big")


def openers(flows: NDArray[np.void]) -> NDArray[np.int64]:
    """Return which endpoint opened each flow, (n,) int64, 0 for a: by its SYN, else by who spoke first."""
    syn = flows["syn"]
    by_b = ((syn & B_SYN) != 0) | ((syn & A_SYN_ACK) != 0)
    by_a = ((syn & A_SYN) != 0) | ((syn & B_SYN_ACK) != 0)
    first = (flows["state"] & B_FIRST) != 0
    return np.where(by_a & ~by_b, 0, np.where(by_b & ~by_a, 1, first.astype(np.int64)))


def _is_mining(
    peers: Iterable[Peer],
    other_hi: NDArray[np.uint64],
    other_lo: NDArray[np.uint64],
    ports: NDArray[np.uint32],
) -> NDArray[np.bool_]:
    """Return which flows go to a partner in mining, at the port of their conversation."""
    found = np.zeros(other_hi.size, bool)
    for peer in peers:
        high, low = _halves(peer.address)
        found |= (other_hi == high) & (other_lo == low) & (ports == peer.port).any(axis=1)
    return found


def _mix(
    mining: NDArray[np.bool_], service: NDArray[np.uint32], total: NDArray[np.float64]
) -> tuple[Mix, ...]:
    whole = float(total.sum()) or 1.0
    left = ~mining
    parts = [("mining", mining)]
    for name, ports in SERVICES.items():
        of_class = left & np.isin(service, sorted(ports))
        parts.append((name, of_class))
        left = left & ~of_class
    parts.append(("other", left))
    found = [Mix(name, float(total[rows].sum()) / whole, int(rows.sum())) for name, rows in parts]
    return tuple(sorted((one for one in found if one.flows), key=lambda one: (-one.share, one.name)))

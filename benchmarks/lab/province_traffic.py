"""The traffic of a province: captures of what its sites say, from the addresses of the registry."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from heapq import merge
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from struct import pack

import numpy as np

from benchmarks.lab.benign.table import KINDS
from benchmarks.lab.capture_file import ETHERNET, MAGIC_NS, packets
from benchmarks.lab.columns import Array
from benchmarks.lab.fleet import Fleet, fleet
from benchmarks.lab.networks import Network, benign_network
from benchmarks.lab.province import Province, Site, Sort
from benchmarks.lab.province_dates import Phase

_V4 = 0xFFFF << 32
_POOLS_V4 = int(IPv4Address("203.0.113.0"))
_POOLS_V6 = int(IPv6Address("2001:db8:ffff::"))
_OTHERS_V4 = int(IPv4Address("203.0.113.128"))
Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Mined:
    """What is true of the machines of a site."""

    machines: int
    hashrate: float
    """H/s of one algorithm."""
    algorithm: str
    watts: float
    """Of machines and overhead."""
    hidden_watts: float
    """The part of it whose talk is encrypted."""
    clear_machines: int
    """Machines whose talk can be read: what a capture can be held against."""
    clear_hashrate: float


def start_ns(made: Province, on: date | None = None) -> int:
    """Return when the captures of a day begin, by default the province's: 10 in the morning, China's time."""
    return int(datetime.combine(on or made.captured, time(2), UTC).timestamp()) * 10**9


def fleets(made: Province, minutes: float, on: date | None = None) -> dict[str, tuple[Fleet, ...]]:
    """Return the fleets of each site that mines on a day, by site; a campaign is one, at its first site.

    None: of each that ever mines, as it does before it reacts to anything.
    """
    found: dict[str, tuple[Fleet, ...]] = {}
    campaigns: set[int] = set()
    at = start_ns(made, on)
    for site in made.mining(on):
        if site.campaign:
            if site.campaign in campaigns:
                continue
            campaigns.add(site.campaign)
            many = sum(other.campaign == site.campaign for other in made.sites)
            found[site.id] = (
                fleet(site.seed, "direct", many, "XMR", minutes, start_ns=at, split=made.split),
            )
            continue
        old = site.seed % 3 == 0  # connected before the capture began: it holds no greeting
        phase = made.phase(site, on)
        if phase is not None and phase.sealed:
            sealed = fleet(
                site.seed,
                "nat",
                site.machines,
                site.ticker,
                minutes,
                carrier="tls13",
                start_ns=at,
                split=made.split,
                old=old,
            )
            found[site.id] = (sealed,)
            continue
        plain = site.machines - site.machines // 2 if site.sort is Sort.HIDDEN else site.machines
        own = [
            fleet(
                site.seed,
                site.arrangement,
                plain,
                site.ticker,
                minutes,
                start_ns=at,
                split=made.split,
                old=old,
            )
        ]
        if plain < site.machines:
            own.append(
                fleet(
                    site.seed + 1,
                    "nat",
                    site.machines - plain,
                    site.ticker,
                    minutes,
                    carrier="tls13",
                    start_ns=at,
                    split=made.split,
                    old=old,
                )
            )
        found[site.id] = tuple(own)
    return found


def mined(made: Province, own: dict[str, tuple[Fleet, ...]], on: date | None = None) -> dict[str, Mined]:
    """Return what is true of the machines of each site that mines on a day; `own` are the fleets of it."""
    found = {}
    for site in made.mining(on):
        if site.campaign:
            first = next(other for other in made.sites if other.campaign == site.campaign)
            turn = [other.id for other in made.sites if other.campaign == site.campaign].index(site.id)
            machine = own[first.id][0].machines[turn]
            found[site.id] = Mined(
                1, machine.hashrate, machine.algorithm, machine.watts, 0.0, 1, machine.hashrate
            )
            continue
        parts = own[site.id]
        if (phase := made.phase(site, on)) is not None:
            found[site.id] = _of_phase(parts[0], phase)
            continue
        watts = [part.watts * part.overhead for part in parts]
        found[site.id] = Mined(
            sum(len(part.machines) for part in parts),
            sum(part.hashrate for part in parts),
            parts[0].machines[0].algorithm,
            sum(watts),
            sum(watts[1:]),
            len(parts[0].machines),
            parts[0].hashrate,
        )
    return found


def _of_phase(part: Fleet, phase: Phase) -> Mined:
    """Return what is true of the machines of a fleet that run in a phase."""
    running = part.machines[: phase.machines]
    watts = sum(one.watts for one in running) * part.overhead
    rate = sum(one.hashrate for one in running)
    hidden, clear = (watts, 0) if phase.sealed else (0.0, len(running))
    return Mined(
        len(running), rate, running[0].algorithm, watts, hidden, clear, 0.0 if phase.sealed else rate
    )


def write_captures(
    made: Province,
    own: dict[str, tuple[Fleet, ...]],
    folder: Path,
    benign: int,
    minutes: float,
    on: date | None = None,
) -> list[Path]:
    """Write one capture of a day for each prefecture: what its sites say, and flows that do not mine.

    Captures of another day than the province's own have it in their name.
    """
    suffix = "" if on is None or on == made.captured else f"-{on}"
    written = []
    names = dict(made.divisions)
    for turn, code in enumerate(code for code in names if code.endswith("00") and code[2:4] != "00"):
        here = [site for site in made.sites if site.division[:4] == code[:4]]
        networks = [network for site in here for network in _networks(made, site, own, on)]
        quiet = [site for site in here if site.ports is None]
        if benign and quiet:
            networks.append(_others(made, quiet, benign, minutes, turn, on))
        if networks:
            path = folder / f"capture-{code}{suffix}.pcap"
            _write(networks, path)
            written.append(path)
    return written


def _networks(
    made: Province, site: Site, own: dict[str, tuple[Fleet, ...]], on: date | None
) -> Iterator[Network]:
    if site.campaign:
        mates = [other for other in made.sites if other.campaign == site.campaign]
        machine = _only(own[mates[0].id][0].network, [mates.index(site)])
        yield _moved(machine, site.addresses, _server(made, mates[0], 0, site.addresses[0]), None)
        return
    if (phase := made.phase(site, on)) is not None and 0 < phase.machines < site.machines:
        running = _only(own[site.id][0].network, range(phase.machines))
        pool = _server(made, site, 0, site.addresses[0])
        yield _moved(running, site.addresses, pool, None)
        return
    for turn, part in enumerate(own.get(site.id, ())):
        pool = _server(made, site, turn, site.addresses[0])
        yield _moved(part.network, site.addresses, pool, site.ports, turn)


def _server(made: Province, site: Site, turn: int, client: Address) -> Address:
    """Return the address of a site's pool: each fleet has a pool of its own, whose clock no other has."""
    number = 2 * made.sites.index(site) + turn + 1
    if client.version == 6:
        return IPv6Address(_POOLS_V6 + number)
    return IPv4Address(_POOLS_V4 + number % 127 + 1)


def _moved(
    network: Network,
    clients: Sequence[Address],
    server: Address,
    ports: tuple[int, int] | None,
    turn: int = 0,
) -> Network:
    """Return a network whose clients and server have other addresses."""
    ends = network.ends
    hosts = ends.client_lo & np.uint64(0xFFFF)
    order = np.unique(hosts, return_inverse=True)[1]
    high, low = _halves([clients[place % len(clients)] for place in order.tolist()])
    far_high, far_low = _halves([server] * len(ends))
    port = ends.client_port + 1_000 * turn
    if ports is not None:
        port = ports[0] + np.arange(len(ends)) % (ports[1] - ports[0] + 1)
    return replace(
        network,
        ends=replace(
            ends, client_hi=high, client_lo=low, client_port=port, server_hi=far_high, server_lo=far_low
        ),
    )


def _only(network: Network, places: Sequence[int]) -> Network:
    """Return the part of a network that some of its clients have, by their places among them."""
    hosts = network.ends.client_lo & np.uint64(0xFFFF)
    kept = np.flatnonzero(np.isin(np.unique(hosts, return_inverse=True)[1], places))
    frames = network.frames[np.isin(network.frames["flow"], kept)].copy()
    frames["flow"] = np.searchsorted(kept, frames["flow"])
    ends = replace(
        network.ends,
        **{name: getattr(network.ends, name)[kept] for name in network.ends.__slots__},
    )
    return replace(network, frames=frames, ends=ends, origin=network.origin[kept])


def _others(
    made: Province, sites: Sequence[Site], count: int, minutes: float, turn: int, on: date | None
) -> Network:
    """Return flows that do not mine, from the addresses of sites."""
    other = [] if on is None or on == made.captured else [on.toordinal()]
    network = benign_network([made.seed, 7, turn, *other], made.split, minutes, count, KINDS)
    v4 = [one for site in sites for one in site.addresses if one.version == 4]
    v6 = [one for site in sites for one in site.addresses if one.version == 6] or [
        IPv6Address("2001:db8:fffe::1")
    ]
    ends = network.ends
    six = ends.client_hi > 0
    clients, servers = [], []
    for place, (is_six, host, far) in enumerate(
        zip(six.tolist(), (ends.client_lo & np.uint64(0xFFFF)).tolist(), ends.server_lo.tolist(), strict=True)
    ):
        own = v6 if is_six or not v4 else v4
        clients.append(own[(host + place // 50_000) % len(own)])
        near = clients[-1].version
        servers.append(
            IPv6Address(_POOLS_V6 + (1 << 32) + (far & 0xFFFF))
            if near == 6
            else IPv4Address(_OTHERS_V4 + far % 126 + 1)
        )
    high, low = _halves(clients)
    far_high, far_low = _halves(servers)
    # Many hosts share few addresses now: a port of its own for each flow keeps them apart.
    port = 20_000 + np.arange(len(ends)) % 45_000
    moved = replace(
        ends, client_hi=high, client_lo=low, client_port=port, server_hi=far_high, server_lo=far_low
    )
    return replace(network, ends=moved, start_ns=start_ns(made, on))


def _halves(addresses: Sequence[Address]) -> tuple[Array, Array]:
    """Return 128-bit addresses in two halves, IPv4 mapped as benchmarks.lab.places has it: high half 0."""
    high = [0 if one.version == 4 else int(one) >> 64 for one in addresses]
    low = [_V4 | int(one) if one.version == 4 else int(one) & (1 << 64) - 1 for one in addresses]
    return np.array(high, np.uint64), np.array(low, np.uint64)


def _write(networks: Sequence[Network], path: Path) -> None:
    with path.open("wb") as file:
        file.write(pack("<IHHiIII", MAGIC_NS, 2, 4, 0, 0, 262_144, ETHERNET))
        for at_ns, frame in merge(*(packets(one) for one in networks), key=lambda one: one[0]):
            file.write(pack("<IIII", at_ns // 10**9, at_ns % 10**9, len(frame), len(frame)))
            file.write(frame)

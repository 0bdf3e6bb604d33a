"""Whole test networks before the product's own judge: clocks and shape, no names; each endpoint counted once.

One miner in ten mines in clear. What these say is written as a capture, which the product reads as it reads
any, so clocks are learned as it learns them. All else is handed to its casebook as its rhythm log would:
there shape and clocks are weighed. Greetings and look-ups are not shown, so names are silent. What honest
clients say in clear is taken for sealed, which can only add false positives.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.evaluate.shards import DURATIONS, LOSSES, SAMPLINGS
from benchmarks.lab.candidates import candidates
from benchmarks.lab.capture_file import write_capture
from benchmarks.lab.draw import Split
from benchmarks.lab.networks import Network, network
from benchmarks.lab.places import Ends
from classifier.casebook import Casebook
from classifier.clocks import Clock
from classifier.encrypted_clock import QUICKEST
from classifier.encrypted_company import judged as by_company
from classifier.encrypted_learning import NEW_BLOCKS
from classifier.weights import shipped
from facts.endpoint import Address, Endpoint, address_of
from facts.instant import NS
from facts.names import LEVEL_ORDER, MINING_ROLES, Level, Role
from pipeline.pool_list import pool_names
from pipeline.shape import scored
from pipeline.world import World, scan_alone

Array = npt.NDArray[Any]

PLAIN = 0.1
"""Part of the miners that hide nothing."""
SILENT = -50.0
"""Log-odds of an endpoint of which the judge keeps nothing: it is below 3 nats, or no candidate."""

ENDPOINT = np.dtype(
    [
        ("mines", "?"),
        ("judged", "?"),  # the rhythm log keeps enough of it
        ("client_hi", "<u8"),
        ("client_lo", "<u8"),
        ("server_hi", "<u8"),
        ("server_lo", "<u8"),
        ("port", "<u4"),
        ("lasting", "<f4"),  # s, of the longest of its flows
        ("kind", "U18"),
        ("carrier", "U16"),
        ("dialect", "U20"),
        ("coin", "U6"),
        ("pool", "U32"),
    ]
)
"""A (client, server, port), and what is true of it; kind, carrier and pool are those of its longest flow."""

HEARD = ("nothing of its coin", "another pool of its coin", "its pool")
"""Of whom a clock was learned in clear that can be used, from least to most."""

JUDGED = np.dtype(
    [*((name, ENDPOINT[name]) for name in ENDPOINT.names or ()), ("log_odds", "<f8"), ("heard", "u1")]
)
"""ENDPOINT; the judge's log-odds by rhythm, prior included; place in HEARD, of those that mine."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One network."""

    seed: int
    miners: int = 60
    pools: int = 12
    benign: int = 20_000
    split: Split = "test"
    """`train` is for work on the judge; figures come from `test` alone."""
    minutes: float = 15.0
    loss: float = 0.0
    """Share of packets that the probe misses."""
    sampling: int = 1

    @property
    def name(self) -> str:
        """The files' name without ending."""
        own = "" if self.split == "test" else f"{self.split}-"
        path = f"-{self.minutes:g}m-l{self.loss:g}-s{self.sampling}"
        whole = path == "-15m-l0-s1"
        return f"fused-{own}{self.seed}-{self.miners}-{self.pools}-{self.benign}{'' if whole else path}"


@dataclass(frozen=True, slots=True)
class Fused:
    """What the judge said of some networks."""

    rows: Array
    """(endpoints,) JUDGED: all that hide, and all that do not mine."""
    strays: int
    """Verdicts on a pair that is no endpoint that mines, of suspected or more, though no endpoint bears it:
    client and server were taken for one another."""
    clients: Array
    """(mining clients,) i8: the level of each as miner or proxy, place in LEVEL_ORDER; those that
    also mine in clear left out."""
    accused: int
    """Addresses that have no part in mining and are suspected or more in a role of mining."""
    addresses: int
    """Addresses that have no part in mining."""


def plans(seed: int, count: int, beside: int = 20_000) -> list[Plan]:
    """Return the networks of an evaluation, seeds that nothing else has; `beside`: honest flows in each."""
    return [Plan(seed * 1_000_000 + 900_000 + turn, benign=beside) for turn in range(count)]


def hard(seed: int, count: int, beside: int = 3_000) -> dict[str, list[Plan]]:
    """Return `count` networks for each harder row: shorter, longer, packets missed, sampled."""
    rows = [(minutes, 0.0, 1) for minutes in DURATIONS]
    rows += [(15.0, loss, 1) for loss in LOSSES] + [(15.0, 0.0, sampling) for sampling in SAMPLINGS]
    return {
        row(minutes, loss, sampling): [
            Plan(
                seed * 1_000_000 + 950_000 + 1_000 * place + turn,
                benign=beside,
                minutes=minutes,
                loss=loss,
                sampling=sampling,
            )
            for turn in range(count)
        ]
        for place, (minutes, loss, sampling) in enumerate(rows)
    }


def row(minutes: float, loss: float, sampling: int) -> str:
    """Return the name of a row of the tables."""
    if loss:
        return f"15 min, capture misses {loss:.0%}"
    return f"15 min, sampled 1:{sampling}" if sampling > 1 else f"{minutes:g} min"


def make(folder: Path, plan: Plan) -> tuple[Path, Path]:
    """Return a network's files, made where they were not there: what is in clear, as a capture; all else, as
    the rhythm log's columns, with the truth."""
    clear, rest = folder / f"{plan.name}.pcap", folder / f"{plan.name}.npz"
    if not rest.exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = network(
            plan.seed,
            plan.split,
            plan.minutes,
            plan.miners,
            plan.benign,
            plain=PLAIN,
            capture_loss=plan.loss,
            sampling=plan.sampling,
            pools=plan.pools,
        )
        open_ = made.truth["mines"] & (made.truth["carrier"] == "plain")
        write_capture(part(made, np.flatnonzero(open_)), clear)
        chosen = candidates(made)
        sealed = ~open_[chosen.rows]
        number = np.cumsum(sealed) - 1
        packets = chosen.packets[sealed[chosen.packets["flow"]]]
        packets["flow"] = number[packets["flow"]]
        about = endpoints(made, np.flatnonzero(~open_), chosen.rows)
        told = endpoints(made, np.flatnonzero(open_), chosen.rows)
        writing = rest.with_suffix(".writing.npz")
        np.savez_compressed(writing, flows=chosen.flows[sealed], packets=packets, endpoints=about, clear=told)
        writing.replace(rest)
    return clear, rest


def part(made: Network, rows: Array) -> Network:
    """Return a network of some of its flows; `rows` ascend."""
    number = np.full(len(made.flows), -1)
    number[rows] = np.arange(len(rows))
    frames = made.frames[number[made.frames["flow"]] >= 0]
    packets = made.packets[number[made.packets["flow"]] >= 0]
    frames["flow"], packets["flow"] = number[frames["flow"]], number[packets["flow"]]
    truth = made.truth[rows]
    truth["flow"] = np.arange(len(rows))
    names = ("client_hi", "client_lo", "client_port", "server_hi", "server_lo", "server_port", "udp")
    return replace(
        made,
        flows=made.flows[rows],
        packets=packets,
        truth=truth,
        frames=frames,
        ends=Ends(*(getattr(made.ends, name)[rows] for name in names)),
        origin=made.origin[rows],
    )


def endpoints(made: Network, rows: Array, chosen: Array) -> Array:
    """Return (endpoints,) ENDPOINT of the flows `rows`; `chosen`: rows of the network's candidates."""
    flows, truth, ends = made.flows[rows], made.truth[rows], made.ends
    each = np.zeros(len(rows), ENDPOINT)
    for name in ("client_hi", "client_lo", "server_hi", "server_lo"):
        each[name] = getattr(ends, name)[rows]
    each["port"] = ends.server_port[rows]
    each["lasting"] = (flows["last_ns"] - flows["first_ns"]) * 1e-9
    each["judged"] = np.isin(rows, chosen)
    for name in ("mines", "kind", "carrier", "dialect", "coin", "pool"):
        each[name] = truth[name]
    keys = ("client_hi", "client_lo", "server_hi", "server_lo", "port")
    order = np.lexsort((each["lasting"], each["judged"], *(each[name] for name in keys)))
    each = each[order]
    if not len(each):
        return each
    last = np.append(np.any([each[name][1:] != each[name][:-1] for name in keys], axis=0), True)
    longest: Array = each[last]
    return longest


def judged(folder: Path, wanted: Sequence[Plan]) -> Fused:
    """Judge networks one by one (memory holds one of them), making those that `folder` lacks."""
    found = [judge(*make(folder, plan)) for plan in wanted]
    return Fused(
        np.concatenate([np.empty(0, JUDGED), *(one.rows for one in found)]),
        sum(one.strays for one in found),
        np.concatenate([np.empty(0, np.int64), *(one.clients for one in found)]),
        sum(one.accused for one in found),
        sum(one.addresses for one in found),
    )


def judge(clear: Path, rest: Path) -> Fused:
    """Read a network's capture of what is in clear, and judge the rest with the clocks it gave."""
    world = scan_alone(str(clear))
    if not isinstance(world, World):
        raise ValueError(f"{clear}: {world.skipped.detail}")
    with np.load(rest) as file:
        flows, packets, about, told = (file[name] for name in ("flows", "packets", "endpoints", "clear"))
    casebook = Casebook(rest.name, pool_names())
    casebook.hear(flows, packets, [rest.name], world.clocks, scored)
    known = by_company(casebook.standings(), shipped())
    rows = np.zeros(len(about), JUDGED)
    for name in ENDPOINT.names or ():
        rows[name] = about[name]
    heard = heard_pools(world.clocks, told)
    same_coin = np.isin(about["coin"], told["coin"][np.isin(told["pool"], list(heard))])
    same_pool = np.isin(about["pool"], list(heard))
    rows["heard"] = np.where(about["mines"], np.where(same_pool, 2, np.where(same_coin, 1, 0)), 0)
    pairs = [_pair(row) for row in about]
    rows["log_odds"] = [known.get(pair, SILENT) for pair in pairs]
    true = set(pairs)
    strays = sum(value >= 0 for pair, value in known.items() if pair not in true)
    guilty = {pair[0] for row, pair in zip(about, pairs, strict=True) if row["mines"]}
    open_ = [_pair(row) for row in told]
    pools = {pair[1].address for row, pair in zip(about, pairs, strict=True) if row["mines"]}
    part_of_it = guilty | pools | {end for pair in open_ for end in (pair[0], pair[1].address)}
    others = {end for pair in pairs for end in (pair[0], pair[1].address)} - part_of_it
    levels: dict[Address, int] = {}
    accused = set()
    for verdict in casebook.verdicts():
        level = LEVEL_ORDER.index(verdict.level)
        if verdict.role in (Role.MINER, Role.PROXY):
            levels[verdict.address] = max(level, levels.get(verdict.address, 0))
        if verdict.role in MINING_ROLES and verdict.level is not Level.CLEARED and verdict.address in others:
            accused.add(verdict.address)
    clients = guilty - {pair[0] for pair in open_}
    none = LEVEL_ORDER.index(Level.CLEARED)
    at = np.array([levels.get(client, none) for client in clients], np.int64)
    return Fused(rows, strays, at, len(accused), len(others))


def heard_pools(clocks: Sequence[Clock], told: Array) -> set[str]:
    """Return the pools of which a clock was learned that tells somebody apart."""
    pools = {str(_pair(row)[1]): str(row["pool"]) for row in told}
    return {
        pools[name]
        for clock in clocks
        if (name := clock.name.removesuffix(NEW_BLOCKS)) in pools
        and np.median(np.diff(clock.at_ns)) >= QUICKEST * NS
    }


def _pair(row: Any) -> tuple[Address, Endpoint]:
    client = address_of(int(row["client_hi"]), int(row["client_lo"]))
    server = address_of(int(row["server_hi"]), int(row["server_lo"]))
    return client, Endpoint(server, int(row["port"]))

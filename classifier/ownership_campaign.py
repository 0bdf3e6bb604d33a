"""Whether a cluster is a malware campaign's: figures in, log-odds and reasons out.

An operator's places are few, hold many machines each and are named and run as he likes; malware sits in many
places that have nothing to do with each other, on few ordinary computers in each, all alike. Weights are in
ownership_campaign.toml: set by reason, and held against generated worlds (benchmarks/lab/ownership.py).
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import exp, log
from statistics import median
from typing import Any

from classifier.ownership_model import Kind, Reason
from facts.endpoint import Address

LARGE = 256
"""Registered addresses from which an enterprise is large: a campus, a company of a thousand desks."""
_ASIC = re.compile(
    r"(?i)cgminer|bmminer|bosminer|braiins|whatsminer|btminer|avalon|luxos|vnish|goldshell|innosilicon"
)
"""Programs of mining machines: no malware runs on those and is spread over offices."""
FEWEST_PLACES = 4
"""Places from which a cluster is called a campaign on its names alone."""


@dataclass(frozen=True, slots=True)
class Load:
    """What mines at one address, as its verdict has it."""

    machines: int | None
    kw: float | None
    hardware: str
    """`cpu gpu asic` by its algorithms; empty where they do not tell."""


@dataclass(frozen=True, slots=True)
class Traits:
    """The figures of one cluster. Sequences are parallel: one entry an address."""

    enterprises: Sequence[str]
    """Credit codes; empty where unknown."""
    networks: Sequence[str]
    """/24 or /48 of each address: what tells places apart where nobody is registered."""
    names: Mapping[Kind, Mapping[str, int]]
    """Kind -> name -> addresses that use it."""
    private_upstream: bool
    """Whether a private proxy or a relay joins members."""
    own_proxy: bool = False
    """Whether the proxy that joins them is one of them: malware's stands elsewhere."""
    loads: Sequence[Load | None] = ()
    """What mines at each; empty where nobody asked."""

    @property
    def addresses(self) -> int:
        """Return the number of addresses."""
        return len(self.networks)

    @property
    def places(self) -> Counter[str]:
        """Return addresses by place: an enterprise, or the network of what nobody has registered."""
        pairs = zip(self.enterprises, self.networks, strict=True)
        return Counter(enterprise or network for enterprise, network in pairs)

    def top(self, *kinds: Kind) -> tuple[str, int]:
        """Return the most used name of these kinds with its addresses; ("", 0) where there is none."""
        names = [pair for kind in kinds for pair in self.names.get(kind, {}).items()]
        return min(names, key=lambda pair: (-pair[1], pair[0]), default=("", 0))


def network_of(address: Address) -> str:
    """Return the /24 or /48 that an address lies in."""
    bits = 8 if address.version == 4 else 80
    return f"{address.version}/{int(address) >> bits:x}"


Told = tuple[float, Reason]
"""Log-odds (nats) for a campaign, and what they come of."""


def told(traits: Traits, sizes: Mapping[str, int]) -> list[Told]:
    """Return all that speaks for a campaign (above 0) and against; their sum is the log-odds, prior included.

    `sizes` tells the registered addresses of enterprises.
    """
    table = campaign_weights()
    found = [(float(table["prior"]), Reason("prior"))]
    for kind, value, params in _figures(traits, sizes):
        row = table[kind]
        odds = min(max(row["weight"] * value, row.get("least", -20.0)), row.get("most", 20.0))
        found.append((odds, Reason(kind, tuple(sorted(params.items())))))
    return found


def ordered(found: Sequence[Told], campaign: bool) -> tuple[Reason, ...]:
    """Return the reasons that speak for what was decided, heaviest first."""
    kept = [pair for pair in found if pair[1].kind != "prior" and pair[0] and (pair[0] > 0) == campaign]
    return tuple(reason for _, reason in sorted(kept, key=lambda pair: (-abs(pair[0]), pair[1].kind)))


def probability(odds: float) -> float:
    """Return the probability of log-odds."""
    return 1 / (1 + exp(-min(max(odds, -500.0), 500.0)))


@cache
def campaign_weights() -> dict[str, Any]:
    """Return ownership_campaign.toml."""
    return tomllib.loads(files("classifier").joinpath("ownership_campaign.toml").read_text("utf-8"))


_Figure = tuple[str, float, dict[str, str | int | float]]


def _figures(traits: Traits, sizes: Mapping[str, int]) -> Iterator[_Figure]:
    """Yield (kind, value, parameters of the sentence) of what can be told of a cluster."""
    yield from _of_places(traits, sizes)
    yield from _of_names(traits)
    yield from _of_loads([one for one in traits.loads if one is not None])


def _of_places(traits: Traits, sizes: Mapping[str, int]) -> Iterator[_Figure]:
    places, count = traits.places, traits.addresses
    yield "places", log(max(len(places), 1) / FEWEST_PLACES), {"places": len(places), "addresses": count}
    largest = max(places.values(), default=0) / max(count, 1)
    if largest > 0.5 and count > 2:
        yield "concentrated", largest, {"share": round(100 * largest)}
    known = Counter(one for one in traits.enterprises if one)
    held = sum(known.values())
    if known and held > len(known):
        crowd = held / len(known)
        yield "crowded", log(crowd), {"addresses": held, "enterprises": len(known)}
    large = sum(sizes.get(one, 0) >= LARGE for one in known)
    if large and len(known) > 1:
        yield "large", log(1 + large), {"enterprises": large, "size": LARGE}


def _of_names(traits: Traits) -> Iterator[_Figure]:
    count = max(traits.addresses, 1)
    if traits.own_proxy:
        yield "own_proxy", 1.0, {}
    scheme, users = traits.top(Kind.SCHEME, Kind.WORKER)
    if users >= 2 and users / count >= 0.3:
        yield "one_scheme", users / count, {"scheme": scheme, "addresses": users}
    else:
        yield "no_scheme", 1.0, {}
    programs = traits.names.get(Kind.AGENT, {})
    if programs:
        agent, users = traits.top(Kind.AGENT)
        share = users / max(sum(programs.values()), 1)
        if share >= 0.8 and users > 1:
            yield "one_agent", 1.0, {"agent": agent, "addresses": users}
        elif share < 0.8:
            yield "many_agents", float(len(programs) - 1), {"agents": len(programs)}
        machines = min((one for one in programs if _ASIC.search(one)), default="")
        if machines:
            yield "machines", 1.0, {"agent": machines}
    paid = {**traits.names.get(Kind.ACCOUNT, {}), **traits.names.get(Kind.EMAIL, {})}
    if paid:
        yield "registered_account", 1.0, {"accounts": len(paid)}
    elif len(traits.names.get(Kind.WALLET, {})) == 1:
        yield "one_wallet", 1.0, {}


def _of_loads(loads: Sequence[Load]) -> Iterator[_Figure]:
    """Yield what hashrates tell: malware sits on one computer or a few, and a mining machine is none."""
    told = Counter(one.hardware for one in loads if one.hardware)
    if told:
        all_told = told.total()
        for hardware in ("cpu", "asic"):
            if told[hardware] >= 0.5 * all_told:
                share = told[hardware] / all_told
                yield hardware, share, {"addresses": told[hardware]}
    counts = [one.machines for one in loads if one.machines is not None]
    if counts:
        middle = max(float(median(counts)), 1.0)
        kind = "few_machines" if middle <= 3 else "many_machines"
        yield kind, 1.0 if middle <= 3 else log(middle / 3), {"machines": round(middle)}
    drawn = [one.kw for one in loads if one.kw is not None and one.kw > 0]
    if drawn:
        middle = float(median(drawn))
        kind = "little_power" if middle < 1 else "much_power"
        yield kind, 1.0 if middle < 1 else log(middle), {"kw": f"{middle:.2g}"}

"""What a cluster is: an operator's, a malware campaign's, an insider's: figures in, sort and reasons out."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log

from classifier.ownership_model import Kind, Reason, Sort

LARGE = 256
"""Registered addresses from which an enterprise is large: a campus, a company of a thousand desks."""
_ASIC = re.compile(
    r"(?i)cgminer|bmminer|bosminer|braiins|whatsminer|btminer|avalon|luxos|vnish|goldshell|innosilicon"
)
"""Programs of mining machines: no malware runs on those and is spread over offices."""
FEWEST_PLACES = 4
"""Places from which a cluster can be a campaign."""


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


def sort_of(traits: Traits, sizes: Mapping[str, int]) -> tuple[Sort, float, tuple[Reason, ...]]:
    """Return what a cluster is, how sure that is (0 to 1), and why.

    `sizes` tells the registered addresses of enterprises.
    """
    places = traits.places
    if len(places) == 1 and traits.addresses <= 2:
        [enterprise] = set(traits.enterprises) or {""}
        size = sizes.get(enterprise, 0)
        if enterprise and size >= LARGE:
            odds = 1.0 + log(size / LARGE) - 2.0 * (traits.addresses - 1) - 2.0 * traits.private_upstream
            if odds > 0:
                reason = Reason("insider.alone", (("addresses", traits.addresses), ("size", size)))
                return Sort.INSIDER, _probability(odds), (reason,)
        if traits.addresses == 1:
            return Sort.SINGLE, 1.0, ()
    return _campaign_or_operator(traits, places)


def _campaign_or_operator(traits: Traits, places: Counter[str]) -> tuple[Sort, float, tuple[Reason, ...]]:
    count = traits.addresses
    largest = max(places.values(), default=0) / max(count, 1)
    told: list[tuple[float, Reason]] = []

    def weigh(odds: float, kind: str, **params: str | int | float) -> None:
        told.append((odds, Reason(kind, tuple(sorted(params.items())))))

    weigh(
        min(1.5 * log(max(len(places), 1) / FEWEST_PLACES), 3.0),
        "places",
        places=len(places),
        addresses=count,
    )
    if largest > 0.5:
        weigh(-3.0 * largest, "concentrated", share=round(100 * largest))
    if traits.own_proxy:
        weigh(-4.0, "own_proxy")
    scheme, users = traits.top(Kind.SCHEME, Kind.WORKER)
    share = users / max(count, 1)
    if share >= 0.3 and users >= 2:
        weigh(-4.0 * share, "one_scheme", scheme=scheme, addresses=users)
    else:
        weigh(1.5, "no_scheme")
    programs = traits.names.get(Kind.AGENT, {})
    if programs:
        agent, users = traits.top(Kind.AGENT)
        share = users / max(sum(programs.values()), 1)
        if share >= 0.8:
            weigh(0.8, "one_agent", agent=agent, addresses=users)
        elif share < 0.5:
            weigh(-0.8, "many_agents", agents=len(programs))
        if any(_ASIC.search(agent) for agent in programs):
            weigh(-2.5, "machines", agent=min(agent for agent in programs if _ASIC.search(agent)))
    wallets, others = (
        traits.names.get(Kind.WALLET, {}),
        {
            **traits.names.get(Kind.ACCOUNT, {}),
            **traits.names.get(Kind.EMAIL, {}),
        },
    )
    if others:
        weigh(-1.5, "registered_account", accounts=len(others))
    elif len(wallets) == 1:
        weigh(0.7, "one_wallet")
    odds = sum(part for part, _ in told)
    campaign = odds > 0 and len(places) >= FEWEST_PLACES
    for_it = sorted(
        (pair for pair in told if (pair[0] > 0) == campaign), key=lambda pair: (-abs(pair[0]), pair[1].kind)
    )
    reasons = tuple(reason for _, reason in for_it)
    if campaign:
        return Sort.CAMPAIGN, _probability(odds), reasons
    return Sort.OPERATOR, _probability(max(-odds, 0.0) if len(places) >= FEWEST_PLACES else 3.0), reasons


def _probability(odds: float) -> float:
    return 1 / (1 + exp(-odds))

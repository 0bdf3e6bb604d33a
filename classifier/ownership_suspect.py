"""How likely the places of a cluster are a campaign's victims: asked before anybody is treated as a farm.

Names tell campaigns in many places. In two or three they tell little, and what mines there decides: one
computer with a coin for processors in each of three companies that have nothing in common but a wallet is no
farm. Nothing here calls an enterprise a victim for sure: it says how sure, and why.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from classifier.ownership_campaign import Traits, ordered, probability, told
from classifier.ownership_model import Reason
from classifier.power_table import FAMILIES, Catalogue
from protocols.algorithms import plain

SUSPECTED = 0.5
"""Probability from which a campaign is suspected."""
CAMPAIGN = 0.9
"""Probability from which it is said to be one."""
_PROCESSORS = (
    "rx",
    "randomx",
    "cn",
    "cryptonight",
    "yescrypt",
    "yespower",
    "ghostrider",
    "argon2",
    "panthera",
)
"""Beginnings of the names of algorithms that are made for processors."""


class Grade(StrEnum):
    """How much is to be thought of a suspicion."""

    CAMPAIGN = "campaign"
    SUSPECTED = "campaign-suspected"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Whether who mines at an address is the victim of a campaign."""

    probability: float
    """0 to 1, of a campaign; 0 where the address is in no cluster over several places."""
    reasons: tuple[Reason, ...]
    """What speaks for it from 0.5 on, else what speaks against; heaviest first."""
    cluster: str = ""
    """Id of the cluster; empty for none."""

    @property
    def kind(self) -> Grade:
        """Return the grade."""
        if self.probability >= CAMPAIGN:
            return Grade.CAMPAIGN
        return Grade.SUSPECTED if self.probability >= SUSPECTED else Grade.NONE

    @property
    def is_victim(self) -> bool:
        """Say whether a person should look before the address is treated as its enterprise's own mining."""
        return self.kind is not Grade.NONE


def suspicion(traits: Traits, sizes: Mapping[str, int], cluster: str = "") -> Suspicion:
    """Judge a cluster by its names, places and loads; one place alone is nobody's campaign."""
    if len(traits.places) < 2:
        return Suspicion(0.0, (), cluster)
    found = told(traits, sizes)
    chance = probability(sum(part for part, _ in found))
    return Suspicion(chance, ordered(found, chance >= SUSPECTED), cluster)


def hardware(algorithms: Sequence[str], table: Catalogue) -> str:
    """Return what computes algorithms: `cpu gpu asic`, or "" where they differ or are not known."""
    found = {_kind(plain(one), table) for one in algorithms}
    return found.pop() if len(found) == 1 else ""


def _kind(algorithm: str, table: Catalogue) -> str:
    if algorithm.startswith(_PROCESSORS):
        return "cpu"
    kinds = {one.kind for one in table.of(FAMILIES.get(algorithm, algorithm))}
    return next((kind for kind in ("gpu", "asic", "cpu") if kind in kinds), "")

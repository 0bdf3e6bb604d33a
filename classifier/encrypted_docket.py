"""The rhythm's part of the docket: which sealed dependencies speak of an address, and what they add.

Of an address and a role the dependency that speaks most is stated, so that many services of one client are
not many chances to be taken for a miner. `likely` is the most that a rhythm makes.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from classifier.encrypted import ALONE, LIKELY_NATS, Standing
from classifier.encrypted_company import companies
from classifier.encrypted_evidence import coin_of, evidence_of, heaviest, is_witness, log_odds, pool_of
from classifier.encrypted_names import Greetings
from classifier.encrypted_rate import algorithm_of
from classifier.talk import Seen
from classifier.weights import Weights
from facts.endpoint import Address
from facts.evidence import Evidence
from facts.names import LEVEL_ORDER, Level, PeerState, Role
from facts.verdict import Hashrate, Peer

ENCRYPTED = "encrypted"
"""Protocol name of a conversation of which only names and shape were read."""


class Heard:
    """Sealed dependencies of one network, by both ends."""

    def __init__(
        self,
        standings: Iterable[Standing],
        greetings: Greetings,
        weights: Weights,
        served: Callable[[Address], Seen | None],
    ) -> None:
        self._weights = weights
        self._greetings = greetings
        self._served = served
        self._as_miner: dict[Address, list[Standing]] = defaultdict(list)
        self._as_pool: dict[Address, list[Standing]] = defaultdict(list)
        known = list(standings)
        self._company = companies(known, weights)
        for one in known:
            company = self._company.get((one.client, one.server), ALONE)
            if is_witness(one, weights, company.nats):
                self._as_miner[one.client].append(one)
            if is_witness(one, weights):
                self._as_pool[one.server.address].append(one)

    @property
    def addresses(self) -> frozenset[Address]:
        """Whoever a dependency speaks of."""
        return frozenset(self._as_miner) | frozenset(self._as_pool)

    def of(self, address: Address, role: Role) -> Sequence[Standing]:
        """Return the dependencies that speak of an address in a role; of a solo miner there are none."""
        if role is Role.SOLO_MINER:
            return ()
        return (self._as_pool if role is Role.POOL else self._as_miner).get(address, ())

    def evidence(self, address: Address, role: Role) -> list[Evidence]:
        """State the dependency that speaks most of an address in a role, and the names that go with it."""
        found = self.of(address, role)
        if not found:
            return []
        one = self._heaviest(found, role)
        company = ALONE if role is Role.POOL else self._company.get((one.client, one.server), ALONE)
        names = self._greetings.evidence(one, address, role, self._served)
        return [*evidence_of(one, address, role, self._weights, company), *names]

    def raised(self, ceiling: Level, address: Address, role: Role) -> Level:
        """Return the best level that words and rhythm allow: names lift no suspicion to likely alone."""
        found = self.of(address, role)
        if not found:
            return ceiling
        one = self._heaviest(found, role)
        own = Level.LIKELY if log_odds(one, self._weights) >= 0 else Level.SUSPECTED
        return max(ceiling, own, key=LEVEL_ORDER.index)

    def mines(self, address: Address) -> Standing | None:
        """Return the dependency by which alone an address is likely to mine."""
        found = self.of(address, Role.MINER)
        one = self._heaviest(found, Role.MINER) if found else None
        return one if one is not None and log_odds(one, self._weights) >= LIKELY_NATS else None

    def peers(self, address: Address, role: Role) -> set[Peer]:
        """Return the other ends; with a role where the rhythm alone makes them suspected."""
        found = set()
        for one in self.of(address, role):
            other = one.client if role is Role.POOL else one.server.address
            known = self._odds(one, role) >= 0
            as_role = (Role.MINER if role is Role.POOL else Role.POOL) if known else None
            found.add(Peer(other, one.server.port, as_role, ENCRYPTED, PeerState.ATTEMPT))
        return found

    def coins(self, address: Address, role: Role) -> set[str]:
        """Return the coins of the clocks that are followed."""
        return {coin for one in self.of(address, role) if (coin := coin_of(one))}

    def algorithms(self, address: Address, role: Role) -> set[str]:
        """Return the algorithms of those coins."""
        return {name for coin in self.coins(address, role) if (name := algorithm_of(coin))}

    def pools(self, address: Address, role: Role) -> set[str]:
        """Return the names of pools whose clocks are followed."""
        return {name for one in self.of(address, role) if (name := pool_of(one))}

    def hashrate(self, address: Address) -> tuple[Hashrate, ...]:
        """Return the wide estimate of the dependency that speaks most, for a miner of whom nothing was
        read."""
        found = self.of(address, Role.MINER)
        one = self._heaviest(found, Role.MINER) if found else None
        return (one.rate.rate,) if one is not None and one.rate is not None else ()

    def _odds(self, one: Standing, role: Role) -> float:
        """Return the log-odds of a dependency; its company speaks of its client alone."""
        own = log_odds(one, self._weights)
        return own if role is Role.POOL else own + self._company.get((one.client, one.server), ALONE).nats

    def _heaviest(self, found: Sequence[Standing], role: Role) -> Standing:
        """Return the dependency that speaks most of one of its ends."""
        return heaviest(found, lambda one: self._odds(one, role))

"""Other sealed clients as witnesses: of one service, and of one pool's instants though nobody was read."""

import numpy as np
import pytest

from classifier.casebook import Casebook
from classifier.encrypted_company import judged
from classifier.encrypted_flows import dependencies
from classifier.encrypted_unread import unread_clocks
from classifier.kinds import Kind
from classifier.weights import shipped
from facts.instant import NS
from facts.names import Level, Role
from facts.verdict import Verdict
from tests.classifier.scenes import START, book
from tests.classifier.sealed_rows import SealedFlow, following, jobs, rows_of

SURE, LESS = 11.0, 4.0
"""Nats of shape: of one who is likely by it alone, and of one who is not suspected."""
LIKELY, OTHER = "192.0.2.77", "192.0.2.78"


class Shapes:
    """Scores that the test chooses, one a flow, in the place of the model; each flow is a dependency."""

    def __init__(self, *nats: float) -> None:
        self.together = np.array(nats)
        self.distance = np.full(len(nats), 0.5)
        self.dependency = np.arange(len(nats))

    def __call__(self, flows: np.ndarray, packets: np.ndarray) -> "Shapes":
        return self

    def reasons(self, dependency: int) -> tuple[()]:
        return ()


def heard(shapes: Shapes, *flows: SealedFlow) -> tuple[Casebook, dict[tuple[str, Role], Verdict]]:
    made = book()
    made.hear(*rows_of(*flows), ["scene.pcap"], (), shapes)
    return made, {(str(one.address), one.role): one for one in made.verdicts()}


def kinds(verdict: Verdict) -> set[str]:
    return {one.evidence.kind for one in verdict.evidence}


def timer(client: str, server: str, seed: int) -> SealedFlow:
    """A flow whose server speaks at instants of its own."""
    return following(jobs(seed), client=client, server=server, seed=seed)


def test_a_likely_miner_at_the_same_service_makes_another_client_suspected_and_no_more() -> None:
    flows = timer(LIKELY, "203.0.113.9", 3), timer(OTHER, "203.0.113.9", 4)
    _, found = heard(Shapes(SURE, LESS), *flows)
    assert found[LIKELY, Role.MINER].level is Level.LIKELY
    assert Kind.RHYTHM_COMPANY not in kinds(found[LIKELY, Role.MINER])
    other = found[OTHER, Role.MINER]
    assert other.level is Level.SUSPECTED
    (company,) = [one for one in other.evidence if one.evidence.kind == Kind.RHYTHM_COMPANY]
    assert company.weight == pytest.approx(SURE + shipped().prior)  # the other's log-odds, below the cap of 5
    assert dict(company.evidence.params)["clients"] == 1
    made, _ = heard(Shapes(12.0, 11.5), *flows)
    assert max(judged(made.standings(), shipped()).values()) == pytest.approx(12.0 + shipped().prior)


@pytest.mark.parametrize(("other", "server"), [(2.9, "203.0.113.9"), (LESS, "203.0.113.10")])
def test_company_needs_a_rhythm_of_ones_own_and_the_same_service(other: float, server: str) -> None:
    flows = timer(LIKELY, "203.0.113.9", 3), timer(OTHER, server, 4)
    _, found = heard(Shapes(SURE, other), *flows)
    assert (OTHER, Role.MINER) not in found


def test_who_is_suspected_alone_or_by_company_lifts_nobody() -> None:
    flows = [timer(f"192.0.2.{n}", "203.0.113.9", n) for n in (3, 4, 5)]
    made, found = heard(Shapes(8.5, LESS, LESS), *flows)
    assert found["192.0.2.3", Role.MINER].level is Level.SUSPECTED
    assert {str(address) for address, role in found if role is Role.MINER} == {"192.0.2.3"}
    odds = judged(made.standings(), shipped())
    assert sorted(round(nats, 3) for nats in odds.values()) == [-3.169, -3.169, 1.331]


def test_what_a_likely_miner_is_told_unread_is_a_clock_for_those_near_suspicion() -> None:
    at = jobs()
    flows = (
        following(at, client=LIKELY, server="203.0.113.9"),
        following(at, client=OTHER, server="203.0.113.10", delay=0.6, seed=7),
        following(jobs(50), client="192.0.2.79", server="203.0.113.11", seed=8),
    )
    _, found = heard(Shapes(SURE, LESS, LESS), *flows)
    other = found[OTHER, Role.MINER]
    assert other.level is Level.SUSPECTED
    (told,) = [one for one in other.evidence if one.evidence.kind == Kind.RHYTHM_UNREAD]
    assert (told.weight, dict(told.evidence.params)["pool"]) == (5.0, "203.0.113.9:443")
    assert (other.coins, other.pools) == ((), ())
    assert ("192.0.2.79", Role.MINER) not in found
    _, unsure = heard(Shapes(8.5, LESS, LESS), *flows)
    assert (OTHER, Role.MINER) not in unsure


def test_of_three_clients_an_unread_instant_needs_two() -> None:
    at = jobs()
    own = np.array([101.0, 333.0, 777.0])
    flows = [following(np.sort(np.append(at, own[n])), client=f"192.0.2.{n}", seed=n) for n in range(3)]
    found = dependencies(*rows_of(*flows), ["x"], lambda pair: False)
    (clock,) = unread_clocks(found)
    seconds = (clock.at_ns - START) / NS
    inside = at[(at > 1) & (at < 898)]
    assert (clock.told, clock.coin) == ("unread", None)
    assert all(np.abs(seconds - when).min() < 2.0 for when in inside)
    far = [when for when in own if np.abs(at - when).min() > 3.0]
    assert far
    assert all(np.abs(seconds - when).min() > 0.5 for when in far)
    (alone,) = unread_clocks(found[:1])
    assert np.abs((alone.at_ns - START) / NS - own[0]).min() < 1.0

"""Logins: which names go together, and what they tie an address to."""

from ipaddress import ip_address

import numpy as np

from classifier.casebook import Casebook
from classifier.ownership_model import Kind, Tie
from facts.instant import NS
from pipeline.belongings import belongings
from protocols import events
from tests.classifier.scenes import MINER, POOL, START, WALLET, Line, book, line, login, share

OTHER_WALLET = "48" + "B" * 93


def named(to: Line, wallet: str, worker: str, agent: str) -> Line:
    """A login with a share."""
    user = f"{wallet}.{worker}"
    to.miner(events.Login, method="login", user=user, wallet=wallet, worker=worker, agent=agent)
    to.pool(events.LoginResult, after=0.1, accepted=True)
    to.pool(events.Work, after=0.1, job_id="j1", algorithm="rx/0", hashes=10_000.0)
    return share(to)


def ties_of(made: Casebook) -> list[Tie]:
    return made.ties(made.verdicts())


def told(ties: list[Tie], party: str) -> set[tuple[Kind, str]]:
    return {(tie.kind, tie.name) for tie in ties if tie.party == party}


def test_two_people_behind_one_address_stay_two() -> None:
    made = book(
        named(line(own=40_001), WALLET, "hallx-01", "XMRig/6.21.0"),
        named(line(own=40_002), OTHER_WALLET, "lisi-pc", "srbminer/2.4"),
    )
    ties = ties_of(made)
    service = (Kind.UPSTREAM, f"{POOL}:3333")
    one = {(Kind.WALLET, WALLET), (Kind.SCHEME, "hallx-#"), (Kind.AGENT, "XMRig/6.21.0"), service}
    other = {(Kind.WALLET, OTHER_WALLET), (Kind.WORKER, "lisi-pc"), (Kind.AGENT, "srbminer/2.4"), service}
    assert told(ties, f"wallet:{WALLET}") == one
    assert told(ties, f"wallet:{OTHER_WALLET}") == other
    assert {tie.where.source for tie in ties} == {"scene.pcap"}


def test_the_program_of_a_subscription_goes_with_the_login_of_its_connection() -> None:
    to = line(own=40_001, protocol="stratum-bitcoin")
    to.miner(events.Subscribe, method="mining.subscribe", agent="oddminer/1")
    to.pool(events.Subscribed, after=0.1)
    ties = ties_of(book(named(to, WALLET, "hallx-01", "")))
    assert (Kind.AGENT, "oddminer/1") in told(ties, f"wallet:{WALLET}")


def test_ties_do_not_depend_on_the_order_of_flows() -> None:
    flows = [named(line(own=40_000 + n, at_ns=START + n * NS), WALLET, f"a{n}b-{n}", "x/1") for n in range(5)]
    assert ties_of(book(*flows)) == ties_of(book(*reversed(flows)))


def test_nothing_ties_who_does_not_mine() -> None:
    to = line()
    to.miner(events.Login, method="login", user="x", wallet=None, worker=None, agent="scanner")
    assert ties_of(book(to)) == []


def test_one_wallet_at_two_addresses_is_one_cluster_and_a_lone_one_is_none() -> None:
    made = book(login(line()), login(line("192.0.2.77")), named(line("192.0.2.88"), OTHER_WALLET, "x", "y/1"))
    found = belongings(ties_of(made))
    assert found.keys() == {ip_address(MINER), ip_address("192.0.2.77")}
    assert len({one.id for one in found.values()}) == 1


def test_a_port_forward_to_another_address_is_a_relay() -> None:
    rng = np.random.default_rng(5)
    gaps = rng.exponential(12.0, 40)
    inner = named(line("192.0.2.11", "192.0.2.1", 8888, 40_001), WALLET, "x", "y/1")
    outer = named(line("198.51.100.77", POOL, 3333, 50_001), OTHER_WALLET, "x", "z/1")
    outer.at_ns = inner.at_ns + int(0.08 * NS)
    for gap in gaps:
        share(inner, after=float(gap))
        share(outer, after=float(gap))
    stranger = named(line("203.0.113.200", POOL, 3333, 50_002), "48" + "C" * 93, "x", "w/1")
    for gap in rng.exponential(12.0, 40):
        share(stranger, after=float(gap))
    ties = ties_of(book(inner, outer, stranger))
    relayed = {str(tie.address) for tie in ties if tie.kind is Kind.RELAY}
    assert relayed == {"192.0.2.11", "198.51.100.77"}
    assert {str(address) for address in belongings(ties)} == relayed

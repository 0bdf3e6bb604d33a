"""Encrypted mining by its rhythm: clocks learned in clear, sealed flows held against them, one verdict."""

import math
from dataclasses import dataclass, replace
from ipaddress import ip_address

import numpy as np
import pytest

from capture.records import Tag
from classifier.casebook import Casebook
from classifier.clocks import Clock, clock_of
from classifier.encrypted import BET, HALF_LIFE_NS, Standing, merged
from classifier.encrypted_clock import follow
from classifier.encrypted_flows import READABLE, dependencies
from classifier.kinds import Kind
from classifier.score import judge
from classifier.weights import shipped
from facts.endpoint import Endpoint
from facts.evidence import Evidence
from facts.flow import DULL
from facts.instant import NS
from facts.names import LEVEL_ORDER, Level, Role
from facts.verdict import Verdict
from facts.where import Where
from protocols import events
from tests.classifier.scenes import MINER, POOL, START, Line, book, line, login, resolved
from tests.classifier.sealed_rows import SealedFlow, following, jobs, rows_of

SEALED, SERVER = "192.0.2.77", "203.0.113.9"


def plain(at: np.ndarray, miner: str = MINER, delay: float = 0.05, **fields: object) -> Line:
    """A miner in clear that is given work at these instants."""
    told = login(line(client=miner, at_ns=START - 400 * NS))
    for number, when in enumerate(at.tolist()):
        after = (START + round((when + delay) * NS) - told.at_ns) / NS
        told.pool(events.Work, after=after, job_id=f"w{number}", coin="XMR", **fields)
    return told


@dataclass(frozen=True)
class Said:
    """One measure, as the shape model tells it."""

    name: str = "answered"
    value: float = 0.98
    usual: float = 0.4
    weight: float = 2.0


class ShapeSays:
    """Scores that the test chooses, in the place of the model: one for all dependencies."""

    def __init__(self, nats: float, distance: float = 0.5) -> None:
        self._nats, self._distance = nats, distance

    def __call__(self, flows: np.ndarray, packets: np.ndarray) -> "ShapeSays":
        self.dependency = np.arange(len(flows))
        self.together = np.full(len(flows), self._nats)
        self.distance = np.full(len(flows), self._distance)
        return self

    def reasons(self, dependency: int) -> tuple[Said, ...]:
        return (Said(),)


def heard(
    made: Casebook, *flows: SealedFlow, shape: ShapeSays | None = None
) -> dict[tuple[str, Role], Verdict]:
    made.hear(*rows_of(*flows), ["scene.pcap"], (), shape)
    return {(str(one.address), one.role): one for one in made.verdicts()}


def kinds(verdict: Verdict) -> set[str]:
    return {one.evidence.kind for one in verdict.evidence}


def params(verdict: Verdict, kind: Kind) -> dict[str, object]:
    return next(dict(one.evidence.params) for one in verdict.evidence if one.evidence.kind == kind)


# -- learning ----------------------------------------------------------------------------------------------


def test_a_pools_clock_is_learned_from_the_jobs_of_one_client_in_clear() -> None:
    at = jobs()
    (clock,) = book(plain(at)).clocks()
    assert (clock.name, clock.coin, clock.told) == (f"{POOL}:3333", "XMR", "jobs")
    expected = START + np.round((at + 0.05) * NS).astype(np.int64)
    near = np.abs(clock.at_ns[:, None] - expected[None, :]).min(axis=1)
    assert near.max() < 1_000
    assert len(clock.at_ns) >= 0.9 * len(at)


def test_a_clock_has_the_pools_name_where_a_look_up_tells_it() -> None:
    (clock,) = book(resolved(START - 500 * NS), plain(jobs())).clocks()
    assert clock.name == "Example Pool"


def test_the_first_job_of_a_connection_and_one_given_again_are_no_instants() -> None:
    told = login(line())
    for after in (20.0, 5.0, 25.0, 30.0, 20.0):
        told.pool(events.Work, after=after, job_id="a" if after == 5.0 else f"j{told.at_ns}", coin="XMR")
    again = [one.at_ns for one in told.told if type(getattr(one, "event", None)) is events.Work]
    told.pool(events.Work, after=9.0, job_id=told.told[-1].event.job_id, coin="XMR")  # type: ignore[union-attr]
    (clock,) = book(told).clocks()
    assert clock.at_ns.tolist() == again[1:]


def test_what_one_of_three_clients_is_told_alone_is_its_own() -> None:
    at = jobs()
    own = np.array([111.1, 222.2, 333.3])
    lines = [plain(at, f"192.0.2.{n}", delay=0.02 * n) for n in (11, 12)]
    lines.append(plain(np.sort(np.concatenate([at, own])), "192.0.2.13"))
    (clock,) = book(*lines).clocks()
    for when in own:
        assert np.abs(clock.at_ns - START - when * NS).min() > NS
    assert len(clock.at_ns) >= 0.9 * len(at)


def test_jobs_that_new_blocks_make_are_a_clock_of_blocks() -> None:
    clocks = book(plain(jobs(), clean=True)).clocks()
    assert [clock.told for clock in clocks] == ["blocks"]


def test_what_no_pool_has_answered_for_teaches_no_clock() -> None:
    told = line()
    for number in range(30):
        told.pool(events.Work, after=20.0, job_id=f"j{number}", coin="XMR")
    assert book(told).clocks() == []


def test_blocks_of_nodes_make_a_clock_of_their_coin_and_those_asked_for_do_not() -> None:
    node = line(port=8333, protocol="bitcoin-p2p")
    for number in range(6):
        node.pool(events.NodeBlock, after=300.0, command="inv", block=f"{number:064x}", coins=("BTC",))
        node.pool(events.NodeBlock, after=1.0, command="inv", block=f"{number:064x}", coins=("BTC",))
        node.pool(
            events.NodeBlock,
            after=1.0,
            command="block",
            block=f"{99 + number:064x}",
            coins=("BTC",),
            asked=True,
        )
    (clock,) = book(node).clocks()
    assert (clock.name, clock.told, len(clock.at_ns)) == ("BTC", "blocks", 6)
    assert clock.at_ns[0] == START + 300 * NS


def test_servers_of_one_pool_that_tell_together_are_one_clock_and_others_are_not() -> None:
    from classifier.encrypted_learning import agree

    at = np.asarray(jobs() * NS, np.int64)
    assert agree(at, at + NS)
    assert not agree(at, np.asarray(jobs(7) * NS, np.int64))


# -- sealed flows ------------------------------------------------------------------------------------------


def test_the_tags_of_what_is_read_in_clear_are_those_of_the_sieve() -> None:
    clear = {Tag.JSON, Tag.BITCOIN_P2P, Tag.LEVIN, Tag.DISCV4, Tag.DNS, Tag.WEBSOCKET, Tag.AGENT}
    assert {int(tag) for tag in clear | {Tag.STRATUM_V2, Tag.DISCV5}} == READABLE


def test_connections_one_after_another_are_one_lane_and_those_side_by_side_are_two() -> None:
    at = jobs()
    early = following(at, seed=3)
    half = replace(
        early, down=np.asarray(early.down)[np.asarray(early.down) < 400], up=np.array([1.0, 400.0])
    )
    rest = replace(
        early, down=np.asarray(early.down)[np.asarray(early.down) > 450], up=np.array([440.0, 880.0])
    )
    rest.client = Endpoint(half.client.address, 51_111)
    side = replace(early, client=Endpoint(half.client.address, 52_222))
    (one,) = dependencies(*rows_of(half, rest), ["x"], lambda pair: False)
    assert len(one.lanes) == 1
    (two,) = dependencies(*rows_of(half, rest, side), ["x"], lambda pair: False)
    assert len(two.lanes) == 2
    assert two.rows == (0, 2, 1)


def test_without_its_opening_the_busier_end_is_the_server_else_the_smaller_port() -> None:
    flows = [
        following(jobs(), client=f"198.18.0.{n}", seed=n, opened=False, port=60_000) for n in range(1, 4)
    ]
    found = dependencies(*rows_of(*flows), ["x"], lambda pair: False)
    assert {str(one.server) for one in found} == {f"{SERVER}:60000"}
    (alone,) = dependencies(*rows_of(following(jobs(), opened=False)), ["x"], lambda pair: False)
    assert str(alone.server) == f"{SERVER}:443"


def test_what_was_read_is_not_judged_by_its_rhythm() -> None:
    flows = (following(jobs()), following(jobs(), client="192.0.2.78", tag=int(Tag.JSON)))
    left = dependencies(*rows_of(*flows), ["x"], lambda pair: str(pair[0]) == SEALED)
    assert left == []


def test_the_screen_leaves_out_nothing_that_the_test_would_find() -> None:
    clocks = [a_clock(seed, f"pool {seed}") for seed in range(12)]
    flows = [following(jobs(n % 12), client=f"198.18.1.{n}", seed=n, delay=0.1 * n) for n in range(12)]
    found = dependencies(*rows_of(*flows), ["x"], lambda pair: False)
    for n, tested in enumerate(follow(found, clocks)):
        assert tested.match is not None
        assert tested.match.clock.name == f"pool {n % 12}"
        assert tested.nats > 10.8
        assert tested.clocks == 12


def test_a_clock_that_ticks_every_second_tells_nobody_apart() -> None:
    quick = clock_of("KAS pool", "KAS", "jobs", START + np.arange(0, 900, 1) * NS)
    found = dependencies(*rows_of(following(jobs())), ["x"], lambda pair: False)
    (tested,) = follow(found, [quick])
    assert (tested.match, tested.clocks) == (None, 0)


def a_clock(seed: int, name: str) -> Clock:
    return clock_of(name, "XMR", "jobs", START + np.asarray(jobs(seed) * NS, np.int64))


# -- verdicts ----------------------------------------------------------------------------------------------


def test_a_sealed_miner_is_found_by_the_clock_of_one_in_clear() -> None:
    at = jobs()
    found = heard(book(resolved(START - 500 * NS), plain(at)), following(at, lost=3))
    miner, pool = found[SEALED, Role.MINER], found[SERVER, Role.POOL]
    assert (miner.level, miner.encrypted, miner.protocols) == (Level.LIKELY, True, ("encrypted",))
    assert (miner.coins, miner.pools) == (("XMR",), ("Example Pool",))
    assert pool.level is Level.LIKELY
    assert {str(peer.address): peer.role for peer in miner.peers} == {SERVER: Role.POOL}
    assert {str(peer.address): peer.role for peer in pool.peers} == {SEALED: Role.MINER}
    said = params(miner, Kind.RHYTHM_CLOCK)
    assert said["pool"] == "Example Pool"
    assert int(str(said["followed"])) >= int(str(said["instants"])) - 2
    window = params(miner, Kind.RHYTHM_WINDOW)
    assert (window["minutes"], window["connections"]) == (15, 1)
    assert float(str(window["lost"])) == pytest.approx(100 * 3 / int(str(window["packets"])), abs=0.06)
    cleared = params(miner, Kind.RHYTHM_CLEARED_CLOCK)
    assert 0 < int(str(cleared["most"])) < int(str(said["followed"]))
    assert miner.hashrate[0].low < miner.hashrate[0].high
    assert Kind.SEALED_HASHRATE in kinds(miner)


def test_a_sealed_flow_of_another_pool_is_no_witness() -> None:
    found = heard(book(plain(jobs())), following(jobs(99)))
    assert (SEALED, Role.MINER) not in found


def test_blocks_alone_are_never_enough_since_explorers_follow_them() -> None:
    at = jobs()
    made = book(plain(at, clean=True))
    miner = heard(made, following(at))[SEALED, Role.MINER]
    assert miner.level is Level.CLEARED
    assert params(miner, Kind.RHYTHM_BLOCKS)["coin"] == "XMR"
    with_shape = heard(book(plain(at, clean=True)), following(at), shape=ShapeSays(6.0))[SEALED, Role.MINER]
    assert with_shape.level in (Level.SUSPECTED, Level.LIKELY)


@pytest.mark.parametrize(
    ("nats", "level"),
    [(12.0, Level.LIKELY), (30.0, Level.LIKELY), (8.0, Level.SUSPECTED), (6.0, Level.CLEARED)],
)
def test_shape_alone_is_likely_at_most(nats: float, level: Level) -> None:
    miner = heard(book(), following(jobs()), shape=ShapeSays(nats))[SEALED, Role.MINER]
    assert miner.level is level
    assert miner.score == pytest.approx(1 / (1 + math.exp(7.1693 - min(nats, 12.0))))
    assert "answered 0.98 (0.4)" in str(params(miner, Kind.RHYTHM_SHAPE)["message"])
    assert (Kind.RHYTHM_CLEARED_SHAPE in kinds(miner)) == (level is not Level.CLEARED)


def test_shape_and_clock_add_up_and_another_shape_takes_away() -> None:
    at = jobs()
    alone = heard(book(plain(at)), following(at))[SEALED, Role.MINER]
    both = heard(book(plain(at)), following(at), shape=ShapeSays(3.0))[SEALED, Role.MINER]
    against = heard(book(plain(at)), following(at), shape=ShapeSays(-8.0))[SEALED, Role.MINER]
    assert both.score > alone.score > 0.9 > against.score
    assert Kind.RHYTHM_OTHER_SHAPE in kinds(against)


def test_what_is_unlike_all_that_the_model_knows_is_told() -> None:
    miner = heard(book(), following(jobs()), shape=ShapeSays(9.0, distance=3.2))[SEALED, Role.MINER]
    assert params(miner, Kind.RHYTHM_UNFAMILIAR)["distance"] == 3.2


def test_many_services_of_one_client_are_one_verdict_by_the_one_that_speaks_most() -> None:
    at = jobs()
    flows = [following(at, server=f"203.0.113.{n}", seed=n) for n in (9, 10)]
    found = heard(book(plain(at)), *flows, following(jobs(50), server="203.0.113.11", seed=4))
    miner = found[SEALED, Role.MINER]
    assert sum(one.evidence.kind == Kind.RHYTHM_CLOCK for one in miner.evidence) == 1
    assert {str(peer.address) for peer in miner.peers} == {"203.0.113.9", "203.0.113.10"}


def test_who_gives_work_in_clear_and_gets_it_sealed_is_a_proxy() -> None:
    at = jobs()
    below = login(line(client="192.0.2.90", server=SEALED))
    for _ in range(12):
        below.miner(events.Submit, 10.0, job_id="j1", worker="rig1")
        below.pool(events.ShareResult, after=0.1, accepted=True)
    found = heard(book(plain(at), below), following(at))
    proxy = found[SEALED, Role.PROXY]
    assert proxy.level is Level.LIKELY
    assert Kind.PROXY_ABOVE in kinds(proxy)


# -- names -------------------------------------------------------------------------------------------------


def greeting(sni: str | None, alpn: tuple[str, ...] = ()) -> Line:
    told = line(client=SEALED, server=SERVER, port=443, own=50_002, protocol="tls")
    return told.miner(events.TlsHello, sni=sni, alpn=alpn, ja4="t13i000000_0_0").over(
        900, packets=(90, 90), payload=(9_000, 18_000)
    )


def test_names_lift_and_lower_and_neither_make_nor_veto() -> None:
    at = jobs()
    scores = {}
    for name, hello in {
        "none": (),
        "bare": (greeting(None),),
        "web": (greeting(None, ("h2",)),),
        "pool": (greeting("eu.pool.example"),),
    }.items():
        scores[name] = heard(book(*hello), following(at), shape=ShapeSays(7.3))[SEALED, Role.MINER]
    other = following(at, state=DULL)
    scores["other"] = heard(book(), other, shape=ShapeSays(7.3))[SEALED, Role.MINER]
    assert scores["pool"].score > scores["bare"].score > scores["none"].score
    assert scores["none"].score > scores["web"].score >= 0.5
    for name in ("web", "other"):  # what the rhythm suspects no name clears
        assert scores[name].level is Level.SUSPECTED
    below = heard(book(), replace(other), shape=ShapeSays(7.0))[SEALED, Role.MINER]
    assert below.level is Level.CLEARED


NAMES = [kind for kind in Kind if kind.startswith("name.")]


def test_no_combination_of_names_reaches_more_than_todays_single_best() -> None:
    where = Where("x.pcap", 1)
    everything = [Evidence(ip_address(SEALED), Role.MINER, kind, where, 0) for kind in NAMES]
    assert (
        judge(everything, shipped()).score
        <= judge([one for one in everything if one.kind == Kind.NAME_SNI], shipped()).score
    )
    assert judge(everything, shipped()).level is Level.CLEARED


@pytest.mark.parametrize("nats", [7.17, 7.2, 8.0, 11.0, 19.0])
def test_no_combination_of_names_clears_what_the_rhythm_suspects(nats: float) -> None:
    where = Where("x.pcap", 1)
    rhythm = [
        Evidence(ip_address(SEALED), Role.MINER, Kind.RHYTHM_SHAPE, where, 0, measured=min(nats, 12.0)),
        Evidence(ip_address(SEALED), Role.MINER, Kind.RHYTHM_CLOCK, where, 0, measured=max(0.0, nats - 12.0)),
    ]
    before = judge(rhythm, shipped())
    assert before.level is not Level.CLEARED
    for kind in NAMES:
        named = [*rhythm, Evidence(ip_address(SEALED), Role.MINER, kind, where, 0)]
        after = judge(named, shipped())
        assert LEVEL_ORDER.index(after.level) >= LEVEL_ORDER.index(Level.SUSPECTED), kind


def test_a_pool_that_served_others_in_clear_is_remembered_of_its_sealed_service() -> None:
    at = jobs()
    found = heard(book(plain(at)), following(at, server=POOL))
    assert Kind.NAME_POOL_HISTORY in kinds(found[SEALED, Role.MINER])


# -- windows -----------------------------------------------------------------------------------------------


def standing(clock: float, shape: float, first: float = 0.0, **more: object) -> Standing:
    begun = START + round(first * NS)
    values: dict[str, object] = {
        "client": ip_address(SEALED),
        "server": Endpoint(ip_address(SERVER), 443),
        "first_ns": begun,
        "last_ns": begun + 900 * NS,
        "begun_ns": begun,
        "windows": 1,
        "clock": clock,
        "shape": shape,
        "tested": True,
        "match": None,
        "measures": (),
        "unlike": 0.0,
        "sample": 0.0,
        "connections": 1,
        "packets": 100,
        "lost": 0,
        "named_other": False,
        "rate": None,
        "where": Where("x.pcap", 1),
    }
    return Standing(**(values | more))  # type: ignore[arg-type]


def test_windows_of_a_clock_add_up_and_those_of_a_shape_make_a_mean() -> None:
    both = merged(standing(6.0, 4.0), standing(6.0, 2.0, 900.0))
    left = 0.5 ** (900 * NS / HALF_LIFE_NS)
    assert both.clock == pytest.approx(left * 6.0 + math.log(1 - BET) + BET * 6.0)
    assert both.shape == pytest.approx((2.0 + left * 4.0) / (1 + left))
    assert (both.windows, both.first_ns, both.begun_ns) == (2, START, START + 900 * NS)


def test_windows_side_by_side_are_one() -> None:
    both = merged(standing(6.0, 4.0), standing(5.0, 3.0, 10.0))
    assert (both.clock, both.shape, both.windows, both.connections) == (6.0, 4.0, 1, 2)


def test_windows_that_follow_nothing_take_back_and_half_fades_in_a_day() -> None:
    first = standing(12.0, 5.0)
    untested = merged(first, standing(0.0, 5.0, 86_400.0, tested=False))
    assert untested.clock == pytest.approx(6.0, rel=0.01)
    one = first
    for n in range(1, 10):
        one = merged(one, standing(0.0, 5.0, 900.0 * n))
    assert one.clock == 0.0


def test_many_windows_of_chance_are_not_many_chances() -> None:
    """Under chance p-values are uniform: what is gathered must pass x in e^-x of the sequences at most."""
    rng = np.random.default_rng(5)
    passed = 0
    for _ in range(2_000):
        gathered = 0.0
        for p in rng.uniform(size=96):
            gathered = max(0.0, gathered + math.log(1 - BET) + BET * -math.log(p))
            if gathered >= 8.0:
                passed += 1
                break
    assert passed <= 2_000 * 96 * math.exp(-8.0)


def test_what_earlier_runs_knew_counts_for_those_heard_again_alone() -> None:
    at = jobs()
    made = book(plain(at))
    earlier = standing(9.0, 0.0, -3_600.0)
    made.remember([earlier, replace(earlier, client=ip_address("192.0.2.99"))])
    found = heard(made, following(at))
    assert params(found[SEALED, Role.MINER], Kind.RHYTHM_HISTORY)["windows"] == 2
    assert ("192.0.2.99", Role.MINER) not in found
    assert [str(one.client) for one in made.standings()] == [SEALED]

import random
from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier import casebook, talk
from classifier.casebook import Casebook
from classifier.kinds import Kind
from facts.instant import NS
from facts.names import MINING_ROLES, Level, PeerState, Role
from facts.verdict import Verdict
from protocols import events
from protocols.parser import Event, Side
from tests.classifier.scenes import (
    MINER,
    OTHER,
    POOL,
    START,
    WALLET,
    Line,
    book,
    greeted,
    line,
    listed,
    login,
    resolved,
    share,
    subscribe,
    tell,
    verdicts,
)


def _kinds(verdict: Verdict) -> set[str]:
    return {one.evidence.kind for one in verdict.evidence}


def _weighed(verdict: Verdict) -> dict[str, float]:
    return {one.evidence.kind: one.weight for one in verdict.evidence}


def _states(verdict: Verdict) -> set[tuple[str, int, str | None, str, str]]:
    return {(str(p.address), p.port, p.role, p.protocol, p.state) for p in verdict.peers}


def _sweep(services: int, answered: int, named: bool = False) -> list[Line]:
    """A client that goes from one service to the next and collects what they say."""
    lines = []
    for number in range(services):
        one = line(server=f"198.51.100.{number + 1}", own=40_000 + number, at_ns=START + number * 60 * NS)
        if number < answered:
            subscribe(one)
            if named:
                one.miner(events.Login, 0.1, method="mining.authorize", user="somebody")
        else:
            one.protocol = "stratum-bitcoin"
            one.miner(events.Subscribe, method="mining.subscribe", agent="cgminer/4.11.1")
        lines.append(one.over(30))
    return lines


def test_a_login_answered_with_work_confirms_miner_and_pool() -> None:
    found = verdicts(login(line()).over())
    miner, pool = found[MINER, Role.MINER], found[POOL, Role.POOL]
    assert (miner.level, pool.level) == (Level.CONFIRMED, Level.CONFIRMED)
    assert _states(pool) == {(MINER, 3333, Role.MINER, "stratum-cryptonote", PeerState.EXCHANGE)}
    assert _states(miner) == {(POOL, 3333, Role.POOL, "stratum-cryptonote", PeerState.EXCHANGE)}
    assert miner.wallets == (WALLET,)
    assert miner.workers == 1
    assert miner.agents == ("XMRig/6.21.0",)
    assert miner.algorithms == ("rx/0",)
    assert {role for _, role in found} == {Role.MINER, Role.POOL}


def test_evidence_is_heaviest_first_and_names_its_first_frame() -> None:
    miner = verdicts(share(share(login(line()))).over())[MINER, Role.MINER]
    weights = [abs(one.weight) for one in miner.evidence]
    assert weights == sorted(weights, reverse=True)
    accepted = next(one.evidence for one in miner.evidence if one.evidence.kind == Kind.MINER_SHARE_ACCEPTED)
    assert (accepted.where.source, accepted.where.frame, accepted.count) == ("scene.pcap", 6, 2)


def test_an_answered_subscription_confirms_the_pool_and_only_suspects_the_miner() -> None:
    found = verdicts(subscribe(line()).over(1))
    assert found[POOL, Role.POOL].level is Level.CONFIRMED
    assert found[MINER, Role.MINER].level is Level.SUSPECTED
    assert Kind.MINER_NO_ACCOUNT in _kinds(found[MINER, Role.MINER])


def test_a_client_that_gets_work_and_never_names_an_account_is_cleared() -> None:
    miner = verdicts(subscribe(line()).over(40))[MINER, Role.MINER]
    assert miner.level is Level.CLEARED
    assert _weighed(miner)[Kind.MINER_NO_ACCOUNT_LONG] < 0


@pytest.mark.parametrize("refused", [False, True])
@pytest.mark.parametrize(
    ("event", "fields"),
    [
        (events.Subscribe, {"method": "mining.subscribe"}),
        (events.Login, {"method": "login", "user": "x", "wallet": WALLET}),
        (events.Request, {"method": "eth_getWork"}),
    ],
)
def test_a_request_without_an_answer_of_a_pool_is_an_attempt(
    event: type[Event], fields: dict[str, object], refused: bool
) -> None:
    one = line().miner(event, **fields)
    if refused:
        one.pool(events.Refused, method="any", code=-32601)
    found = verdicts(one.over())
    pool = found[POOL, Role.POOL]
    assert pool.level is Level.CLEARED
    assert pool.score < 0.5
    assert {peer.state for peer in pool.peers} == {PeerState.ATTEMPT}
    assert found[MINER, Role.MINER].level is Level.CLEARED
    assert (Kind.POOL_REFUSED if refused else Kind.POOL_NO_REPLY) in _kinds(pool)


def test_logins_repeated_with_a_wallet_are_a_suspicion_and_no_more() -> None:
    one = line()
    for _ in range(3):
        one.miner(events.Login, 30, method="login", user=WALLET, wallet=WALLET)
    found = verdicts(one.over())
    assert found[MINER, Role.MINER].level is Level.SUSPECTED
    assert found[POOL, Role.POOL].level is Level.CLEARED


def test_an_accepted_login_without_work_is_no_exchange() -> None:
    one = line().miner(events.Login, method="login", user="x").pool(events.LoginResult, accepted=True)
    pool = verdicts(one.over())[POOL, Role.POOL]
    assert pool.level is Level.CLEARED
    assert {peer.state for peer in pool.peers} == {PeerState.ATTEMPT}


@pytest.mark.parametrize(
    ("code", "level"), [(21, Level.CONFIRMED), (25, Level.CLEARED), (-32601, Level.CLEARED)]
)
def test_a_refused_share_speaks_for_a_pool_only_where_it_knows_the_job(code: int, level: Level) -> None:
    one = line(opened=False).miner(events.Submit).pool(events.ShareResult, accepted=False, code=code)
    pool = verdicts(one.over())[POOL, Role.POOL]
    assert (pool.level is Level.CLEARED) is (level is Level.CLEARED)


@pytest.mark.parametrize(
    ("protocol", "code", "message", "judged"),
    [
        ("stratum-cryptonote", -1, "Duplicate share", True),
        ("stratum-cryptonote", -1, "Low difficulty share", True),
        ("stratum-cryptonote", None, "Low diff share", True),
        ("stratum-cryptonote", None, "Stale share", True),
        ("stratum-cryptonote", -1, "Block expired", True),
        ("stratum-cryptonote", -1, "Unauthenticated", False),
        ("stratum-cryptonote", -1, "duplicate entry", False),
        ("stratum-bitcoin", 37, None, True),
        ("stratum-grin", -32501, "Share rejected due to low difficulty", True),
        ("stratum-grin", -32503, "Solution submitted too late", True),
        ("stratum-grin", -32601, "method not found", False),
        ("stratum-beam", 3, "expired", True),
        ("stratum-beam", 2, "rejected", False),
        ("stratum-cryptonote", 3, None, False),
    ],
)
def test_dialects_refuse_shares_in_codes_and_words_of_their_own(
    protocol: str, code: int | None, message: str | None, judged: bool
) -> None:
    one = line(opened=False)
    one.protocol = protocol
    one.miner(events.Submit).pool(events.ShareResult, accepted=False, code=code, message=message)
    found = verdicts(one.over())
    assert (found[POOL, Role.POOL].level is not Level.CLEARED) is judged
    assert (found[MINER, Role.MINER].level is not Level.CLEARED) is judged


@pytest.mark.parametrize(("services", "answered"), [(5, 0), (5, 5), (17, 13), (60, 20)])
@pytest.mark.parametrize("named", [False, True])
def test_who_leaves_one_service_after_another_is_a_prober_however_many_answered(
    services: int, answered: int, named: bool
) -> None:
    found = verdicts(*_sweep(services, answered, named))
    assert found[MINER, Role.PROBER].level in (Level.LIKELY, Level.CONFIRMED)
    assert found[MINER, Role.MINER].level is Level.CLEARED
    assert len(found[MINER, Role.PROBER].peers) == services
    answers = [
        one for (_, role), one in found.items() if role is Role.POOL and one.level is not Level.CLEARED
    ]
    assert len(answers) == answered
    assert all(peer.role is Role.PROBER for one in answers for peer in one.peers)


def test_a_miner_that_fails_over_is_no_prober() -> None:
    dead = [
        line(server=f"198.51.100.{n}", own=40_000 + n, at_ns=START + n * NS)
        .miner(events.Login, method="login", user="x", wallet=WALLET)
        .over()
        for n in (2, 3)
    ]
    found = verdicts(*dead, login(line(at_ns=START + 60 * NS)).over(30))
    assert (MINER, Role.PROBER) not in found
    miner = found[MINER, Role.MINER]
    assert miner.level is Level.CONFIRMED
    assert [peer.state for peer in miner.peers] == [PeerState.EXCHANGE, PeerState.ATTEMPT, PeerState.ATTEMPT]


def test_one_machine_may_both_probe_and_mine() -> None:
    found = verdicts(*_sweep(30, 10), share(login(line(server="203.0.113.9", own=50_000))).over(600))
    assert found[MINER, Role.MINER].level is Level.CONFIRMED
    assert found[MINER, Role.PROBER].level is Level.CONFIRMED
    roles = {(str(p.address), p.role) for p in found["203.0.113.9", Role.POOL].peers}
    assert roles == {(MINER, Role.MINER)}


def test_a_proxy_serves_miners_below_and_mines_above() -> None:
    proxy = "192.0.2.1"
    below = [share(login(line(client=f"192.0.2.{n}", server=proxy))).over(60) for n in (20, 21)]
    found = verdicts(*below, share(login(line(client=proxy))).over(60))
    assert found[proxy, Role.PROXY].level is Level.CONFIRMED
    assert found[proxy, Role.POOL].level is Level.LIKELY
    assert found[proxy, Role.MINER].level is Level.LIKELY
    assert found[POOL, Role.POOL].peers[0].role is Role.PROXY
    assert found["192.0.2.20", Role.MINER].peers[0].role is Role.PROXY
    assert {str(peer.address) for peer in found[proxy, Role.PROXY].peers} == {
        "192.0.2.20",
        "192.0.2.21",
        POOL,
    }


def test_a_pool_that_is_probed_from_within_is_no_proxy() -> None:
    found = verdicts(login(line(server=POOL)).over(), subscribe(line(client=POOL, server=OTHER)).over())
    assert (POOL, Role.PROXY) not in found


def test_a_pool_of_many_clients_keeps_them_all() -> None:
    lines = [login(line(client=str(ip_address("10.0.0.0") + n))).over() for n in range(2_000)]
    found = verdicts(*lines)
    pool = found[POOL, Role.POOL]
    assert len(pool.peers) == 2_000
    assert len(pool.evidence) < 10
    assert next(o.evidence for o in pool.evidence if o.evidence.kind == Kind.POOL_WORK).count == 2_000


def test_a_node_is_a_node_and_no_miner() -> None:
    one = line(port=8333, protocol="bitcoin-p2p")
    one.miner(events.NodeHello, coins=("BTC", "BCH"), agent="/Satoshi:27.0.0/", full=True)
    one.pool(events.NodeHello, coins=("BTC",), full=True).pool(events.NodeMessage, command="inv")
    found = verdicts(one.over())
    assert {role for _, role in found} == {Role.NODE}
    assert {one.level for one in found.values()} == {Level.CONFIRMED}
    assert found[POOL, Role.NODE].coins == ("BTC",)
    assert found[MINER, Role.NODE].coins == ()
    assert _states(found[POOL, Role.NODE]) == {(MINER, 8333, Role.NODE, "bitcoin-p2p", PeerState.EXCHANGE)}


def test_a_node_that_is_only_written_to_is_likely_a_node() -> None:
    one = line(port=30303, protocol="ethereum-p2p", transport="udp").miner(events.NodeMessage, command="ping")
    found = verdicts(one.over())
    assert found[POOL, Role.NODE].level is Level.LIKELY
    assert found[POOL, Role.NODE].peers[0].state is PeerState.ATTEMPT


@pytest.mark.parametrize("spv", [False, True])
def test_a_light_client_is_a_wallet(spv: bool) -> None:
    one = line(port=8333, protocol="bitcoin-p2p")
    one.miner(events.NodeHello, coins=("BTC",), full=None if spv else False)
    one.pool(events.NodeHello, coins=("BTC",), full=True)
    if spv:
        one.miner(events.NodeMessage, command="filterload", spv=True)
    found = verdicts(one.over())
    assert set(found) == {(MINER, Role.WALLET), (POOL, Role.NODE)}
    assert found[MINER, Role.WALLET].level in (Level.LIKELY, Level.CONFIRMED)


def test_work_acknowledged_in_an_older_connection_is_an_exchange_and_likely() -> None:
    one = line(opened=False).pool(events.Work, job_id="1").pool(events.Work, 60, job_id="2")
    found = verdicts(one.over(5, packets=(4, 4)))
    for key in ((MINER, Role.MINER), (POOL, Role.POOL)):
        assert found[key].level is Level.LIKELY
        assert {peer.state for peer in found[key].peers} == {PeerState.EXCHANGE}


def test_work_and_a_share_in_mid_stream_confirm() -> None:
    found = verdicts(share(line(opened=False).pool(events.Work, job_id="1")).over())
    assert found[MINER, Role.MINER].level is Level.CONFIRMED
    assert found[POOL, Role.POOL].level is Level.CONFIRMED


def test_one_direction_alone_is_an_attempt_and_likely_at_most() -> None:
    one = line(opened=False).pool(events.Work, job_id="1").pool(events.Work, 60, job_id="2")
    found = verdicts(one.over(5, packets=(0, 4)))
    assert found[POOL, Role.POOL].level is Level.LIKELY
    assert found[MINER, Role.MINER].level is Level.SUSPECTED
    assert {peer.state for peer in found[POOL, Role.POOL].peers} == {PeerState.ATTEMPT}


def test_an_exchange_on_one_port_does_not_lend_itself_to_another() -> None:
    attempt = line(port=80, own=40_001).miner(events.Subscribe, method="mining.subscribe").over()
    found = verdicts(login(line()).over(), attempt)
    pool = found[POOL, Role.POOL]
    assert pool.level is Level.CONFIRMED
    assert {(peer.port, peer.state) for peer in pool.peers} == {
        (3333, PeerState.EXCHANGE),
        (80, PeerState.ATTEMPT),
    }
    asked = next(one.evidence for one in pool.evidence if one.evidence.kind == Kind.POOL_ASKED)
    assert asked.count == 1


def test_families_of_protocols_on_one_port_are_conversations_of_their_own() -> None:
    attempt = line(own=40_001, protocol="getwork").miner(events.Request, method="getwork").over()
    pool = verdicts(login(line()).over(), attempt)[POOL, Role.POOL]
    assert {(peer.protocol, peer.state) for peer in pool.peers} == {
        ("stratum-cryptonote", PeerState.EXCHANGE),
        ("getwork", PeerState.ATTEMPT),
    }


def test_the_dialect_is_the_one_that_the_work_spoke() -> None:
    one = line(protocol="stratum-bitcoin").miner(events.Subscribe, method="mining.subscribe")
    one.pool(events.Subscribed)
    one.protocol = "stratum-equihash"
    one.pool(events.Work)
    one.protocol = "stratum-bitcoin"
    one.miner(events.Request, method="mining.extranonce.subscribe")
    assert verdicts(one.over())[POOL, Role.POOL].protocols == ("stratum-equihash",)


def test_sides_taken_the_wrong_way_round_are_told_by_what_is_said() -> None:
    one = Line(line().server, line().client, protocol="stratum-cryptonote", opened=False)
    one.say(Side.CLIENT, events.Work, job_id="1")
    one.say(Side.SERVER, events.Submit, job_id="1").say(Side.CLIENT, events.ShareResult, accepted=True)
    found = verdicts(one.over())
    assert found[MINER, Role.MINER].level is Level.CONFIRMED
    assert {peer.port for peer in found[POOL, Role.POOL].peers} == {3333}


def test_a_solo_miner_asks_for_templates() -> None:
    one = line(port=18081, protocol="getblocktemplate")
    for height in (1, 2):
        one.miner(events.Request, method="getblocktemplate").pool(events.Work, height=height)
    found = verdicts(one.over())
    assert found[MINER, Role.SOLO_MINER].level is Level.LIKELY
    assert (MINER, Role.MINER) not in found


def test_ten_minutes_without_a_share_speak_against_a_miner() -> None:
    miner = verdicts(login(line()).over(1_200))[MINER, Role.MINER]
    assert _weighed(miner)[Kind.MINER_NO_SHARE] < 0
    assert miner.level is Level.CONFIRMED or miner.level is Level.LIKELY


def test_shares_give_a_hashrate_where_they_last() -> None:
    one = login(line())
    for _ in range(60):
        share(one, 9.9)
    (rate,) = verdicts(one.over(1))[MINER, Role.MINER].hashrate
    assert rate.algorithm == "rx/0"
    assert rate.low < 1_000 < rate.high
    assert verdicts(share(login(line())).over(1))[MINER, Role.MINER].hashrate == ()


def test_a_quiet_start_is_not_held_against_a_miner_whose_login_was_lost() -> None:
    found = verdicts(subscribe(line(opened=False)).over(40))
    assert not {Kind.MINER_NO_ACCOUNT, Kind.MINER_NO_ACCOUNT_LONG} & _kinds(found[MINER, Role.MINER])


SCENES = [
    *_sweep(6, 3),
    login(line(client="192.0.2.77", server=OTHER)).over(),
    share(login(line(client="192.0.2.78", server=OTHER, own=1))).over(200),
    login(line(client="192.0.2.78", server=OTHER, own=2, at_ns=START + NS)).over(),
    line(client="192.0.2.79", opened=False).pool(events.Work).over(5),
    resolved(),
    greeted(None, True),
    greeted("eu.pool.example", False),
    line(client="192.0.2.80", port=8333, protocol="bitcoin-p2p")
    .miner(events.NodeHello, coins=("BTC",))
    .over(),
]


@given(st.permutations(range(len(SCENES))))
@settings(max_examples=60, deadline=None)
def test_the_order_of_independent_connections_does_not_matter(order: list[int]) -> None:
    assert book(*(SCENES[number] for number in order)).verdicts() == book(*SCENES).verdicts()


@given(st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_connections_may_be_told_interleaved(seed: int) -> None:
    chance = random.Random(seed)
    queues = [list(scene.told) for scene in SCENES]
    made = Casebook("scene.pcap", listed())
    while queues:
        queue = chance.choice(queues)
        tell(made, [queue.pop(0)])
        queues = [one for one in queues if one]
    assert made.verdicts() == book(*SCENES).verdicts()


def test_judging_twice_gives_the_same_and_forgets_nothing() -> None:
    made = book(*SCENES)
    assert made.verdicts() == made.verdicts()


def test_every_pool_event_has_its_fact() -> None:
    made = book(*SCENES)
    assert set(events.PoolEvent.__subclasses__()) <= set(made._handlers)


def test_limits_are_counted_and_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(casebook, "CLIENT_TALK_LIMIT", 10)
    monkeypatch.setattr(casebook, "TALK_LIMIT", 12)
    monkeypatch.setattr(talk, "NAME_LIMIT", 5)
    one = line(client="192.0.2.200")
    for number in range(20):
        one.miner(events.Submit, worker=f"rig{number}")
    swept = _sweep(30, 0)
    made = book(one.over(), *swept, login(line(client="192.0.2.201", server=OTHER)).over())
    assert made.dropped["mining-messages-beyond-limit"] == 20
    assert made.dropped["names-beyond-limit"] == 15
    found = {(str(v.address), v.role): v for v in made.verdicts()}
    assert len(found[MINER, Role.PROBER].peers) == 10
    assert found["192.0.2.201", Role.MINER].level is Level.CONFIRMED


def test_a_hostile_name_is_cut_and_counted() -> None:
    one = line().miner(events.Login, method="login" * 100, user="x", worker="w" * 60_000, agent="a" * 60_000)
    made = book(one.over())
    (verdict,) = [v for v in made.verdicts() if v.role is Role.MINER]
    assert all(len(agent) <= talk.NAME_LENGTH for agent in verdict.agents)
    assert made.dropped["names-beyond-limit"] == 1


@given(st.lists(st.sampled_from(range(len(SCENES))), max_size=6))
@settings(max_examples=40, deadline=None)
def test_scores_are_probabilities_and_levels_never_exceed_them(picks: list[int]) -> None:
    least = {Level.CONFIRMED: 0.999, Level.LIKELY: 0.9, Level.SUSPECTED: 0.5, Level.CLEARED: 0.0}
    for verdict in book(*(SCENES[pick] for pick in picks)).verdicts():
        assert 0.0 <= verdict.score <= 1.0
        assert verdict.score >= least[verdict.level]
        if verdict.level is Level.CONFIRMED and verdict.role in MINING_ROLES:
            assert any(peer.state is PeerState.EXCHANGE for peer in verdict.peers)

"""Mining under encryption, told by sizes: a strong suspicion, never a reading."""

from classifier.kinds import Kind
from facts.names import Level, PeerState, Role
from protocols import events
from tests.classifier.scenes import MINER, OTHER, POOL, Line, line, login, share, verdicts


def set_up(to: Line) -> Line:
    """What a parser tells of a set-up followed by sizes."""
    to.protocol = "stratum-v2"
    to.miner(events.Subscribe, method="SetupConnection", sealed=True)
    to.pool(events.Subscribed, sealed=True)
    to.miner(events.Login, method="OpenMiningChannel", user="", sealed=True)
    return to.pool(events.LoginResult, accepted=True, sealed=True)


def job(to: Line) -> Line:
    """The same, with the first job."""
    to.pool(events.Work, clean=False, sealed=True)
    return to.pool(events.Work, clean=True, sealed=True)


def sealed_share(to: Line, after: float = 10.0) -> Line:
    to.miner(events.Submit, after, sealed=True)
    return to.pool(events.ShareResult, accepted=True, sealed=True)


def test_a_set_up_alone_stays_below_suspected() -> None:
    found = verdicts(set_up(line()).over())
    assert {one.level for one in found.values()} == {Level.CLEARED}


def test_a_set_up_with_its_first_job_is_likely_and_encrypted() -> None:
    found = verdicts(job(set_up(line())).over())
    assert {(role, one.level) for (_, role), one in found.items()} == {
        (Role.MINER, Level.LIKELY),
        (Role.POOL, Level.LIKELY),
    }
    for verdict in found.values():
        assert verdict.encrypted
        assert verdict.protocols == ("stratum-v2",)
        assert [peer.state for peer in verdict.peers] == [PeerState.EXCHANGE]
        assert {one.evidence.kind for one in verdict.evidence} <= {Kind.SEALED_HANDSHAKE, Kind.SEALED_JOB}


def test_shares_raise_the_score_and_never_the_level_beyond_likely() -> None:
    bare = verdicts(job(set_up(line())).over())[MINER, Role.MINER]
    mined = job(set_up(line()))
    for _ in range(60):
        sealed_share(mined)
    found = verdicts(mined.over(600))
    miner, pool = found[MINER, Role.MINER], found[POOL, Role.POOL]
    assert miner.score > bare.score
    assert miner.score > 0.999
    assert (miner.level, pool.level) == (Level.LIKELY, Level.LIKELY)
    assert miner.hashrate == ()
    assert Kind.SEALED_SHARE in {one.evidence.kind for one in miner.evidence}


def test_what_is_sealed_does_not_borrow_from_what_is_read() -> None:
    read = share(login(line(port=3333))).over(200)
    sealed = job(set_up(line(server=OTHER, own=41_000))).over(200)
    found = verdicts(read, sealed)
    assert found[MINER, Role.MINER].level is Level.CONFIRMED
    assert not found[MINER, Role.MINER].encrypted
    assert found[OTHER, Role.POOL].level is Level.LIKELY
    assert found[OTHER, Role.POOL].encrypted


def test_the_same_service_may_be_spoken_to_in_both_ways() -> None:
    found = verdicts(share(login(line())).over(200), job(set_up(line(own=41_000))).over(200))
    pool = found[POOL, Role.POOL]
    assert pool.level is Level.CONFIRMED
    assert Kind.SEALED_JOB in {one.evidence.kind for one in pool.evidence}


def test_a_proxy_of_sealed_conversations_is_likely_at_most() -> None:
    proxy = "192.0.2.1"
    below = [job(set_up(line(client=f"192.0.2.{n}", server=proxy))).over(300) for n in (20, 21)]
    found = verdicts(*below, job(set_up(line(client=proxy))).over(300))
    assert found[proxy, Role.PROXY].level is Level.LIKELY


def test_who_leaves_sealed_services_is_not_confirmed_as_a_prober() -> None:
    left = [job(set_up(line(server=f"198.51.100.{n}", own=40_000 + n))).over(2) for n in range(10, 30)]
    prober = verdicts(*left)[MINER, Role.PROBER]
    assert prober.level is Level.LIKELY

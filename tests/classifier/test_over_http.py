"""Work over HTTP needs no account, and many a miner opens a connection for every request."""

import pytest

from facts.names import Level, PeerState, Role
from protocols import events
from tests.classifier.scenes import MINER, OTHER, POOL, Line, book, line, subscribe


def asked(to: Line, protocol: str = "getwork", work: bool = True) -> Line:
    """One connection: a request, and perhaps work."""
    to.protocol = protocol
    to.miner(events.Request, method=protocol)
    if work:
        to.pool(events.Work, after=0.1, hashes=1e9)
    return to.over()


def polls(count: int, every: float, protocol: str = "getwork") -> list[Line]:
    first = line()
    return [
        asked(line(own=40_000 + n, at_ns=first.at_ns + round(n * every * 1e9)), protocol)
        for n in range(count)
    ]


def verdict(lines: list[Line], role: Role, address: str = MINER) -> tuple[Level, list[str]]:
    found = [one for one in book(*lines).verdicts() if str(one.address) == address and one.role is role]
    if not found:
        return Level.CLEARED, []
    return found[0].level, [one.evidence.kind for one in found[0].evidence]


def test_who_goes_on_asking_has_stayed_however_short_the_connections() -> None:
    level, kinds = verdict(polls(30, 5.0), Role.MINER)
    assert level is Level.CONFIRMED
    assert "miner.stayed" in kinds
    assert not any(kind.startswith("miner.no_account") for kind in kinds)


@pytest.mark.parametrize(("count", "every"), [(1, 5.0), (2, 300.0), (20, 3.0)])
def test_a_look_or_a_retry_is_no_stay(count: int, every: float) -> None:
    level, kinds = verdict(polls(count, every), Role.MINER)
    assert level in (Level.CONFIRMED, Level.LIKELY)
    assert "miner.stayed" not in kinds


def test_who_asks_for_templates_mines_alone_and_the_node_gives_the_work() -> None:
    lines = polls(30, 5.0, "getblocktemplate")
    assert verdict(lines, Role.SOLO_MINER)[0] is Level.CONFIRMED
    assert verdict(lines, Role.MINER) == (Level.CLEARED, [])
    assert verdict(lines, Role.NODE, POOL)[0] is Level.CONFIRMED


def test_templates_that_were_tried_in_vain_are_among_a_miner_s_peers() -> None:
    tried = asked(line(server=OTHER), "getblocktemplate", work=False)
    mined = subscribe(line(own=40_001))
    mined.miner(events.Login, method="mining.authorize", user="a.b").over()
    verdicts = [one for one in book(tried, mined).verdicts() if str(one.address) == MINER]
    assert {one.role for one in verdicts} == {Role.MINER}
    peers = {(str(peer.address), peer.protocol, peer.state) for peer in verdicts[0].peers}
    assert peers == {
        (OTHER, "getblocktemplate", PeerState.ATTEMPT),
        (POOL, "stratum-bitcoin", PeerState.EXCHANGE),
    }


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("stale-prevblk", "judged"),
        ("high-hash", "judged"),
        ("Duplicate", "judged"),
        ("no such method", "refused"),
    ],
)
def test_the_words_of_a_refused_share_tell_who_knows_the_job(message: str, kind: str) -> None:
    to = line()
    to.protocol = "getblocktemplate"
    to.miner(events.Submit).pool(events.ShareResult, accepted=False, message=message).over()
    assert f"miner.share_{kind}" in verdict([to], Role.SOLO_MINER)[1]


def test_one_look_at_a_template_is_what_explorers_do_too() -> None:
    assert verdict(polls(1, 5.0, "getblocktemplate"), Role.SOLO_MINER)[0] in (Level.CLEARED, Level.SUSPECTED)
    assert verdict(polls(2, 5.0, "getblocktemplate"), Role.SOLO_MINER)[0] in (Level.LIKELY, Level.CONFIRMED)
    one = polls(1, 5.0, "getblocktemplate")
    one[0].miner(events.Submit)
    assert verdict(one, Role.SOLO_MINER)[0] in (Level.LIKELY, Level.CONFIRMED)

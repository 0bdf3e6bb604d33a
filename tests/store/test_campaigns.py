"""Victims of a campaign are told from an operator's lines, by what mines there: in both databases."""

from dataclasses import replace

from classifier.ownership_model import Kind, Sort, Tie
from classifier.ownership_suspect import Grade
from classifier.ownership_words import grade_words
from facts.endpoint import parse_address
from facts.names import Level, Role
from facts.verdict import Hashrate, Machines, Power, Verdict
from facts.where import Where
from pipeline.campaigns import NOTHING, of_cluster, suspected
from pipeline.ownership import update
from pipeline.ownership_json import suspicion_json
from store.clusters import ClusterStore
from store.database import Database
from store.ties import save_ties
from store.verdicts import VerdictStore

DAY = 86_400_000_000_000
PLACES = ("192.0.2.7", "198.51.100.7", "203.0.113.7")


def ties(address: str, wallet: str, enterprise: str, *names: tuple[Kind, str]) -> list[Tie]:
    told = ((Kind.WALLET, wallet), (Kind.ENTERPRISE, enterprise), *names)
    at = parse_address(address)
    return [
        Tie(at, f"wallet:{wallet}", kind, name, DAY, 2 * DAY, 3, Where("a.pcap", 7)) for kind, name in told
    ]


def mining(address: str, algorithm: str, machines: int, kw: float) -> Verdict:
    return Verdict(
        source="a.pcap",
        address=parse_address(address),
        role=Role.MINER,
        level=Level.CONFIRMED,
        score=1.0,
        protocols=("stratum-cryptonote",),
        coins=(),
        algorithms=(algorithm,),
        encrypted=False,
        peers=(),
        first_seen_ns=DAY,
        last_seen_ns=2 * DAY,
        agents=(),
        wallets=(),
        workers=None,
        pools=(),
        hashrate=(Hashrate(algorithm, 1e3, 0.8e3, 1.2e3),),
        evidence=(),
        machines=Machines(machines, machines, machines, True, "sessions"),
        power=Power(kw, kw, kw),
    )


def test_three_companies_with_one_computer_each_are_victims_and_three_halls_are_not(db: Database) -> None:
    told = [tie for n, at in enumerate(PLACES) for tie in ties(at, "0xaa", f"E{n}", (Kind.AGENT, "m/1"))]
    halls = [at.replace(".7", ".9") for at in PLACES]
    told += [tie for n, at in enumerate(halls) for tie in ties(at, "0xbb", f"F{n}", (Kind.SCHEME, "hallq#"))]
    save_ties(db, {"a.pcap": told})
    verdicts = [mining(at, "randomx", 1, 0.12) for at in PLACES]
    verdicts += [mining(at, "sha256d", 80, 260.0) for at in halls]
    VerdictStore(db).save("r", DAY, verdicts)
    update(db)
    lone = parse_address("192.0.2.99")
    found = suspected(db, [*map(parse_address, (*PLACES, *halls)), lone])
    for at in PLACES:
        one = found[parse_address(at)]
        assert one.kind is not Grade.NONE
        assert one.is_victim
        assert {"cpu", "few_machines", "little_power"} <= {reason.kind for reason in one.reasons}
        assert one.cluster == ClusterStore(db).ids_of(parse_address(at))[0]
    cluster = found[parse_address(PLACES[0])].cluster
    assert of_cluster(db, cluster) == found[parse_address(PLACES[0])]
    for grade in Grade:
        assert grade_words(grade.value, "zh")
    told_json = suspicion_json(of_cluster(db, cluster), "zh")
    assert told_json is not None
    assert "每个地址机器很少（中位数 1 台）" in told_json["because"]
    for at in halls:
        one = found[parse_address(at)]
        assert one.kind is Grade.NONE
        assert one.probability < 0.01
    assert found[lone] is NOTHING
    # Names alone call three places nobody's campaign: what is stored stays modest.
    assert ClusterStore(db).page(sort=Sort.CAMPAIGN).clusters == ()


def test_many_machines_at_each_place_are_no_victims_whatever_their_names(db: Database) -> None:
    """What names alone took for a campaign: nameless rigs on ordinary computers, dozens a line."""
    places = [f"198.51.{n}.7" for n in range(6)]
    save_ties(
        db, {"a": [t for n, at in enumerate(places) for t in ties(at, "0xaa", f"E{n}", (Kind.AGENT, "m/1"))]}
    )
    large = [mining(at, "randomx", 60, 9.0) for at in places]
    VerdictStore(db).save("r", DAY, large)
    update(db)
    at = parse_address(places[0])
    assert suspected(db, [at])[at].kind is Grade.NONE
    small = [replace(mining(at, "randomx", 1, 0.1), source="a.pcap") for at in places]
    VerdictStore(db).save("r", DAY, small)
    assert suspected(db, [at])[at].kind is Grade.CAMPAIGN


def test_one_enterprise_with_several_lines_is_nobodys_campaign(db: Database) -> None:
    save_ties(db, {"a": [t for at in PLACES for t in ties(at, "0xaa", "E1")]})
    update(db)
    at = parse_address(PLACES[0])
    assert suspected(db, [at])[at].probability == 0.0

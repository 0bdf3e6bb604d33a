"""A real store with some verdicts and the sample registry, for the tests of both doors."""

import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from sqlalchemy import delete, insert
from starlette.testclient import TestClient

from api.access.gate import Mode
from api.access.opening import opened_gate
from api.app import create_app
from classifier.ownership import cluster_id
from classifier.ownership_model import Kind, Tie
from facts.endpoint import packed16, parse_address
from facts.evidence import Evidence
from facts.instant import NS
from facts.names import Level, PeerState, Role
from facts.verdict import Peer, Verdict, Weighed
from facts.where import Where
from pipeline.ownership import registered, update
from pipeline.services import Services, build_services
from pipeline.settings import Settings
from registry.csv_import import load_sample
from store.database import open_database
from store.ownership_tables import StateRow
from store.registry import RegistryStore
from store.ties import save_ties
from store.verdicts import VerdictStore

PURPOSE = {"X-Purpose": "case 2026-017"}
SEEN_NS = 1_772_352_000 * NS  # 2026-03-01T08:00:00Z
MINER = "192.0.2.200"
POOL = "203.0.113.40"
NODE = "2001:db8::7"
CLEARED = "203.0.113.41"


def verdict(address: str, role: Role = Role.MINER, level: Level = Level.CONFIRMED, **other: Any) -> Verdict:
    """A verdict with one piece of evidence; `other` replaces fields."""
    parsed = parse_address(address)
    last = other.pop("last_seen_ns", SEEN_NS)
    evidence = Evidence(
        parsed,
        role,
        "miner.share_accepted",
        Where("captures/office.pcap", 118),
        last,
        (("peer", f"{POOL}:3333"),),
        41,
    )
    peer = Peer(parse_address(POOL), 3333, Role.POOL, "stratum-cryptonote", PeerState.EXCHANGE)
    fields: dict[str, Any] = {
        "source": "captures/office.pcap",
        "address": parsed,
        "role": role,
        "level": level,
        "score": 0.98,
        "protocols": ("stratum-cryptonote",),
        "coins": ("XMR",),
        "algorithms": ("rx/0",),
        "encrypted": False,
        "peers": (peer,),
        "first_seen_ns": last - 60 * NS,
        "last_seen_ns": last,
        "agents": ("XMRig/6.21.0",),
        "wallets": (),
        "workers": 1,
        "pools": ("example-pool",),
        "hashrate": (),
        "evidence": (Weighed(evidence, 8.7),),
    }
    return Verdict(**(fields | other))


SOME = (
    verdict(MINER),
    verdict(MINER, Role.PROBER, Level.CLEARED, score=0.01),
    verdict(POOL, Role.POOL, Level.LIKELY, last_seen_ns=SEEN_NS + NS, peers=(), score=0.93),
    verdict(NODE, Role.NODE, coins=("BTC",), protocols=("bitcoin-p2p",), pools=(), last_seen_ns=SEEN_NS - NS),
    verdict(CLEARED, Role.MINER, Level.CLEARED, score=0.001),
)


WALLET = "4" + "8" * 94
"""Whom an address of the west and one of the south work for."""
TIES = [
    Tie(
        parse_address(address),
        f"wallet:{WALLET}",
        kind,
        name,
        at_ns,
        SEEN_NS,
        3,
        Where("captures/office.pcap", 9),
    )
    for address, at_ns in ((MINER, SEEN_NS - 60 * NS), (POOL, SEEN_NS - NS))
    for kind, name in ((Kind.WALLET, WALLET), (Kind.SCHEME, "hallxyz#"))
]
KEY = bytes(16)
"""Secret of the ids of this store's clusters."""
CLUSTER = cluster_id((packed16(parse_address(MINER)), f"wallet:{WALLET}"), KEY)


def filled(home: Path, verdicts: Iterable[Verdict] = SOME, url: str | None = None) -> Settings:
    """Settings of a new home whose store holds `verdicts` and the sample registry."""
    settings = Settings(home=home) if url is None else Settings(home=home, database_url=url)
    with open_database(settings.database_url) as database:
        RegistryStore(database).replace(load_sample())
        VerdictStore(database).save("test", SEEN_NS, verdicts)
        save_ties(database, {"captures/office.pcap": TIES})
        with database.writing() as connection:
            connection.execute(delete(StateRow))
            connection.execute(insert(StateRow).values(id=1, key=KEY, stamp=""))
        update(database, registered(database, settings))
    return settings


@contextmanager
def serving(home: Path, verdicts: Iterable[Verdict] = SOME) -> Iterator[Services]:
    """The opened services of such a store."""
    with build_services(filled(home, verdicts)) as services:
        yield services


@contextmanager
def app_of(
    services: Services, hosts: Collection[str] | None = None, mode: Mode = Mode.OPEN
) -> Iterator[FastAPI]:
    """The application over services, by default without accounts."""
    with opened_gate(services, mode, time.time_ns) as gate:
        app = create_app(services, gate, hosts)
        yield app
        app.state.jobs.close()
        app.state.reports.close()


@contextmanager
def asking(
    services: Services, hosts: Collection[str] | None = None, mode: Mode = Mode.OPEN
) -> Iterator[TestClient]:
    """A client that states its purpose."""
    with (
        app_of(services, hosts, mode) as app,
        TestClient(app, raise_server_exceptions=False, headers=PURPOSE) as client,
    ):
        yield client

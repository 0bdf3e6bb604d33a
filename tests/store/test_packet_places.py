"""Packets are known by capture, frame and time; the migration that made them so keeps what was there."""

import hashlib

from sqlalchemy import select

from facts.where import Where
from store.access_tables import PacketRow
from store.database import Database, open_database
from store.packets import Packet, PacketStore, Place
from store.schema import downgrade, upgrade
from store.tables import EvidenceRow
from store.verdict_rows import source_key
from store.verdicts import VerdictStore
from tests.store.made import verdict

STRANGE = "eth0\\\udc80"
"""A name that the store escapes."""


def packet(frame: int, at_ns: int, data: bytes = b"abc") -> Packet:
    return Packet(Where(STRANGE, frame), 1, at_ns, 3, data, hashlib.sha256(data).hexdigest())


def test_the_same_frame_of_another_run_is_another_packet(db: Database) -> None:
    store = PacketStore(db)
    assert store.keep([packet(7, 1), packet(8, 2)], 10) == 2
    assert store.keep([packet(7, 5, b"xyz"), packet(8, 2)], 11) == 2
    found = store.at([Place(STRANGE, 7, 1), Place(STRANGE, 7, 5), Place(STRANGE, 7, 2), Place("eth1", 8, 2)])
    assert [(one.at_ns, one.data, one.where) for one in found] == [
        (1, b"abc", Where(STRANGE, 7)),
        (5, b"xyz", Where(STRANGE, 7)),
    ]
    assert all(one.is_whole for one in found)
    assert store.purge(11).deleted == 1
    assert len(store.at([Place(STRANGE, 8, 2)])) == 1


def test_packets_and_evidence_come_through_the_migration_and_back(url: str) -> None:
    with open_database(url) as database:
        VerdictStore(database).save("run", 1, [verdict(), verdict("192.0.2.2", source="b.pcap")])
        PacketStore(database).keep([packet(7, 1), packet(7, 5, b"xyz"), packet(9, 9)], 10)
        downgrade(database, "0005")
        upgrade(database)
        with database.reading() as connection:
            rows = connection.execute(select(EvidenceRow.source, EvidenceRow.source_key)).all()
            assert rows
            assert all(key == source_key(source) for source, key in rows)
            kept = connection.execute(
                select(PacketRow.frame, PacketRow.at_ns).order_by(PacketRow.frame)
            ).all()
            assert [tuple(row) for row in kept] == [(7, 5), (9, 9)]  # of one frame there was one place

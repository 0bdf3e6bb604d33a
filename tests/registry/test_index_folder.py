"""The index in files: the same answers, replaced while it is read."""

import threading
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from facts.errors import StoreError
from pipeline.registry_index import LiveAttributor, refresh
from registry.attribution import Attributor
from registry.csv_import import load_sample
from registry.index_build import build_index
from registry.index_folder import load, mark, publish, stamp_of
from registry.model import RegistryData
from store.database import open_database
from store.registry import RegistryStore

NOW = 1_772_416_800_000_000_000
ASKED = [IPv4Address("192.0.2.21"), IPv4Address("198.51.100.7"), IPv4Address("203.0.113.200")]


def other_names() -> RegistryData:
    sample = load_sample()
    named = tuple(replace(one, name=f"new {one.name}") for one in sample.enterprises)
    return replace(sample, enterprises=named)


def test_answers_from_files_are_those_from_memory(tmp_path: Path) -> None:
    index = build_index(load_sample())
    publish(tmp_path, index, "1")
    mapped, stamp = load(tmp_path)
    assert (stamp, stamp_of(tmp_path)) == ("1", "1")
    for asked in ASKED:
        for at in (NOW, None):
            assert Attributor(mapped).attribute(asked, at) == Attributor(index).attribute(asked, at)


def test_an_empty_registry_has_an_index_too(tmp_path: Path) -> None:
    publish(tmp_path, build_index(RegistryData()), "0")
    assert Attributor(load(tmp_path)[0]).attribute(ASKED[0], NOW).missing == ("assignment",)


def test_a_reader_follows_a_new_index_and_never_sees_half_of_one(tmp_path: Path) -> None:
    registries = [load_sample(), other_names()]
    indexes = [build_index(data) for data in registries]
    answers = [Attributor(index).attribute(ASKED[0], NOW) for index in indexes]
    publish(tmp_path, indexes[0], "0")
    reader, done, seen = LiveAttributor(tmp_path), threading.Event(), []

    def read() -> None:
        while not done.is_set():
            seen.append(reader.attribute(ASKED[0], NOW))

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for turn in range(1, 12):
        publish(tmp_path, indexes[turn % 2], str(turn))
    done.set()
    for thread in threads:
        thread.join()
    assert all(answer in answers for answer in seen)
    assert reader.attribute(ASKED[0], NOW) == answers[1]
    assert len([entry for entry in tmp_path.iterdir() if entry.is_dir()]) <= 2


def test_a_damaged_or_missing_index_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be read"):
        load(tmp_path)
    assert mark(tmp_path) == ""
    place = publish(tmp_path, build_index(load_sample()), "1")
    (place / "0003.npy").write_bytes(b"rubbish")
    with pytest.raises(StoreError, match="cannot be read"):
        load(tmp_path)


def test_the_index_is_made_anew_exactly_when_the_registry_changed(tmp_path: Path) -> None:
    with open_database(f"sqlite:///{tmp_path}/t.db") as database:
        store, folder = RegistryStore(database), tmp_path / "index"
        store.replace(load_sample(), NOW)
        assert refresh(database, folder)
        assert not refresh(database, folder)
        store.replace(other_names(), NOW)
        assert refresh(database, folder)
        enterprise = LiveAttributor(folder).attribute(ASKED[0], NOW).enterprise
    assert enterprise is not None
    assert enterprise.startswith("new ")

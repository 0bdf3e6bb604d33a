from dataclasses import replace
from ipaddress import ip_network

import pytest

from facts.errors import StoreError
from registry.csv_import import load_sample
from registry.model import RegistryData
from store.database import Database
from store.registry import BATCH, RegistryStore


def test_a_registry_comes_back_as_it_was(db: Database) -> None:
    store = RegistryStore(db)
    assert store.load() == RegistryData()
    sample = load_sample()
    store.replace(sample)
    loaded = store.load()
    assert set(loaded.enterprises) == set(sample.enterprises)
    assert set(loaded.sites) == set(sample.sites)
    assert loaded.assignments == sample.assignments


def test_a_new_registry_takes_the_place_of_the_old_one(db: Database) -> None:
    store = RegistryStore(db)
    sample = load_sample()
    store.replace(sample)
    smaller = RegistryData(sample.enterprises[:1], sample.sites[:1], ())
    store.replace(smaller)
    assert store.load() == smaller


def test_prefixes_of_every_shape_come_back(db: Database) -> None:
    sample = load_sample()
    given = sample.assignments[0]
    texts = ("0.0.0.0/0", "::/0", "::/1", "::/96", "::fffe:0:0/95", "192.0.2.7/32", "2001:db8::1/128")
    data = replace(sample, assignments=tuple(replace(given, prefix=ip_network(text)) for text in texts))
    store = RegistryStore(db)
    store.replace(data)
    assert [str(each.prefix) for each in store.load().assignments] == [str(ip_network(t)) for t in texts]


def test_a_registry_that_refers_to_nothing_is_refused_and_the_old_one_stays(db: Database) -> None:
    store = RegistryStore(db)
    sample = load_sample()
    store.replace(sample)
    with pytest.raises(StoreError, match="which the registry does not hold"):
        store.replace(replace(sample, sites=sample.sites[1:]))
    assert store.load().assignments == sample.assignments


def test_more_assignments_than_one_batch_are_kept(db: Database) -> None:
    sample = load_sample()
    given = sample.assignments[0]
    many = tuple(
        replace(given, prefix=ip_network((0x0A00_0000 + (n << 8), 24)), line=f"line-{n}")
        for n in range(2 * BATCH + 1)
    )
    store = RegistryStore(db)
    store.replace(replace(sample, assignments=many))
    assert store.load().assignments == many

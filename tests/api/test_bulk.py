"""Reading the body of a bulk look-up."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.bulk import BadEntry, parse_entries
from api.problems import Problem, ProblemError
from facts.endpoint import parse_address
from pipeline.lookup import Ask

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(st.lists(st.ip_addresses()), st.sampled_from([None, 1]))
def test_addresses_come_out_in_the_order_sent(addresses: list, indent: int | None) -> None:
    raw = json.dumps([str(address) for address in addresses], indent=indent).encode()
    assert parse_entries(raw, "en") == [Ask(parse_address(str(address))) for address in addresses]


@given(st.lists(JSON_VALUES, max_size=6))
def test_every_entry_of_any_array_is_answered_in_its_place(values: list) -> None:
    entries = parse_entries(json.dumps(values).encode(), "en")
    assert len(entries) == len(values)
    assert all(
        entry.place[:2] == ("body", n) for n, entry in enumerate(entries) if isinstance(entry, BadEntry)
    )


@given(st.binary())
def test_any_bytes_are_entries_or_a_problem(raw: bytes) -> None:
    with suppress(ProblemError):
        parse_entries(raw, "en")


@given(st.lists(st.sampled_from(["[", "]", ",", '"192.0.2.1"', "{", "}", ":", " ", "1", "null"]), max_size=8))
def test_what_json_refuses_is_refused(parts: list[str]) -> None:
    raw = "".join(parts)
    try:
        expected = isinstance(json.loads(raw), list)
    except ValueError:
        expected = False
    try:
        parse_entries(raw.encode(), "en")
        accepted = True
    except ProblemError:
        accepted = False
    assert accepted == expected


@pytest.mark.parametrize(
    ("entry", "kind", "place"),
    [
        ("192.0.2.256", "address", ("body", 0)),
        ("fe80::1%eth0", "zone", ("body", 0)),
        ("1" * 10_000, "address", ("body", 0)),
        (7, "entry", ("body", 0)),
        (None, "entry", ("body", 0)),
        ([], "entry", ("body", 0)),
        ({}, "entry", ("body", 0)),
        ({"address": 1}, "entry", ("body", 0)),
        ({"address": "192.0.2.1", "when": 1}, "member", ("body", 0, "when")),
        ({"address": "192.0.2.1", "at": 1}, "time", ("body", 0, "at")),
        ({"address": "192.0.2.1", "at": "2026-03-01"}, "time", ("body", 0, "at")),
        ({"address": "192.0.2.1", "at": "1969-12-31T23:59:59Z"}, "range", ("body", 0, "at")),
        ({"address": "192.0.2.1", "port": True}, "port", ("body", 0, "port")),
        ({"address": "192.0.2.1", "port": 65536}, "port", ("body", 0, "port")),
        ({"address": "192.0.2.1", "port": 1.0}, "port", ("body", 0, "port")),
    ],
)
def test_a_bad_entry_says_what_is_wrong_and_where(entry: object, kind: str, place: tuple) -> None:
    [bad] = parse_entries(json.dumps([entry]).encode(), "en")
    assert isinstance(bad, BadEntry)
    assert (bad.kind, bad.place[: len(place)]) == (kind, place)
    assert len(bad.shown) <= 100


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[",
        b"[,]",
        b'["192.0.2.1",]',
        b'["192.0.2.1"] x',
        b"[NaN]",
        b"[-Infinity]",
        b"\xff\xfe",
        b"[" * 100_000,
        b"[" + b"9" * 5_000 + b"]",
        b'["\x00"]',
    ],
)
def test_malformed_json_is_told_with_its_place(raw: bytes) -> None:
    with pytest.raises(ProblemError) as caught:
        parse_entries(raw, "en")
    assert caught.value.problem is Problem.MALFORMED_JSON
    assert 0 <= caught.value.fields["offset"] <= len(raw)


def test_one_entry_more_than_the_limit_is_too_many() -> None:
    assert len(parse_entries(b'["a","b","c"]', "en", limit=3)) == 3
    with pytest.raises(ProblemError) as caught:
        parse_entries(b'["a","b","c","d"]', "en", limit=3)
    assert caught.value.problem is Problem.TOO_MANY_ADDRESSES


def test_a_byte_offset_counts_bytes_and_not_characters() -> None:
    with pytest.raises(ProblemError) as caught:
        parse_entries('["示例",!]'.encode(), "en")
    assert caught.value.fields["offset"] == len('["示例",'.encode())

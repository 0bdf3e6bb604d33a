"""Lists of pool hosts that an operator brings: three forms, checked row by row, merged with what is known."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.pool_lists import merge, read_list, write_csv
from classifier.poolnames import COLUMNS, PoolNames

DAY = "2026-03-01"


def rows(text: str) -> list[dict[str, str]]:
    listed = read_list(text, "list", DAY)
    assert listed.errors == ()
    return [dict(zip(COLUMNS, row, strict=True)) for row in listed.rows]


def test_csv_with_any_order_of_columns_is_read() -> None:
    (row,) = rows("coin,host,port,first_seen,remark\nXMR,EU.Pool.example.,3333,2025-01-02,fast\n")
    assert (row["domain"], row["port"], row["coin"]) == ("eu.pool.example", "3333", "XMR")
    assert (row["protocol"], row["source"]) == ("stratum+tcp", "list")
    assert (row["valid_from"], row["last_seen"]) == ("2025-01-02", DAY)


def test_text_holds_a_host_a_line_perhaps_as_a_pools_address() -> None:
    text = (
        "# mine\n\npool.example:3333\nstratum+ssl://a.pool.example:443/\nhttps://site.example/x\n"
        "wss://b.example:8892\nbare.pool.example  # no port\n"
    )
    found = {row["domain"]: (row["port"], row["protocol"], row["kind"]) for row in rows(text)}
    assert found == {
        "pool.example": ("3333", "stratum+tcp", ""),
        "a.pool.example": ("443", "stratum+ssl", ""),
        "site.example": ("", "dns", "site"),
        "b.example": ("8892", "browser-ws", ""),
        "bare.pool.example": ("", "dns", ""),
    }


@pytest.mark.parametrize("wrapped", [False, True])
def test_json_holds_strings_and_objects(wrapped: bool) -> None:
    items: object = ["a.pool.example:1", {"domain": "b.pool.example", "port": 2, "coin": None}]
    found = rows(json.dumps({"pools": items} if wrapped else items))
    assert [(row["domain"], row["port"]) for row in found] == [
        ("a.pool.example", "1"),
        ("b.pool.example", "2"),
    ]


@pytest.mark.parametrize(
    ("text", "row", "why"),
    [
        ("domain,port\na.pool.example,1\nb.pool.example,70000\n", 3, "not a port"),
        ("domain,port\na.pool.example\n", 2, "1 columns instead of 2"),
        ("domain,protocol\na.pool.example,gopher\n", 2, "is none of"),
        ("domain,kind\na.pool.example,farm\n", 2, "neither host nor site"),
        ("domain,last_seen\na.pool.example,2026-02-30\n", 2, "not a day"),
        ("domain,first_seen,last_seen\na.pool.example,2026-02-02,2026-01-01\n", 2, "after it was last seen"),
        ("a.pool.example\n192.0.2.1:3333\n", 2, "is an address"),
        ("a.pool.example\nno host\n", 2, "not a host name"),
        ('["a.pool.example", 5]', 2, "neither a string nor an object"),
        ('{"hosts": []}', 1, "neither an array"),
        ("[1,", 1, "not JSON"),
        ("[" * 100_000, 1, "not JSON"),
    ],
)
def test_a_wrong_row_is_refused_with_its_number(text: str, row: int, why: str) -> None:
    (error,) = read_list(text, "list", DAY).errors
    assert error.row == row
    assert why in str(error)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_row_by_row(text: str) -> None:
    listed = read_list(text, "list", DAY)
    PoolNames(listed.rows, "list")


def test_merging_stretches_the_days_and_keeps_what_was_told() -> None:
    old = read_list("domain,port,operator\na.pool.example,1,Us\n", "old", "2026-01-05").rows
    again = read_list("domain,port,operator\na.pool.example,1,Them\nb.pool.example,2,\n", "new", DAY).rows
    merged = merge(old, again)
    assert (merged.added, merged.seen_again) == (1, 1)
    first = dict(zip(COLUMNS, merged.rows[0], strict=True))
    assert (first["operator"], first["source"]) == ("Us", "old")
    assert (first["valid_from"], first["last_seen"]) == ("2026-01-05", DAY)
    earlier = merge(merged.rows, read_list("a.pool.example:1", "x", "2025-01-01").rows)
    first = dict(zip(COLUMNS, earlier.rows[0], strict=True))
    assert (first["valid_from"], first["last_seen"]) == ("2025-01-01", DAY)
    assert merge(merged.rows, again).rows == merged.rows


def test_what_is_written_is_read_again() -> None:
    listed = read_list('domain,operator\na.pool.example,"Us, and them"\n', "list", DAY)
    assert read_list(write_csv(listed.rows), "other", "2030-01-01").rows == listed.rows

"""An operator's own .mmdb file beside the registered place. The file is written here, from the format's text.

Source: MaxMind DB file format specification 2.0.
"""

import json
import struct
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from facts.errors import ReadError
from minescope.main import run
from pipeline.hints import Hints

MARK = b"\xab\xcd\xefMaxMind.com"


UINT = {"node_count": 6, "build_epoch": 9}
"""Types of unsigned numbers with 32 and 64 bits; all others have 16."""


def encoded(value: Any, key: str = "") -> bytes:
    """A value of the data section: control byte (type and size), then content."""
    match value:
        case str():
            return sized(2, len(value.encode())) + value.encode()
        case dict():
            return sized(7, len(value)) + b"".join(encoded(k) + encoded(v, k) for k, v in value.items())
        case list():
            return sized(11, len(value)) + b"".join(map(encoded, value))
        case float():
            return sized(3, 8) + struct.pack(">d", value)
        case int():
            raw = value.to_bytes((value.bit_length() + 7) // 8, "big")
            return sized(UINT.get(key, 5), len(raw)) + raw
        case _:
            raise TypeError(type(value))


def sized(kind: int, size: int) -> bytes:
    assert size < 29
    return bytes([kind << 5 | size]) if kind < 8 else bytes([size, kind - 7])


def written(path: Path, prefix: str, said: dict[str, Any]) -> Path:
    """A tree of 32-bit records that holds one IPv4 prefix."""
    address, bits = prefix.split("/")
    number, depth = int(ip_address(address)), int(bits)
    tree = b""
    for place in range(depth):
        on = place + 1 if place + 1 < depth else depth + 16  # the last points to the data section
        pair = [depth, depth]  # "nothing here"
        pair[number >> (31 - place) & 1] = on
        tree += struct.pack(">II", *pair)
    meta = {
        "binary_format_major_version": 2, "binary_format_minor_version": 0, "build_epoch": 1772323200,
        "database_type": "test", "description": {"en": "test"}, "ip_version": 4, "languages": ["en"],
        "node_count": depth, "record_size": 32,
    }  # fmt: skip
    path.write_bytes(tree + b"\0" * 16 + encoded(said) + MARK + encoded(meta))
    return path


SAID = {
    "country": {"iso_code": "XX", "names": {"en": "Example", "zh-CN": "示例国"}},
    "subdivisions": [{"names": {"en": "East"}}],
    "city": {"names": {"en": "Town"}},
    "location": {"longitude": 120.5, "latitude": 30.25},
}


def test_a_hint_is_flat_and_says_that_it_is_one(tmp_path: Path) -> None:
    hints = Hints(written(tmp_path / "own.mmdb", "192.0.2.0/24", SAID))
    assert hints.of(ip_address("192.0.2.21")) == {
        "hint": True,
        "source": "own.mmdb",
        "built": 1772323200,
        "country": "示例国",
        "region": "East",
        "city": "Town",
        "organization": None,
        "longitude": 120.5,
        "latitude": 30.25,
    }
    assert hints.of(ip_address("198.51.100.1")) is None
    assert hints.of(ip_address("2001:db8::1")) is None


def test_what_is_no_such_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.mmdb").write_bytes(b"rubbish" * 100)
    for name in ("bad.mmdb", "none.mmdb"):
        with pytest.raises(ReadError, match=r"\.mmdb"):
            Hints(tmp_path / name)


def test_a_hint_stands_beside_the_registered_place_and_never_takes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MINESCOPE_HOME", str(tmp_path / "home"))
    asked = ["lookup", "192.0.2.21", "203.0.113.9", "--at", "2026-03-02T02:00:00Z", "--json"]
    assert run(["registry", "sample"]) == 0
    capsys.readouterr()
    run(asked)
    without = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [answer["hint"] for answer in without] == [None, None]
    place = written(tmp_path / "own.mmdb", "192.0.2.0/24", SAID)
    monkeypatch.setenv("MINESCOPE_LOCATION_HINT", str(place))
    run(asked)
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert answers[0]["hint"]["city"] == "Town"
    assert answers[1]["hint"] is None
    assert [answer | {"hint": None} for answer in answers] == without

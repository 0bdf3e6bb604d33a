"""The worked example is the one that the specification of JA4 publishes."""

from hashlib import sha256

import pytest

from protocols.ja4 import GREASE, ja4


def numbers(text: str) -> list[int]:
    return [int(word, 16) for word in text.split(",")]


CIPHERS = numbers("1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035")
EXTENSIONS = numbers("001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015")
ALGORITHMS = numbers("0403,0804,0401,0503,0805,0501,0806,0601")


def chrome(**changes: object) -> str:
    values: dict[str, object] = {
        "legacy_version": 0x0303,
        "versions": numbers("0304,0303"),
        "ciphers": CIPHERS,
        "extensions": EXTENSIONS,
        "algorithms": ALGORITHMS,
        "alpn": b"h2",
    }
    return ja4(**(values | changes))  # type: ignore[arg-type]


def test_the_worked_example_of_the_specification_comes_out() -> None:
    assert chrome() == "t13d1516h2_8daaf6152771_e5627efa2ab1"


def test_grease_changes_nothing() -> None:
    greased = chrome(
        versions=[0xFAFA, 0x0304],
        ciphers=[0x0A0A, *CIPHERS],
        extensions=[0x1A1A, *EXTENSIONS, 0xBABA],
        algorithms=[0x2A2A, *ALGORITHMS],
    )
    assert greased == chrome()
    assert 0x0A0A in GREASE
    assert 0x0A1A not in GREASE
    assert 0x0B0B not in GREASE


def test_the_order_of_ciphers_and_extensions_changes_nothing_that_of_algorithms_does() -> None:
    assert chrome(ciphers=CIPHERS[::-1], extensions=EXTENSIONS[::-1]) == chrome()
    assert chrome(algorithms=ALGORITHMS[::-1]) != chrome()


@pytest.mark.parametrize(
    ("alpn", "ends"),
    [
        (b"http/1.1", "h1"),
        (b"h", "hh"),
        (None, "00"),
        (b"", "00"),
        (b"\xab", "ab"),
        (b"\xab\xcd", "ad"),
        (b"\x30\x31\xab\xcd", "3d"),
        (b"\x30\xab", "3b"),
    ],
)
def test_the_ends_of_the_first_protocol_are_named(alpn: bytes | None, ends: str) -> None:
    assert chrome(alpn=alpn).startswith(f"t13d1516{ends}_")


@pytest.mark.parametrize(
    ("legacy", "name"),
    [(0x0303, "12"), (0x0302, "11"), (0x0301, "10"), (0x0300, "s3"), (0x0002, "s2"), (9, "00")],
)
def test_the_legacy_version_counts_where_there_is_no_list(legacy: int, name: str) -> None:
    assert chrome(legacy_version=legacy, versions=[])[1:3] == name


def test_empty_lists_have_a_mark_of_their_own_and_counts_stop_at_99() -> None:
    bare = ja4(legacy_version=0x0301, versions=[], ciphers=[], extensions=[], algorithms=[], alpn=None)
    assert bare == "t10i000000_000000000000_000000000000"
    assert chrome(ciphers=list(range(1, 200)))[4:6] == "99"


def test_no_algorithms_leave_no_mark_behind_the_extensions() -> None:
    assert chrome(algorithms=[], extensions=[0, 16, 5]) != chrome(extensions=[0, 16, 5])
    assert chrome(algorithms=[], extensions=[0, 16, 5])[-12:] == sha256(b"0005").hexdigest()[:12]

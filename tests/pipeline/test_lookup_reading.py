"""Reading addresses, times, prefixes and ports as people and programs write them."""

from datetime import UTC, datetime, timedelta, timezone
from ipaddress import IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.instant import nanoseconds
from pipeline.lookup import AskError, read_address, read_port, read_prefix, read_time

FIRST = datetime(1970, 1, 2, tzinfo=UTC)
LAST = datetime(2261, 12, 30, tzinfo=UTC)


@given(st.ip_addresses(v=6))
def test_every_spelling_of_an_ipv6_address_is_the_same_address(address: IPv6Address) -> None:
    expected = address.ipv4_mapped or address
    tail = ".".join(str(byte) for byte in address.packed[12:])
    mixed = ":".join(f"{int.from_bytes(address.packed[i : i + 2]):X}" for i in range(0, 12, 2)) + ":" + tail
    for spelling in (str(address), address.exploded, address.exploded.upper(), mixed):
        assert read_address(spelling) == expected


@pytest.mark.parametrize(
    "text", ["", "1.2.3", "01.2.3.4", "1.2.3.4/32", "::1::", "[::1]", "x" * 1000, "١.2.3.4"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(AskError) as caught:
        read_address(text)
    assert caught.value.kind == "address"


@given(
    st.datetimes(FIRST.replace(tzinfo=None), LAST.replace(tzinfo=None)),
    st.integers(-1439, 1439),
    st.integers(0, 999),
)
def test_times_of_any_zone_are_read_to_the_nanosecond(at: datetime, minutes: int, nanos: int) -> None:
    zone = timezone(timedelta(minutes=minutes))
    aware = at.replace(tzinfo=zone)
    sign = "-" if minutes < 0 else "+"
    written = at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond:06}{nanos:03}"
    written += f"{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    assert read_time(written) == nanoseconds(aware) + nanos


def test_z_is_utc_and_a_blank_may_stand_for_t() -> None:
    expected = nanoseconds(datetime(2026, 3, 1, 8, tzinfo=UTC))
    assert read_time("2026-03-01T08:00:00Z") == expected
    assert read_time("2026-03-01 08:00:00z") == expected


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("yesterday", "time"),
        ("2026-03-01T08:00:00", "time"),
        ("2026-02-30T08:00:00Z", "time"),
        ("2026-03-01T24:00:00Z", "time"),
        ("2026-03-01T23:59:60Z", "time"),
        ("2026-03-01T08:00:00.1234567891Z", "time"),
        ("0001-01-01T00:00:00+23:59", "range"),
        ("1970-01-01T00:00:00+08:00", "range"),
        ("2262-01-01T00:00:00Z", "range"),
        ("1772352000", "time"),
    ],
)
def test_what_is_no_time_is_refused(text: str, kind: str) -> None:
    with pytest.raises(AskError) as caught:
        read_time(text)
    assert caught.value.kind == kind


def test_a_mapped_prefix_is_the_ipv4_prefix_it_means() -> None:
    assert read_prefix("::ffff:192.0.2.0/120") == ip_network("192.0.2.0/24")
    assert read_prefix("::ffff:0:0/96") == ip_network("0.0.0.0/0")
    assert read_prefix("2001:db8::/32") == ip_network("2001:db8::/32")


@pytest.mark.parametrize("text", ["192.0.2.1/24", "192.0.2.0/33", "", "2001:db8::1/32", "192.0.2.0/x"])
def test_what_is_no_prefix_is_refused(text: str) -> None:
    with pytest.raises(AskError) as caught:
        read_prefix(text)
    assert caught.value.kind == "prefix"


@pytest.mark.parametrize("number", [-1, 65536])
def test_a_port_beyond_its_range_is_refused(number: int) -> None:
    with pytest.raises(AskError):
        read_port(number)

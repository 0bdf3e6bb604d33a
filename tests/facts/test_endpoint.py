"""Addresses of the flow table are the library's in all but what they cost."""

import copy
import pickle
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest

from facts.endpoint import Endpoint, address_of, packed16, unpacked16

SOME = ["192.0.2.7", "0.0.0.0", "255.255.255.255", "2001:db8::7", "::", "::1.2.3.4", "fe80::1"]


@pytest.mark.parametrize("text", SOME)
def test_an_address_of_numbers_is_that_of_its_text(text: str) -> None:
    plain = ip_address(text)
    found = unpacked16(packed16(plain))
    assert found == plain
    assert hash(found) == hash(plain)
    assert {plain: 1}[found] == 1
    assert {found: 1}[plain] == 1
    assert str(found) == str(found) == f"{found}" == str(plain)
    assert str(Endpoint(found, 8)) == str(Endpoint(plain, 8))
    assert packed16(found) == packed16(plain)
    assert isinstance(found, IPv4Address if plain.version == 4 else IPv6Address)


@pytest.mark.parametrize("text", SOME)
def test_it_goes_to_another_process_and_back(text: str) -> None:
    found = unpacked16(packed16(ip_address(text)))
    for twin in (pickle.loads(pickle.dumps(found)), copy.deepcopy(found)):
        assert twin == found
        assert hash(twin) == hash(found)
        assert str(twin) == str(ip_address(text))


def test_mapped_addresses_are_of_the_older_version() -> None:
    assert address_of(0, 0xFFFF_C000_0207) == IPv4Address("192.0.2.7")
    assert address_of(0, 0xFFFE_C000_0207) == IPv6Address("::fffe:c000:207")

"""Addresses and endpoints, and their 16-byte form (IPv4 mapped into IPv6)."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from facts.quick import quick

Address = IPv4Address | IPv6Address

_MAPPED = 0xFFFF << 32  # ::ffff:0:0/96


@quick
@dataclass(frozen=True, slots=True, order=True)
class Endpoint:
    """One side of a conversation."""

    address: Address
    port: int
    """0 to 65535; 0 where the transport has none."""

    def __str__(self) -> str:
        host = str(self.address)  # in a formatted string it would be made anew
        return f"[{host}]:{self.port}" if self.address.version == 6 else f"{host}:{self.port}"


class Known4(IPv4Address):
    """An address that keeps its hash and its text: it is looked up and told by the ten thousand, and the
    library makes both anew each time."""

    __slots__ = ("_hash", "_text")

    def __init__(self, address: object) -> None:
        """Raises ValueError as IPv4Address does."""
        super().__init__(address)
        self._hash = super().__hash__()
        self._text = ""

    def __hash__(self) -> int:
        return self._hash

    def __str__(self) -> str:
        self._text = text = self._text or super().__str__()
        return text


class Known6(IPv6Address):
    """The same of IPv6."""

    __slots__ = ("_hash", "_text")

    def __init__(self, address: object) -> None:
        """Raises ValueError as IPv6Address does."""
        super().__init__(address)
        self._hash = super().__hash__()
        self._text = ""

    def __hash__(self) -> int:
        return self._hash

    def __str__(self) -> str:
        self._text = text = self._text or super().__str__()
        return text


def packed16(address: Address) -> bytes:
    """Return the 16 bytes under which an address is stored and sorted."""
    number = int(address)
    return (number if address.version == 6 else _MAPPED | number).to_bytes(16, "big")


def unpacked16(raw: bytes) -> Address:
    """Return the address of 16 bytes; a mapped IPv4 address comes back as IPv4."""
    return address_of(int.from_bytes(raw[:8], "big"), int.from_bytes(raw[8:], "big"))


def address_of(high: int, low: int) -> Address:
    """Return the address of two 64-bit halves, mapped IPv4 as IPv4."""
    if high == 0 and low >> 32 == 0xFFFF:
        return Known4(low & 0xFFFFFFFF)
    return Known6(high << 64 | low)


def parse_address(text: str) -> Address:
    """Parse one address as a person writes it; a mapped IPv4 address comes back as IPv4.

    Raises ValueError with the text in it.
    """
    address = ip_address(text.strip())
    if address.version == 6 and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address

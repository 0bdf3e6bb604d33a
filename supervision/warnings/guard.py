"""Where a webhook may lead: a guard against requests forged to reach what only this machine can reach.

A name is resolved here, every address it has is checked, and the connection is made to an address that was
checked: a name that means something else a moment later leads nowhere else. Redirects are never followed.
"""

import socket
from collections.abc import Callable, Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from facts.errors import UsageError

ALLOWANCES = ("loopback", "private")
"""What a hook may be allowed beside public addresses."""
_METADATA = frozenset(
    {ip_address("169.254.169.254"), ip_address("fd00:ec2::254"), ip_address("100.100.100.200")}
)
"""Where clouds tell a machine its own secrets: never, whatever is allowed."""
Resolve = Callable[[str, int], Collection[str]]


class NotReachable(UsageError):
    """A place that webhooks may not lead to."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a message goes: `address` is what is connected to, `host` what the other side is asked for."""

    secure: bool
    host: str
    address: str
    port: int
    path: str
    """With the query."""


def resolve(host: str, port: int) -> Collection[str]:
    """Return the addresses of a name. Raises NotReachable."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise NotReachable(f"{host}: {error.strerror or error}") from error
    return [str(one[4][0]) for one in found]


def target(url: str, allow: Collection[str] = (), find: Resolve = resolve) -> Target:
    """Return where a URL leads. Raises NotReachable where it may not lead there.

    https only, except to addresses that were allowed beside the public ones; no user, no fragment.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise NotReachable(f"{url}: not a URL: {error}") from error
    if parts.scheme not in ("https", "http") or not host or parts.fragment or "@" in parts.netloc:
        raise NotReachable(f"{url}: not an https URL without user and fragment")
    secure = parts.scheme == "https"
    port = port or (443 if secure else 80)
    addresses = [_read(one) for one in find(host, port)]
    if not addresses:
        raise NotReachable(f"{host} has no address")
    for address in addresses:
        sort = _sort(address)
        if sort not in ("public", *allow):
            raise NotReachable(f"{host} leads to {address}, which is {sort}: not allowed")
        if sort == "public" and not secure:
            raise NotReachable(f"{url}: a public place is told over https only")
    path = parts.path or "/"
    return Target(secure, host, str(addresses[0]), port, f"{path}?{parts.query}" if parts.query else path)


def _read(text: str) -> IPv4Address | IPv6Address:
    address = ip_address(text.partition("%")[0])
    # An IPv6 address may carry an IPv4 one, which is what is reached in the end.
    for inner in (getattr(address, "ipv4_mapped", None), getattr(address, "sixtofour", None)):
        if inner is not None:
            return _read(str(inner))
    if isinstance(address, IPv6Address) and int(address) >> 32 == 0x64FF9B << 64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _sort(address: IPv4Address | IPv6Address) -> str:
    if address in _METADATA:
        return "a cloud's metadata"
    if address.is_loopback:
        return "loopback"
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        return "no host's own address"
    if address.is_global and not address.is_reserved:
        return "public"
    return "private" if address.is_private and not address.is_reserved else "reserved"

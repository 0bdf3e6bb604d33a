"""The rules of attribution told once more, slowly: every record is looked at, at every instant of the window.

It knows nothing of indexes: no import of registry.index, prefix_tree or port_blocks.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from facts.endpoint import Address
from registry.model import Assignment, Line, NatBlock, RegistryData, Use

Holder = tuple[str, str, str]
"""Enterprise, line, site."""


@dataclass(frozen=True)
class Told:
    """What holds at one instant: who may have the address, and which facts are missing."""

    holders: frozenset[Holder]
    missing: frozenset[str]


def expected(
    data: RegistryData, address: Address, at: int, port: int | None, tolerance: int
) -> tuple[set[Holder], set[str]]:
    """Return the possible holders and the missing facts; one holder and none missing is certainty."""
    states = [_at(data, address, instant, port) for instant in range(at - tolerance, at + tolerance + 1)]
    missing = set().union(*(state.missing for state in states))
    if len(set(states)) > 1:
        missing.add("time")
    return set().union(*(state.holders for state in states)), missing


def _at(data: RegistryData, address: Address, at: int, port: int | None) -> Told:
    chosen, spans = _longest(data, address, at, "")
    if isinstance(address, IPv4Address):
        blocks = [block for block in data.nat_blocks if block.public == address]
        if any(given.use is Use.NAT for given in chosen) or (blocks and _shared(data, chosen, blocks, at)):
            return _by_port(data, blocks, at, port)
    return _said(data, chosen, spans, at)


def _shared(data: RegistryData, chosen: list[Assignment], blocks: list[NatBlock], at: int) -> bool:
    begin = min(block.valid_from_ns for block in blocks)
    end = max(_end(block.valid_to_ns) for block in blocks)
    periods = [_narrowed(data, given, at) for given in chosen]
    return not chosen or any(first < end and begin < last for first, last in periods)


def _by_port(data: RegistryData, blocks: list[NatBlock], at: int, port: int | None) -> Told:
    missing = {"port"} if port is None else set()
    held = [
        block
        for block in blocks
        if block.valid_from_ns <= at < _end(block.valid_to_ns)
        and (port is None or block.first_port <= port <= block.last_port)
    ]
    if not held:
        return Told(frozenset(), frozenset(missing | {"log"}))
    holders: set[Holder] = set()
    for block in held:
        if block.private is None:
            owners = _line_holders(data, block.line, at)
            told = _with_tenants(data, owners, set() if owners else {"line"}, at)
        else:
            told = _said(data, *_longest(data, block.private, at, block.realm), at)
        holders |= told.holders
        missing |= told.missing
    if len(holders) > 1 and port is not None and not missing:
        missing.add("agreement")
    return Told(frozenset(holders), frozenset(missing))


def _longest(
    data: RegistryData, address: Address, at: int, realm: str
) -> tuple[list[Assignment], list[tuple[int, int]]]:
    """Return the assignments of the longest prefix valid then, and the spans of silent logs inside it."""
    inside = [given for given in data.assignments if given.realm == realm and address in given.prefix]
    valid = [given for given in inside if given.valid_from_ns <= at < _end(given.valid_to_ns)]
    length = max((given.prefix.prefixlen for given in valid), default=-1)
    spans = []
    for prefix in {
        given.prefix for given in inside if given.use is Use.LEASE and given.prefix.prefixlen > length
    }:
        leases = [given for given in inside if given.prefix == prefix and given.use is Use.LEASE]
        begin = min(given.valid_from_ns for given in leases)
        spans.append((begin, max(_end(given.valid_to_ns) for given in leases)))
    return [given for given in valid if given.prefix.prefixlen == length], spans


def _said(data: RegistryData, chosen: list[Assignment], spans: list[tuple[int, int]], at: int) -> Told:
    if not chosen:
        return Told(frozenset(), frozenset({"log" if spans else "assignment"}))
    holders: set[Holder] = set()
    missing: set[str] = set()
    for given in chosen:
        period = _narrowed(data, given, at)
        if given.use in (Use.NAT, Use.DYNAMIC):
            missing.add("log")
        elif given.uscc is not None and given.site is not None:
            holders.add((given.uscc, given.line, given.site))
        elif owners := _line_holders(data, given.line, at):
            holders |= owners
        else:
            missing.add("line")
        if any(period[0] < end and begin < period[1] for begin, end in spans):
            missing.add("log")
    return _with_tenants(data, holders, missing, at)


def _with_tenants(data: RegistryData, holders: set[Holder], missing: set[str], at: int) -> Told:
    tenants = {
        (one.tenant, line, site)
        for uscc, line, site in holders
        for one in data.hosting
        if (one.operator, one.site) == (uscc, site)
        and one.tenant != uscc
        and one.valid_from_ns <= at < _end(one.valid_to_ns)
    }
    more = ({"agreement"} if len(holders) > 1 else set()) | ({"tenant"} if tenants else set())
    return Told(frozenset(holders | tenants), frozenset(missing | more))


def _versions(data: RegistryData, line: str) -> list[Line]:
    return [one for one in data.lines if line in (one.line, one.account)]


def _line_holders(data: RegistryData, line: str, at: int) -> set[Holder]:
    return {
        (one.uscc, line, one.site)
        for one in _versions(data, line)
        if one.valid_from_ns <= at < _end(one.valid_to_ns)
    }


def _narrowed(data: RegistryData, given: Assignment, at: int) -> tuple[int, int]:
    """Return the period of the holder that an assignment has at an instant: its own, or its line's within.

    Tests keep the statements on a line apart, so that one at most holds at a time.
    """
    begin, end = given.valid_from_ns, _end(given.valid_to_ns)
    if given.uscc is not None or given.use in (Use.NAT, Use.DYNAMIC):
        return begin, end
    for one in _versions(data, given.line):
        for edge in (one.valid_from_ns, _end(one.valid_to_ns)):
            if begin < edge <= at:
                begin = edge
            if at < edge < end:
                end = edge
    return begin, end


def _end(to_ns: int | None) -> float:
    return float("inf") if to_ns is None else to_ns


def host(number: int) -> IPv4Network:
    """Return the prefix of one address."""
    return IPv4Network((number, 32))

"""Divisions as reports name them."""

from collections.abc import Iterable

from registry.division_table import WHOLE_COUNTRY, in_force
from registry.divisions import SAMPLE_PROVINCE


def below(region: str) -> tuple[tuple[str, str], ...]:
    """Return (code, name) of the divisions right below a region that are in force, by code.

    The generated sample province is no part of the country.
    """
    table, found = in_force(), []
    parent = None if region == WHOLE_COUNTRY else region
    for code in table:
        if parent is None and code.startswith(SAMPLE_PROVINCE):
            continue
        if parent is not None and code[:2] != parent[:2]:
            continue
        named = table.named(code)
        if named is not None and named.in_force and named.parent == parent:
            found.append((code, named.name))
    return tuple(found)


def name(region: str) -> str:
    """Return a division's full name; empty where it is not known."""
    if region == WHOLE_COUNTRY:
        return "全国"
    named = in_force().named(region)
    return "" if named is None else named.full_name


def level(region: str) -> str:
    """Return `nation`, `province`, `prefecture` or `county`."""
    named = None if region == WHOLE_COUNTRY else in_force().named(region)
    return "nation" if region == WHOLE_COUNTRY else "province" if named is None else named.level


def names(codes: Iterable[str]) -> dict[str, str]:
    """Return the full names of those divisions that have one."""
    return {code: full for code in sorted(set(codes)) if code and (full := name(code))}

"""Who may do what: roles, departments and administrative divisions, as pure rules on values."""

from collections.abc import Iterable
from enum import StrEnum

from registry.division_table import WHOLE_COUNTRY as WHOLE_COUNTRY  # part of this file's interface
from registry.division_table import in_force
from registry.division_table import subtree as subtree


class AccountRole(StrEnum):
    """What a person is there for; the three administrators are kept apart (GB/T 22239, level 3)."""

    OPERATOR = "operator"
    """Runs probes: sees who mines, and the state of the probes."""
    ANALYST = "analyst"
    """Looks addresses up, opens files and packets, decides."""
    SUPERVISOR = "supervisor"
    """Reads files and exports of a region; decides."""
    AUDITOR = "auditor"
    """Reads the audit of what others asked; asks nothing."""
    SYSTEM_ADMIN = "system-admin"
    """Sees the state of probes and jobs; no finding, no account, no audit."""
    SECURITY_ADMIN = "security-admin"
    """Sees the accounts and what they may do; no finding, no audit."""
    AUDIT_ADMIN = "audit-admin"
    """Reads the audit and exports its head; no finding, no account."""


class Department(StrEnum):
    """The bodies that share one system (notice 1283 of 2021)."""

    DEVELOPMENT_REFORM = "development-reform"
    CYBERSPACE = "cyberspace"
    INDUSTRY_IT = "industry-it"
    PUBLIC_SECURITY = "public-security"
    ENERGY = "energy"
    FINANCE = "finance"
    CARRIER = "carrier"
    """An operator of networks."""
    OTHER = "other"


class Permission(StrEnum):
    """One thing that may be done; the scopes of an API key are these words."""

    LOOKUP = "lookup"
    HITS = "hits"
    FILES = "files"
    """Enterprise, site and pool."""
    EVIDENCE = "evidence"
    """The packets themselves."""
    EXPORT = "export"
    DECIDE = "decide"
    PERSONAL = "personal"
    """Wallets, worker names, e-mail and private addresses unmasked."""
    LISTS = "lists"
    """The operator's allow and deny lists, which change what everybody is shown."""
    PROBES = "probes"
    AUDIT = "audit"
    ACCOUNTS = "accounts"


_P = Permission
_OF_ROLE: dict[AccountRole, frozenset[Permission]] = {
    AccountRole.OPERATOR: frozenset({_P.LOOKUP, _P.HITS, _P.LISTS, _P.PROBES}),
    AccountRole.ANALYST: frozenset(
        {_P.LOOKUP, _P.HITS, _P.FILES, _P.EVIDENCE, _P.EXPORT, _P.DECIDE, _P.PERSONAL}
    ),
    AccountRole.SUPERVISOR: frozenset({_P.LOOKUP, _P.HITS, _P.FILES, _P.EXPORT, _P.DECIDE, _P.LISTS}),
    AccountRole.AUDITOR: frozenset({_P.AUDIT}),
    AccountRole.SYSTEM_ADMIN: frozenset({_P.PROBES}),
    AccountRole.SECURITY_ADMIN: frozenset({_P.ACCOUNTS}),
    AccountRole.AUDIT_ADMIN: frozenset({_P.AUDIT}),
}
_NETWORK_BODIES = frozenset({Department.CYBERSPACE, Department.INDUSTRY_IT, Department.PUBLIC_SECURITY})
"""Whose task is the traffic itself: only they see personal fields and packets (PIPL: least fields)."""
_CENTRAL_ONLY = frozenset({_P.LISTS})
"""For accounts of the whole country: what they change, every region is shown."""
_NETWORK_ONLY = frozenset({_P.PERSONAL, _P.EVIDENCE})

EVERYTHING_FOUND = frozenset(Permission) - {_P.ACCOUNTS, _P.AUDIT}
"""What the person at a machine without accounts may do."""


def permissions(
    role: AccountRole,
    department: Department,
    scopes: Iterable[Permission] | None = None,
    division: str = WHOLE_COUNTRY,
) -> frozenset[Permission]:
    """Return what an account may do; `scopes` of an API key only ever take away."""
    held = _OF_ROLE[role]
    if department not in _NETWORK_BODIES:
        held -= _NETWORK_ONLY
    if division != WHOLE_COUNTRY:
        held -= _CENTRAL_ONLY
    return held if scopes is None else held & frozenset(scopes)


def lies_in(code: str | None, division: str) -> bool:
    """Say whether a right on a division covers a GB/T 2260 code; an unknown place only that on the whole.

    Codes that ended lie in what covers all of their successors (registry/division_table.py).
    """
    covered = in_force().covers(division)
    return covered == ("",) or (code is not None and code.startswith(covered))

"""Accounts and keys as values."""

from dataclasses import dataclass
from enum import StrEnum

from store.access_rules import AccountRole, Department, Permission


@dataclass(frozen=True, slots=True)
class Account:
    """Who asks, and what may be shown to them."""

    name: str
    role: AccountRole
    division: str
    """GB/T 2260 code: the subtree that is seen."""
    department: Department
    may: frozenset[Permission]
    key: str | None = None
    """Prefix of the API key that was used."""

    @property
    def actor(self) -> str:
        """The name in the audit."""
        return self.name if self.key is None else f"{self.name}/{self.key}"


@dataclass(frozen=True, slots=True)
class User:
    """An account as it is listed."""

    name: str
    role: AccountRole
    division: str
    department: Department
    second_factor: bool
    disabled: bool
    locked_until_ns: int | None
    created_ns: int


@dataclass(frozen=True, slots=True)
class Key:
    """An API key as it is listed."""

    user: str
    prefix: str
    scopes: tuple[Permission, ...]
    label: str
    expires_ns: int
    revoked: bool


class Denied(StrEnum):
    """Why a log-in failed. A client is told only whether it is locked or whether a code is wanted."""

    WRONG = "wrong"
    CODE = "code"
    """The password was right, and the one-time code is missing."""
    LOCKED = "locked"

"""What the API says of access: sessions, accounts, keys, the audit, the operator's lists."""

from typing import Literal

from pydantic import Field

from api.models import Model, Time


class SessionModel(Model):
    """Who asks."""

    name: str
    role: str
    division: str = Field(description="GB/T 2260 code: the subtree that is seen.")
    department: str
    permissions: list[str]
    key: str | None = Field(description="Prefix of the API key, where one was sent.")
    csrf_token: str | None = Field(description="For `X-CSRF-Token`; null without a session.")


class AccountModel(Model):
    """An account."""

    name: str
    role: str
    division: str
    department: str
    second_factor: bool
    disabled: bool
    locked_until: Time | None
    created: Time


class KeyModel(Model):
    """An API key, but for what opens with it."""

    account: str
    prefix: str
    scopes: list[str]
    label: str
    expires: Time
    revoked: bool


class AccountsModel(Model):
    """All accounts and keys."""

    accounts: list[AccountModel]
    keys: list[KeyModel]


class AuditEntryModel(Model):
    """One entry of the audit."""

    seq: int
    time: Time
    actor: str = Field(description="Account, or `account/key`; empty for nobody.")
    role: str
    division: str
    client: str
    action: str
    subject: str
    purpose: str
    status: int
    digest: str


class AuditModel(Model):
    """One page of the audit."""

    entries: list[AuditEntryModel]
    next: int | None = Field(description="Give it as `before` for the next page; null at the end.")


class HeadModel(Model):
    """The end of the audit's chain."""

    seq: int
    digest: str


class ListEntryModel(Model):
    """One entry of the operator's lists."""

    list: Literal["allow", "deny"]
    entry: str = Field(description="An address, a prefix, or a host name with all names below it.")
    reason: str
    added: Time


class ListModel(Model):
    """One page of a list."""

    entries: list[ListEntryModel]
    count: int = Field(description="Entries of the whole list.")
    next: str | None = Field(description="Give it as `after` for the next page; null at the end.")

"""`minescope users`: accounts of the API, their passwords, second factors and keys."""

import getpass
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from minescope.exits import EXIT_NOTHING
from minescope.language import chosen
from minescope.rows import Rows

if TYPE_CHECKING:
    from store.access import AccessStore
    from store.access_vault import Vault
    from store.identities import IdentityStore

users = typer.Typer(
    name="users",
    no_args_is_help=True,
    help="Accounts of the API: who may ask, for which region, and their keys. Every change is audited.",
)
key = typer.Typer(name="key", no_args_is_help=True, help="API keys, for programs.")
users.add_typer(key)


ACCOUNTS = (
    ("account", "账户"), ("role", "角色"), ("division", "区划"), ("department", "部门"),
    ("second factor", "双因素"), ("disabled", "已停用"), ("locked until", "锁定至"),
)  # fmt: skip
LINKS = (
    ("account", "账户"), ("issuer", "签发方"), ("subject", "主体"), ("rights", "权限来源"),
    ("seen", "最近登录"),
)  # fmt: skip
KEYS = (
    ("account", "账户"), ("prefix", "前缀"), ("scopes", "范围"), ("expires", "到期"), ("revoked", "已吊销"),
    ("label", "标签"),
)  # fmt: skip
"""Titles of what is listed."""


class Opened(NamedTuple):
    """What the commands work on."""

    access: "AccessStore"
    identities: "IdentityStore"
    vault: "Vault"


class Role(StrEnum):
    """The roles of store/access_rules.py, repeated so that `--help` needs no database."""

    OPERATOR = "operator"
    ANALYST = "analyst"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    SYSTEM_ADMIN = "system-admin"
    SECURITY_ADMIN = "security-admin"
    AUDIT_ADMIN = "audit-admin"


class Body(StrEnum):
    """The departments of store/access_rules.py."""

    DEVELOPMENT_REFORM = "development-reform"
    CYBERSPACE = "cyberspace"
    INDUSTRY_IT = "industry-it"
    PUBLIC_SECURITY = "public-security"
    ENERGY = "energy"
    FINANCE = "finance"
    CARRIER = "carrier"
    OTHER = "other"


Name = Annotated[str, typer.Argument(help="Name of the account.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Write one JSON object a line.")]


@users.command()
def add(
    name: Name,
    role: Annotated[
        Role, typer.Option(help="What the person is there for (docs/access.md).", show_default=False)
    ],
    division: Annotated[
        str,
        typer.Option(help="GB/T 2260 code of what is seen: 000000 is the whole country, 330000 a province."),
    ] = "000000",
    department: Annotated[Body, typer.Option(help="Decides on personal fields and packets.")] = Body.OTHER,
    second_factor: Annotated[
        bool, typer.Option("--second-factor", help="Make a second factor at once and print its secret.")
    ] = False,
) -> int:
    """Add an account; the password is asked for, or read from standard input where that is no terminal.

    **Example**: `minescope users add li --role analyst --division 330000 --department cyberspace`

    **Exit codes**: 0 done; 2 the database cannot be read; 3 wrong usage, a name that is taken among it.
    """
    from store.access_rules import AccountRole, Department

    with _access(f"users add {name} {role} {division} {department}") as access:
        access.add_user(name, AccountRole(role), division, Department(department), _password())
        if second_factor:
            _tell_secret(access.set_second_factor(name, True), name)
    typer.echo(f"minescope: account {name} added")
    return EXIT_NOTHING


@users.command()
def password(name: Name) -> int:
    """Set a password and unlock the account; its sessions end."""
    with _access(f"users password {name}") as access:
        access.set_password(name, _password())
    typer.echo(f"minescope: {name} has a new password")
    return EXIT_NOTHING


@users.command()
def factor(
    name: Name, off: Annotated[bool, typer.Option("--off", help="Take the second factor away.")] = False
) -> int:
    """Give an account a new second factor (RFC 6238) and print its secret once; its sessions end."""
    with _access(f"users factor {name}{' --off' if off else ''}") as access:
        _tell_secret(access.set_second_factor(name, not off), name)
    return EXIT_NOTHING


@users.command()
def disable(name: Name) -> int:
    """Close an account: its sessions end, and its keys open nothing."""
    with _access(f"users disable {name}") as access:
        access.set_disabled(name, True)
    typer.echo(f"minescope: {name} is disabled")
    return EXIT_NOTHING


@users.command()
def enable(name: Name) -> int:
    """Open an account again."""
    with _access(f"users enable {name}") as access:
        access.set_disabled(name, False)
    typer.echo(f"minescope: {name} is enabled")
    return EXIT_NOTHING


@users.command("list")
def list_(as_json: AsJson = False) -> int:
    """List the accounts."""
    from facts.instant import rfc3339

    with _access(None) as access, Rows(ACCOUNTS, chosen(None).value, quiet=as_json) as rows:
        for user in access.users():
            told = {
                "name": user.name,
                "role": user.role.value,
                "division": user.division,
                "department": user.department.value,
                "second_factor": user.second_factor,
                "disabled": user.disabled,
                "locked_until": None if user.locked_until_ns is None else rfc3339(user.locked_until_ns),
            }
            if as_json:
                typer.echo(json.dumps(told))
            else:
                rows.add([_cell(value) for value in told.values()])
    return EXIT_NOTHING


Issuer = Annotated[str, typer.Option(help="Address of the OpenID provider.", show_default=False)]
Subject = Annotated[str, typer.Option(help="The person's `sub` at the provider.", show_default=False)]


@users.command()
def link(name: Name, issuer: Issuer, subject: Subject) -> int:
    """Let a person of an OpenID provider log in as an account, with the rights of that account.

    **Example**: `minescope users link li --issuer https://id.example.org --subject 00u1a2b3`
    """
    from store.identities import Identity

    with _opened(f"users link {name} {issuer} {subject}") as opened:
        opened.identities.link(name, Identity(issuer, subject))
    typer.echo(f"minescope: {subject} of {issuer} logs in as {name}")
    return EXIT_NOTHING


@users.command()
def unlink(issuer: Issuer, subject: Subject) -> int:
    """Take such a link away; the account's sessions end."""
    from store.identities import Identity

    with _opened(f"users unlink {issuer} {subject}") as opened:
        opened.identities.unlink(Identity(issuer, subject))
    typer.echo(f"minescope: {subject} of {issuer} is linked with no account")
    return EXIT_NOTHING


@users.command()
def links(as_json: AsJson = False) -> int:
    """List who logs in at an OpenID provider."""
    from facts.instant import rfc3339

    with _opened(None) as opened, Rows(LINKS, chosen(None).value, quiet=as_json) as rows:
        for one in opened.identities.links():
            told = {
                "account": one.account,
                "issuer": one.issuer,
                "subject": one.subject,
                "rights": "of its claims" if one.managed else "of the account",
                "seen": None if one.seen_ns is None else rfc3339(one.seen_ns),
            }
            if as_json:
                typer.echo(json.dumps(told))
            else:
                rows.add([_cell(value) for value in told.values()])
    return EXIT_NOTHING


@users.command("rotate-key")
def rotate_key() -> int:
    """Seal all second factors with a new key, then forget the old one. A running server goes on.

    Ended midway it leaves both keys, which open everything: run it again.
    """
    with _opened("users rotate-key") as opened:
        opened.vault.add_key()
        count = opened.access.seal_again(everything=True)
        forgotten = opened.vault.drop_old_keys()
    typer.echo(f"minescope: {count} second factors are sealed with a new key, {forgotten} old ones forgotten")
    return EXIT_NOTHING


@key.command("issue")
def issue(
    name: Name,
    scopes: Annotated[
        list[str], typer.Option("--scope", help="What it may do, of what the account may; repeat it.")
    ],
    days: Annotated[int, typer.Option(min=1, max=366, help="Days for which it is valid.")] = 90,
    label: Annotated[str, typer.Option(help="What it is for.")] = "",
) -> int:
    """Issue a key and print it: this is the only time that it can be read.

    **Example**: `minescope users key issue li --scope lookup --scope hits --days 30 --label "nightly report"`
    """
    from facts.errors import UsageError
    from store.access_rules import Permission

    try:
        wanted = [Permission(scope) for scope in scopes]
    except ValueError as error:
        raise UsageError(f"{error}; a scope is one of {', '.join(Permission)}") from error
    with _access(f"users key issue {name} {' '.join(scopes)}") as access:
        typer.echo(access.issue_key(name, wanted, days, label))
    return EXIT_NOTHING


@key.command("revoke")
def revoke(
    prefix: Annotated[str, typer.Argument(help="Public part of the key, msk_...", show_default=False)],
) -> int:
    """Revoke a key; a running server may take it for 2 more seconds."""
    with _access(f"users key revoke {prefix}") as access:
        access.revoke_key(prefix)
    typer.echo(f"minescope: {prefix} opens nothing any more")
    return EXIT_NOTHING


@key.command("list")
def list_keys(as_json: AsJson = False) -> int:
    """List the keys by their public parts."""
    from facts.instant import rfc3339

    with _access(None) as access, Rows(KEYS, chosen(None).value, quiet=as_json) as rows:
        for one in access.api_keys():
            told = {
                "account": one.user,
                "prefix": one.prefix,
                "scopes": list(one.scopes),
                "expires": rfc3339(one.expires_ns),
                "revoked": one.revoked,
                "label": one.label,
            }
            if as_json:
                typer.echo(json.dumps(told))
            else:
                rows.add([_cell(value) for value in told.values()])
    return EXIT_NOTHING


def _cell(value: object) -> object:
    """Return a value as a person reads it: a mark for yes, nothing for no."""
    if isinstance(value, list):
        return " ".join(map(str, value))
    return ("x" if value else None) if isinstance(value, bool) else value


@contextmanager
def _access(change: str | None) -> "Iterator[AccessStore]":
    with _opened(change) as opened:
        yield opened.access


@contextmanager
def _opened(change: str | None) -> "Iterator[Opened]":
    """Give the accounts; `change` is what the audit says once it was done."""
    from minescope.trail import terminal
    from pipeline.access_settings import load_access_settings
    from pipeline.settings import load_settings
    from store.access import AccessStore
    from store.access_vault import Vault
    from store.audit import AuditStore
    from store.audit_chain import Entry
    from store.database import open_database
    from store.identities import IdentityStore

    settings = load_settings()
    vault = Vault(load_access_settings(settings.home).key_file(settings.home))
    with open_database(settings.database_url) as database:
        yield Opened(AccessStore(database, time.time_ns, vault), IdentityStore(database, time.time_ns), vault)
        if change is not None:
            entry = Entry(time.time_ns(), terminal(), "", "", "", "users", change, "administration", 0)
            AuditStore(database).append([entry])


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    from facts.errors import UsageError

    first = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != first:
        raise UsageError("these are two different passwords")
    return first


def _tell_secret(secret: str | None, name: str) -> None:
    from store.access_secrets import totp_uri

    if secret is None:
        typer.echo(f"minescope: {name} has no second factor any more")
    else:
        typer.echo(f"second factor of {name}: {secret}")
        typer.echo(totp_uri(secret, name))

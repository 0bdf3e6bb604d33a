"""User names, rig names and agents, as far as they tell who belongs together.

What everybody writes (`x`, `worker1`, `rig`, default host names) tells nothing and is named here once.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files

from classifier.ownership_model import WORDS, Kind
from protocols.wallets import read_account

_DIGITS = re.compile(r"\d+")
_HEX_RUN = re.compile(r"(?<![0-9A-Za-z])(?=[0-9A-Fa-f]*\d)[0-9A-Fa-f]{6,}(?![0-9A-Za-z])")
_DEFAULT_HOST = re.compile(r"(?:desktop|laptop|win|ip|srv|host|localhost|node|vm|ubuntu|debian)-?[0-9a-z-]*")
"""Names that installers give: DESKTOP-4F7K2B1, ip-10-0-0-7."""
_EMAIL = re.compile(r"[^\s@/,;:]{1,64}@[^\s@/,;:]{1,180}\.[A-Za-z]{2,24}", re.ASCII)
_PAYMENT_ID = re.compile(r"\.([0-9A-Fa-f]{64}|[0-9A-Fa-f]{16})(?![0-9A-Fa-f])")
_FIXED_CASE = re.compile(
    r"(?:0x[0-9a-fA-F]{40,64}|[a-zA-Z]{2,12}1[02-9ac-hj-np-zAC-HJ-NP-Z]{30,}|[a-z]+:\w+)"
)
"""Wallets of which upper and lower case say the same: hexadecimal, Bech32, CashAddr."""
_SHORTEST_ACCOUNT = 4
"""Characters below which an account's name is anybody's."""
_LONG_ACCOUNT = 8
"""Characters from which two people rarely think of the same account name."""
_SHORTEST_STEM = 3
"""Letters that a rig name's pattern needs to be somebody's own."""
LONGEST = 200
"""Characters of a name that are kept."""


@lru_cache(1)
def common() -> frozenset[tuple[Kind, str]]:
    """Return the names that everybody may write, from data/ownership_common.csv."""
    table = files("classifier").joinpath("data/ownership_common.csv").read_text("utf-8")
    found = set()
    for line in table.splitlines():
        if line and not line.startswith(("#", "kind,")):
            kind, name, *_ = line.split(",")
            found.add((Kind[kind.strip().upper()], name.strip().lower()))
    return frozenset(found)


def is_common(kind: Kind, name: str) -> bool:
    """Say whether a name is one that unrelated people write: a default, a placeholder, a developer's own."""
    lowered = name.lower()
    if (kind, lowered) in common():
        return True
    match kind:
        case Kind.SCHEME | Kind.WORKER:
            stem = lowered.replace("#", "").strip("-_. ")
            letters = sum(letter.isalpha() for letter in stem)
            return (
                letters < _SHORTEST_STEM
                or (Kind.SCHEME, stem) in common()
                or _DEFAULT_HOST.fullmatch(stem) is not None
            )
        case Kind.ACCOUNT:
            return len(lowered) < _SHORTEST_ACCOUNT or lowered.isdigit()
        case _:
            return False


def scheme(worker: str) -> tuple[Kind, str] | None:
    """Return the pattern of a rig name with its numbers as `#`, or the name itself where it has none.

    None for what cannot be a name of somebody's own.
    """
    name = worker.strip().lower()[:LONGEST]
    if not name or read_account(worker).wallet is not None:
        return None
    pattern = _DIGITS.sub("#", _HEX_RUN.sub("#", name))
    kind = Kind.SCHEME if "#" in pattern else Kind.WORKER
    return None if is_common(kind, pattern) else (kind, pattern)


def payees(user: str, wallet: str | None) -> list[tuple[Kind, str]]:
    """Return who a login says is paid: wallet (with its payment id), account and e-mail.

    A bare `hall2-01`, as miners behind a proxy of their own send it, is a rig's name and no account: it is
    not among them.
    """
    user = user.strip()
    found: list[tuple[Kind, str]] = []
    email = _EMAIL.search(user)
    if email is not None:
        found.append((Kind.EMAIL, email[0].lower()[:LONGEST]))
    if wallet:
        at = user.find(wallet)
        payment = _PAYMENT_ID.match(user, at + len(wallet)) if at >= 0 else None
        told = wallet.lower() if _FIXED_CASE.fullmatch(wallet) else wallet
        found.append((Kind.WALLET, told[:LONGEST] + ("." + payment[1].lower() if payment else "")))
        return [one for one in found if not is_common(*one)]
    if email is None:
        account, dot, _ = user.partition(".")
        if (dot or not user[-1:].isdigit()) and not is_common(Kind.ACCOUNT, account):
            found.append((Kind.ACCOUNT, account.lower()[:LONGEST]))
    return [one for one in found if not is_common(*one)]


def rig(user: str, worker: str | None, wallet: str | None) -> tuple[Kind, str] | None:
    """Return the pattern of the rig's name in a login, if it says anything."""
    if worker:
        return scheme(worker)
    if wallet or "@" in user or not user.strip()[-1:].isdigit():
        return None
    return scheme(user)


def party_of(paid: list[tuple[Kind, str]]) -> str:
    """Return what tells the parties of one address apart: the first payee, wallets before accounts."""
    if not paid:
        return ""
    kind, name = min(paid)
    return f"{WORDS[kind]}:{name}"


def namesake(account: str) -> tuple[Kind, str]:
    """Return what an account's name is worth at other pools: a long one more than a short one."""
    return (Kind.NAMESAKE if len(account) >= _LONG_ACCOUNT else Kind.WORKER, account)


def at_pool(name: tuple[Kind, str], pools: Iterable[str]) -> tuple[Kind, str]:
    """Return a name as it is told apart: an account with its pool, since others have its name elsewhere.

    A pool that has no listed name leaves the account as it is.
    """
    kind, text = name
    first = min(pools, default="")
    return (kind, f"{text}@{first.lower()}") if kind is Kind.ACCOUNT and first else name

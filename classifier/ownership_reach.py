"""How far a change reaches: of which names all users must be looked at again. The store asks it."""

import hashlib
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from classifier.ownership_model import WORDS, Kind

SILENT_CLIENTS = 1024
"""Clients beyond which a service is no operator's own, unless it was seen as a proxy."""
MOST_CLIENTS = 4096
"""Clients beyond which a service is no operator's own at all."""
RULES = "4"
"""Changed whenever the code would make other clusters of the same ties and weights."""
_ALWAYS = frozenset({Kind.WALLET, Kind.ACCOUNT, Kind.EMAIL, Kind.RELAY})
_NEVER = frozenset({Kind.POOL, Kind.ADDRESS})


@cache
def weights() -> dict[str, Any]:
    """Return ownership_weights.toml."""
    return tomllib.loads(_text())


def rules_digest() -> str:
    """Return what names the rules by which clusters are made."""
    campaign = files("classifier").joinpath("ownership_campaign.toml").read_text("utf-8")
    return hashlib.sha256(f"{RULES}\n{_text()}\n{campaign}".encode()).hexdigest()


def joins(kind: Kind, spread: int) -> bool:
    """Say whether a name that so many addresses use may join any two of them."""
    if kind in _ALWAYS:
        return True
    if kind in _NEVER:
        return False
    most = int(weights()[WORDS[kind]]["most"])
    return spread <= (max(most, MOST_CLIENTS) if kind is Kind.UPSTREAM else most)


def _text() -> str:
    return files("classifier").joinpath("ownership_weights.toml").read_text("utf-8")

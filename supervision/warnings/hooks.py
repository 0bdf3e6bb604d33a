"""Webhooks: who is told of which warnings, and the message with its signature.

They are set in `warnings.toml` in the home folder, never over the API:

    [[hook]]
    name = "province"
    url = "https://console.example.org/minescope"
    secret_file = "/run/credentials/hook"     # or secret = "..."; 16 characters or more
    division = "330000"                       # default: the whole country
    least = "medium"                          # least severity; default: low
    kinds = ["raised", "escalated", "reopened"]
    allow = []                                # "private", "loopback": beside public addresses
"""

import hashlib
import hmac
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facts.errors import SettingsError
from registry import divisions
from registry.division_table import WHOLE_COUNTRY
from store.access_rules import lies_in
from supervision.projects.words import moment
from supervision.warnings.guard import ALLOWANCES
from supervision.warnings.life import Entry, Standing
from supervision.warnings.rules import SEVERITIES, Rulebook
from supervision.warnings.sentences import worded
from supervision.warnings.words import KINDS

DEFAULT_KINDS = ("raised", "escalated", "reopened")
MIN_SECRET = 16
"""Characters."""
SIGNATURE = "X-MineScope-Signature"
"""`t=<Unix seconds>,v1=<hexadecimal HMAC-SHA256 of "<t>." and the body>`."""


@dataclass(frozen=True, slots=True, repr=False)
class Hook:
    """One webhook."""

    name: str
    url: str
    secret: str
    division: str
    least: str
    kinds: tuple[str, ...]
    allow: tuple[str, ...]

    def wants(self, held: Standing, entry: Entry) -> bool:
        """Say whether it is told of an event."""
        grave = SEVERITIES.index(held.severity) >= SEVERITIES.index(self.least)
        return grave and entry.kind in self.kinds and lies_in(held.head.division, self.division)


def message(book: Rulebook, held: Standing, entry: Entry) -> bytes:
    """Return the body of a message: JSON in UTF-8, always the same bytes for the same event."""
    rule = book.rule(held.head.rule)
    told: dict[str, Any] = {
        "type": "warning",
        "event": entry.number,
        "kind": entry.kind,
        "time": moment(entry.at),
        "warning": held.head.id,
        "rule": held.head.rule,
        "division": held.head.division,
        "project": held.head.project,
        "state": held.state,
        "severity": held.severity,
        "score": held.score,
        "owner": held.owner,
        "level": held.level,
        "deadline": moment(held.deadline),
        "sentence": {
            "en": worded(rule, held.texts, held.figures, "en") if rule else "",
            "zh-CN": worded(rule, held.texts, held.figures, "zh") if rule else "",
        },
        "evidence": list(held.evidence),
    }
    return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def signature(secret: str, at_s: int, body: bytes) -> str:
    """Return the value of SIGNATURE."""
    made = hmac.new(secret.encode(), f"{at_s}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at_s},v1={made}"


def is_signed(secret: str, header: str, body: bytes, now_s: int, tolerance_s: int = 300) -> bool:
    """Say whether a message is genuine and fresh: what a receiver asks."""
    parts = dict(part.partition("=")[::2] for part in header.split(","))
    stated = parts.get("t", "")
    if not (stated.isascii() and stated.isdigit()) or abs(now_s - int(stated)) > tolerance_s:
        return False
    return hmac.compare_digest(signature(secret, int(stated), body), header)


def read_hooks(text: str, name: str) -> tuple[Hook, ...]:
    """Read the hooks of a `warnings.toml`. Raises SettingsError with the file, the hook and the field."""
    try:
        tables = tomllib.loads(text).get("hook", [])
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(str(error), name) from error
    hooks = tuple(_hook(table, f"{name}: hook {n}") for n, table in enumerate(tables, 1))
    if len({one.name for one in hooks}) != len(hooks):
        raise SettingsError("two hooks have the same name", name)
    return hooks


def _hook(table: Mapping[str, Any], where: str) -> Hook:
    known = {"name", "url", "secret", "secret_file", "division", "least", "kinds", "allow"}
    if unknown := set(table) - known:
        raise SettingsError(f"no field {sorted(unknown)[0]!r}", where)
    name, url = table.get("name"), table.get("url")
    if not isinstance(name, str) or not 0 < len(name) <= 64 or not isinstance(url, str):
        raise SettingsError("has a name of 1 to 64 characters and a url", where)
    secret = table.get("secret", "")
    if "secret_file" in table:
        try:
            secret = Path(table["secret_file"]).read_text("utf-8").strip()
        except (OSError, UnicodeError) as error:
            raise SettingsError(f"secret_file cannot be read: {error}", where) from error
    if len(secret) < MIN_SECRET:
        raise SettingsError(f"its secret has {MIN_SECRET} characters or more", where)
    division = table.get("division", WHOLE_COUNTRY)
    if division != WHOLE_COUNTRY and (why := divisions.fault(division)) is not None:
        raise SettingsError(why, where)
    if (least := table.get("least", SEVERITIES[0])) not in SEVERITIES:
        raise SettingsError(f"least is one of {', '.join(SEVERITIES)}", where)
    kinds, allow = tuple(table.get("kinds", DEFAULT_KINDS)), tuple(table.get("allow", ()))
    if set(kinds) - set(KINDS):
        raise SettingsError(f"kinds are some of {', '.join(KINDS)}", where)
    if set(allow) - set(ALLOWANCES):
        raise SettingsError(f"allow holds {' or '.join(ALLOWANCES)}", where)
    return Hook(name, url, secret, division, least, kinds, allow)

"""What reports leave out of sentences from traffic: wallets, accounts, e-mail; and partners, where asked.

A report goes to more people than a screen does: wallets are shortened so that two can be compared and none
can be used, whatever its reader may see elsewhere.
"""

import re
from collections.abc import Callable
from dataclasses import replace

from facts.evidence import Evidence

BLANK = "…"
_EMAIL = re.compile(r"[^\s@,;:'\"<>()/]+@[^\s@,;:'\"<>()/]+")
_ACCOUNT = re.compile(r"\b((?:0x)?[0-9A-Za-z]{24,})((?:[./+][^\s'\",;]+)?)")
_ADDRESS = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9A-Fa-f:.]{2,45}\]|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+)"
)


def text(said: str) -> str:
    """Return a text from traffic without what is a person's."""
    said = _EMAIL.sub(f"{BLANK}@{BLANK}", said)
    return _ACCOUNT.sub(lambda m: f"{m[1][:4]}{BLANK}{m[1][-4:]}" + (m[2][0] + BLANK if m[2] else ""), said)


def evidence(seen: Evidence, partners: bool) -> Evidence:
    """Return evidence as a report may word it; without `partners` no address but its own."""
    own = str(seen.address)

    def address(match: re.Match[str]) -> str:
        return match[0] if match[0].strip("[]") == own else BLANK

    clean: Callable[[str], str] = text if partners else lambda said: text(_ADDRESS.sub(address, said))
    params = tuple((key, clean(value) if isinstance(value, str) else value) for key, value in seen.params)
    return replace(seen, params=params)

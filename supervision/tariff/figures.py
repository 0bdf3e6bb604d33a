"""Figures of tariff files as text: energy, shares, amounts, and the ids of periods that name none."""

import hashlib
import re
from datetime import date
from decimal import Decimal

from supervision.tariff.rows import fen

_DECIMAL = re.compile(r"-?\d{1,12}(\.\d{1,6})?")
_SHARE = re.compile(r"\d(\.\d{1,6})?")


def parse_energy(text: str) -> Decimal:
    """Return kWh, not negative, of at most 12 and 6 digits. Raises ValueError."""
    if not _DECIMAL.fullmatch(text) or text.startswith("-"):
        raise ValueError(f"{text!r} is no energy such as 12345.67 (kWh, no separators)")
    return Decimal(f"{Decimal(text).normalize():f}")  # 1000.0 and 1000 are one value and one text


def parse_share(text: str) -> Decimal:
    """Return a part of the energy, more than 0 and up to 1. Raises ValueError."""
    if not _SHARE.fullmatch(text) or not 0 < Decimal(text) <= 1:
        raise ValueError(f"{text!r} is no share such as 0.35: more than 0, up to 1")
    return Decimal(text)


def parse_amount(text: str) -> int:
    """Return CNY as fen; negative is money given back. Raises ValueError."""
    if not _DECIMAL.fullmatch(text):
        raise ValueError(f"{text!r} is no amount such as 1234.50 (CNY, no separators)")
    return fen(Decimal(text))


def period_id(account: str, first: date | None, found: date | None, source: str) -> str:
    """Return the id of a mining period that names none: the same facts have the same one."""
    named = f"{account}|{iso(first) or iso(found) or ''}|{source}"
    return hashlib.sha256(named.encode()).hexdigest()[:12]


def iso(day: date | None) -> str | None:
    """Return a day as text; None where nobody told it."""
    return None if day is None else day.isoformat()

"""Days, amounts and shares as ledgers write them; each parser raises ValueError with the reason."""

import re
from datetime import date
from decimal import Decimal

FEN = Decimal("0.01")
ZERO = Decimal("0.00")

_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)([T ]00:00(:00(\.0+)?)?)?", re.ASCII)
_OTHER_DAY = re.compile(r"(\d{4})(?:/(\d{1,2})/(\d{1,2})|年(\d{1,2})月(\d{1,2})日)", re.ASCII)
_AMOUNT = re.compile(r"(\d{1,15}|\d{1,3}(,\d{3}){1,4})(\.\d{1,2}0*)?", re.ASCII)
_QUANTITY = re.compile(r"\d{1,18}(\.\d{1,18})?", re.ASCII)
_POINTS = re.compile(r"[+-]?\d{1,6}(\.\d{1,4})?", re.ASCII)
_PERIOD = re.compile(r"\d{4}(-Q[1-4]|-(0[1-9]|1[0-2]))?", re.ASCII)
_EARLIEST, _LATEST = date(1949, 10, 1), date(2200, 1, 1)


def parse_day(text: str) -> date:
    """Return a day: 2026-03-01, 2026/3/1 or 2026年3月1日; a time of day other than midnight is refused."""
    if found := _DAY.fullmatch(text):
        year, month, day = found.group(1, 2, 3)
    elif found := _OTHER_DAY.fullmatch(text):
        year, month, day = found[1], found[2] or found[4], found[3] or found[5]
    else:
        raise ValueError(f"{text!r} is no day such as 2026-03-01")
    try:
        made = date(int(year), int(month), int(day))
    except ValueError:
        raise ValueError(f"{text!r} is no day of the calendar") from None
    if not _EARLIEST <= made < _LATEST:
        raise ValueError(f"{text!r} is not between {_EARLIEST} and {_LATEST}")
    return made


def parse_amount(text: str) -> Decimal:
    """Return an amount of CNY, not negative, exact to the fen: 1200000, 1,200,000.50."""
    if not _AMOUNT.fullmatch(text):
        raise ValueError(f"{text!r} is no amount of CNY such as 1200000.50, with two decimals at most")
    return Decimal(text.replace(",", "")).quantize(FEN)


def parse_quantity(text: str) -> Decimal:
    """Return an amount of a coin or a currency, not negative, with up to 18 decimals."""
    if not _QUANTITY.fullmatch(text):
        raise ValueError(f"{text!r} is no quantity such as 0.25")
    return Decimal(text)


def parse_points(text: str) -> Decimal:
    """Return assessment points, negative where they are taken off."""
    if not _POINTS.fullmatch(text):
        raise ValueError(f"{text!r} is no number of points such as -2.5")
    return Decimal(text)


def parse_percent(text: str) -> Decimal:
    """Return a share in percent, more than 0, up to 100."""
    bare = text.removesuffix("%").strip()
    if not _QUANTITY.fullmatch(bare) or not 0 < (share := Decimal(bare)) <= 100:
        raise ValueError(f"{text!r} is no share in percent, more than 0 and up to 100")
    return share


def parse_period(text: str) -> str:
    """Return an assessment period: 2026, 2026-Q1 or 2026-03."""
    if not _PERIOD.fullmatch(text):
        raise ValueError(f"{text!r} is no period such as 2026, 2026-Q1 or 2026-03")
    return text

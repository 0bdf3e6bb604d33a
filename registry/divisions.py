"""Administrative division codes (GB/T 2260): two digits each for province, prefecture and county.

`00` stands for "the whole of the level above": 330000 is a province, 330100 one of its prefectures.
Which codes there are, and when, is told by registry/division_table.py.
"""

from dataclasses import dataclass
from typing import Literal

LENGTH = 6
SAMPLE_PROVINCE = "99"
"""Never assigned by GB/T 2260, so that no generated place can be taken for a real one."""

DivisionLevel = Literal["province", "prefecture", "county"]


@dataclass(frozen=True, slots=True)
class Division:
    """A division code taken apart."""

    code: str
    level: DivisionLevel
    province: str
    """Code of the province it lies in, six digits; its own where it is one."""
    prefecture: str | None
    """Code of the prefecture it lies in, six digits; None for a province."""


def fault(code: str) -> str | None:
    """Return why `code` has not the structure of a division code, or None where it has.

    Whether the code is assigned is not asked: codes come and go.
    """
    if len(code) != LENGTH or not (code.isascii() and code.isdigit()):
        return f"a division code is six digits, not {code!r}"
    if code[:2] == "00":
        return "digits 1 and 2 name no province (00)"
    if code[2:4] == "00" and code[4:] != "00":
        return f"a county ({code[4:]}) without its prefecture (00)"
    return None


def division(code: str) -> Division:
    """Take a code apart. Raises ValueError where its structure is wrong."""
    if (why := fault(code)) is not None:
        raise ValueError(why)
    level: DivisionLevel = "county"
    if code[2:] == "0000":
        level = "province"
    elif code[4:] == "00":
        level = "prefecture"
    prefecture = None if level == "province" else code[:4] + "00"
    return Division(code, level, code[:2] + "0000", prefecture)

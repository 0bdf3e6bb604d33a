"""Where sites and enterprises are: for what is found of them, so that each region sees its own."""

from collections import defaultdict
from collections.abc import Collection
from typing import Final

from sqlalchemy import Connection, select

from store.power_accounts import read_accounts
from store.registry_tables import LineRow, SiteRow

NOWHERE: Final = ("", "")
_BATCH = 500


def site_places(connection: Connection, sites: Collection[str]) -> dict[str, tuple[str, str]]:
    """Return (credit code, division) of sites: those of their latest account, else the site's division."""
    found: dict[str, tuple[str, str]] = {}
    asked = sorted(sites)
    for begin in range(0, len(asked), _BATCH):
        rows = select(SiteRow.id, SiteRow.division).where(SiteRow.id.in_(asked[begin : begin + _BATCH]))
        found.update((site, ("", division)) for site, division in connection.execute(rows))
    held = [one for one in read_accounts(connection) if one.site in sites]
    for one in sorted(held, key=lambda one: one.valid_from_ns):
        found[one.site] = one.uscc, one.division
    return found


def company_places(connection: Connection, codes: Collection[str]) -> dict[str, str]:
    """Return the division in which enterprises use power, by credit code: that of their accounts, else of
    their lines' sites; where those lie in several, the smallest that holds all; empty for none."""
    found: dict[str, set[str]] = defaultdict(set)
    for account in read_accounts(connection):
        if account.uscc in codes:
            found[account.uscc].add(account.division)
    lost = sorted(set(codes) - set(found))
    for begin in range(0, len(lost), _BATCH):
        some = lost[begin : begin + _BATCH]
        rows = select(LineRow.uscc, SiteRow.division).join(SiteRow, SiteRow.id == LineRow.site_id)
        for code, division in connection.execute(rows.where(LineRow.uscc.in_(some)).distinct()):
            found[code].add(division)
    return {code: smallest(found.get(code, set())) for code in codes}


def smallest(divisions: Collection[str]) -> str:
    """Return the smallest division that holds all of some."""
    for digits in (6, 4, 2):
        heads = {one[:digits] for one in divisions}
        if len(heads) == 1:
            return heads.pop().ljust(6, "0")
    return ""

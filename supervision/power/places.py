"""Where sites are and whose: for what is found of a site, so that each region sees its own."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import Connection, select

from store.power_accounts import read_accounts
from store.registry_tables import SiteRow

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

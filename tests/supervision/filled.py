"""A registry with electricity accounts, for tests of what is billed on them."""

from pathlib import Path

from pipeline.registry_import import Options, files_of, import_files
from registry.uscc import completed
from store.database import Database

FIRM = completed("9", "1", "990101", "TEXT0001")
OTHER = completed("9", "1", "990101", "TEXT0002")
PERIOD = "2020-01-01"
ACCOUNTS = {
    "ZJ1": (FIRM, "hz", "330102"),
    "ZJ2": (OTHER, "nb", "330203"),
    "SC1": (FIRM, "aba", "513225"),
    "GZ1": (OTHER, "gy", "520102"),
    "SX1": (FIRM, "xa", "610102"),
    "SD1": (OTHER, "jn", "370102"),
}
"""Number to enterprise, site and division."""


def fill(database: Database, folder: Path, extra: str = "") -> None:
    """Put two enterprises, a site for each account, a line at each, and the accounts into the registry."""
    folder.mkdir(exist_ok=True)
    (folder / "enterprises.csv").write_text(f"uscc,name\n{FIRM},示例企业甲\n{OTHER},示例企业乙\n", "utf-8")
    sites = "".join(f"{site},{site},{code},路1号\n" for _, site, code in ACCOUNTS.values())
    (folder / "sites.csv").write_text("id,name,division,address\n" + sites, "utf-8")
    lines = "".join(f"L-{site},{firm},{site},{PERIOD}\n" for firm, site, _ in ACCOUNTS.values())
    (folder / "lines.csv").write_text("line,uscc,site,valid_from\n" + lines, "utf-8")
    given = "".join(
        f"192.0.2.{place * 16}/28,L-{site},{PERIOD}\n" for place, (_, site, _) in enumerate(ACCOUNTS.values())
    )
    (folder / "assignments.csv").write_text("prefix,line,valid_from\n" + given, "utf-8")
    rows = "".join(
        f"{number},{firm},{site},{code},,{PERIOD},{'M-' + number},\n"
        for number, (firm, site, code) in ACCOUNTS.items()
    )
    header = "number,uscc,site,division,multiplier,valid_from,meters,valid_to\n"
    (folder / "power-accounts.csv").write_text(header + rows + extra, "utf-8")
    said: list[str] = []
    result = import_files(
        database, files_of([folder], None), Options(), 1, lambda errors: said.extend(map(str, errors))
    )
    assert result.taken, said

"""Credit codes and ledger files for tests."""

import csv
from pathlib import Path
from typing import Any

from facts.errors import RowError
from registry.uscc import completed
from store.database import Database
from supervision.ledgers.importing import ImportResult, Options, files_of, import_files
from supervision.ledgers.specs import SPECS, Ledger

AS_USUAL = Options()
T0 = 1_790_000_000 * 10**9


def code(number: int, division: str = "990101") -> str:
    """The credit code of a made-up enterprise."""
    return completed("9", "1", division, f"MA{number:06d}")


def write(folder: Path, ledger: str, *rows: dict[str, Any], name: str = "") -> Path:
    """Write rows as a CSV file with all columns of the ledger."""
    spec = SPECS[Ledger(ledger)]
    file = folder / (name or f"{ledger}.csv")
    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, [*spec.required, *spec.optional], restval="")
        writer.writeheader()
        writer.writerows(rows)
    return file


def taken(
    db: Database, *files: Path, at: int = T0, options: Options = AS_USUAL
) -> tuple[ImportResult, list[RowError]]:
    """Import files; return what became of them and what was refused."""
    refused: list[RowError] = []
    return import_files(db, files_of(files, None), options, at, refused.extend), refused

"""What a door needs to answer questions: the stored verdicts and the registry, opened once."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from facts.errors import MineScopeError
from facts.instant import NS
from pipeline.hints import Hints
from pipeline.registry_index import LiveAttributor, index_folder, refresh
from pipeline.settings import Settings
from registry.attribution import Attributor
from registry.csv_import import load_folder
from registry.model import RegistryData
from store.database import Database, open_database
from store.registry import RegistryStore
from store.verdicts import VerdictStore


@dataclass(frozen=True, slots=True)
class Services:
    """Opened services; safe to share between threads."""

    verdicts: VerdictStore
    attributor: Attributor
    enterprises: int
    """How many the registry holds."""
    assignments: int
    version: str
    """Version of the program."""
    database: Database
    home: Path
    """Folder of files that belong to the database: results of jobs."""
    notices: tuple[str, ...] = ()
    """What a person should know about the registry: refused rows, odd encodings."""
    hints: Hints | None = None
    """The operator's own .mmdb file, if one is set."""
    lake: Path | None = None
    """Folder of the lakes, of flows and of curves; None where nobody said."""


@contextmanager
def build_services(settings: Settings) -> Iterator[Services]:
    """Open the database and load the registry; close the database at the end.

    The registry is the folder of `settings.registry` where one is set, read once; else the one kept in the
    database, through the index beside it, which a running server follows when an import publishes a new one.
    Raises StoreError for the database and ReadError for the folder.
    """
    with open_database(settings.database_url) as database:
        notices: tuple[str, ...] = ()
        tolerance_ns = round(settings.clock_tolerance_s * NS)
        if settings.registry is None:
            folder = index_folder(settings)
            refresh(database, folder)
            attributor: Attributor = LiveAttributor(folder, tolerance_ns)
            enterprises, assignments = RegistryStore(database).counts()
        else:
            imported = load_folder(settings.registry)
            data = imported.data or RegistryData()
            notices = (*imported.notices, *_refused(imported.errors))
            attributor = Attributor(data, tolerance_ns)
            enterprises, assignments = len(data.enterprises), len(data.assignments)
        yield Services(
            verdicts=VerdictStore(database),
            attributor=attributor,
            enterprises=enterprises,
            assignments=assignments,
            version=version("minescope"),
            database=database,
            home=settings.home,
            notices=notices,
            hints=None if settings.location_hint is None else Hints(settings.location_hint),
            lake=settings.lake,
        )


def _refused(errors: tuple[MineScopeError, ...]) -> Iterator[str]:
    shown = 10  # enough to see the pattern; the count tells the rest
    yield from (str(error) for error in errors[:shown])
    if len(errors) > shown:
        yield f"{len(errors) - shown:,} more registry rows were refused"

"""What a door needs to answer questions: the stored verdicts and the registry, opened once."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version

from facts.errors import MineScopeError
from pipeline.settings import Settings
from registry.attribution import Attributor
from registry.csv_import import load_folder
from registry.model import RegistryData
from store.database import open_database
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
    notices: tuple[str, ...] = ()
    """What a person should know about the registry: refused rows, odd encodings."""


@contextmanager
def build_services(settings: Settings) -> Iterator[Services]:
    """Open the database and load the registry; close the database at the end.

    The registry is the folder of `settings.registry` where one is set, else the one kept in the database; it
    is read once, so a running server answers from the registry that stood when it started. Raises StoreError
    for the database and ReadError for the folder.
    """
    with open_database(settings.database_url) as database:
        notices: tuple[str, ...] = ()
        if settings.registry is None:
            data = RegistryStore(database).load()
        else:
            imported = load_folder(settings.registry)
            data = imported.data or RegistryData()
            notices = (*imported.notices, *_refused(imported.errors))
        yield Services(
            verdicts=VerdictStore(database),
            attributor=Attributor(data),
            enterprises=len(data.enterprises),
            assignments=len(data.assignments),
            version=version("minescope"),
            notices=notices,
        )


def _refused(errors: tuple[MineScopeError, ...]) -> Iterator[str]:
    shown = 10  # enough to see the pattern; the count tells the rest
    yield from (str(error) for error in errors[:shown])
    if len(errors) > shown:
        yield f"{len(errors) - shown:,} more registry rows were refused"

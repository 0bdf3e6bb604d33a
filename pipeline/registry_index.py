"""The index of the registry beside the database: made when it is missing or old, mapped by all processes."""

import hashlib
import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facts.endpoint import Address
from facts.errors import StoreError
from pipeline.settings import Settings
from registry.attribution import Attribution, Attributor
from registry.bulk import Bulk
from registry.division_table import put_in_force
from registry.index_folder import load, mark, publish, stamp_of
from store.database import Database
from store.registry import RegistryStore


def index_folder(settings: Settings) -> Path:
    """Return where the index of this database lies: each database has one of its own."""
    key = hashlib.blake2b(settings.database_url.encode(), digest_size=8).hexdigest()
    return settings.home / "registry-index" / key


def refresh(database: Database, folder: Path) -> bool:
    """Make the index anew where it is not the registry's any more; return whether it was made."""
    if stamp_of(folder) == RegistryStore(database).stamp():
        return False
    index, stamp = RegistryStore(database).index()
    publish(folder, index, stamp)
    return True


class LiveAttributor(Attributor):
    """Answers from the index that holds now: it follows when another process publishes a new one.

    The imported divisions of an index are those that this process judges regions by.
    """

    def __init__(self, folder: Path, tolerance_ns: int = 0) -> None:
        self._folder = folder
        self._turn = threading.Lock()
        self._mark = mark(folder)
        index, _ = load(folder)
        super().__init__(index, tolerance_ns)
        put_in_force(index.divisions)
        self._now = Attributor(index, tolerance_ns)

    def current(self) -> Attributor:
        """Return the attributor of the index that holds now."""
        if (at := mark(self._folder)) and at != self._mark:
            with self._turn:
                if at != self._mark:
                    try:
                        index, _ = load(self._folder)
                    except StoreError:
                        return self._now  # yet another index came in between: the next question finds it
                    put_in_force(index.divisions)
                    self._now = Attributor(index, self.tolerance_ns)
                    self._mark = at
        return self._now

    def attribute(self, address: Address, at_ns: int | None, port: int | None = None) -> Attribution:
        """Return who held an address, as `Attributor.attribute` does, by the registry of this moment."""
        return self.current().attribute(address, at_ns, port)

    def during(self, address: Address, from_ns: int, to_ns: int, port: int | None = None) -> Attribution:
        """Return who held an address during a time, by the registry of this moment."""
        return self.current().during(address, from_ns, to_ns, port)

    def attribute_many(
        self,
        addresses: NDArray[np.uint64],
        at_ns: NDArray[np.int64],
        ports: NDArray[np.int64] | None = None,
    ) -> Bulk:
        """Answer many questions, all of them by the registry of this moment."""
        return self.current().attribute_many(addresses, at_ns, ports)

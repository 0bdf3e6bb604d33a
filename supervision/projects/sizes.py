"""Classes of projects by size and energy level, as data (`sizes.toml`)."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

from facts.errors import SettingsError
from supervision.projects.inventory import Power

HOURS_A_YEAR = 8760
Mark = Literal["V", "R", "O"]


@dataclass(frozen=True, slots=True)
class Class:
    """One class: everything from its lower end up to the next one's."""

    id: str
    least: float
    """kW of a size, tonnes of standard coal a year of an energy level; inclusive."""
    en: str
    zh: str
    mark: Mark
    source: str


@dataclass(frozen=True, slots=True)
class Classes:
    """All classes, smallest first."""

    sizes: tuple[Class, ...]
    levels: tuple[Class, ...]
    kgce_per_kwh: float

    def size(self, kw: Power) -> Class:
        """Return the size class of a power."""
        return _last(self.sizes, kw.value)

    def could_be(self, kw: Power) -> tuple[Class, ...]:
        """Return the size classes that the interval of a power reaches into."""
        low, high = _last(self.sizes, kw.low), _last(self.sizes, kw.high)
        return tuple(one for one in self.sizes if low.least <= one.least <= high.least)

    def coal(self, kw: Power) -> Power:
        """Return the tonnes of standard coal a year of a power drawn all year round."""
        factor = HOURS_A_YEAR * self.kgce_per_kwh / 1000
        return Power(kw.value * factor, kw.low * factor, kw.high * factor)

    def level(self, kw: Power) -> Class:
        """Return the energy level of a power drawn all year round."""
        return _last(self.levels, self.coal(kw).value)


def shipped() -> Classes:
    """Return the classes of the package."""
    return parse(files("supervision.projects").joinpath("sizes.toml").read_text("utf-8"), "sizes.toml")


def parse(text: str, name: str) -> Classes:
    """Read a file of classes. Raises SettingsError with the file's name and what is wrong."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(str(error), name) from error
    if set(data) != {"size", "energy", "coal"}:
        raise SettingsError("holds [[size]], [[energy]] and [coal], all of them and nothing else", name)
    factor = data["coal"].get("kgce_per_kwh")
    if not isinstance(factor, float) or not 0 < factor < 1:
        raise SettingsError("coal.kgce_per_kwh is a number between 0 and 1", name)
    return Classes(_classes(data["size"], "kw", name), _classes(data["energy"], "tce", name), factor)


def _classes(tables: Any, unit: str, name: str) -> tuple[Class, ...]:
    made = tuple(_class(table, unit, f"{name}: class {n}") for n, table in enumerate(tables, 1))
    ends = [one.least for one in made]
    if not made or ends[0] != 0 or ends != sorted(set(ends)):
        raise SettingsError(f"the classes of {unit} begin with 0 and rise", name)
    return made


def _class(table: Mapping[str, Any], unit: str, where: str) -> Class:
    wanted = {"id", unit, "en", "zh", "mark", "source"}
    if set(table) != wanted:
        raise SettingsError(f"has {', '.join(sorted(wanted))}, all of them and nothing else", where)
    if not isinstance(table[unit], int | float) or table[unit] < 0:
        raise SettingsError(f"{unit} is a number from 0", where)
    if table["mark"] not in ("V", "R", "O"):
        raise SettingsError("mark is V, R or O", where)
    return Class(table["id"], float(table[unit]), table["en"], table["zh"], table["mark"], table["source"])


def _last(classes: Sequence[Class], value: float) -> Class:
    return max((one for one in classes if one.least <= max(value, 0.0)), key=lambda one: one.least)

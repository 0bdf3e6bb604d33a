"""The table of mining machines: data/machines.toml as shipped, and the operator's own rows before it."""

import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from facts.errors import RowError
from facts.instant import NS
from protocols.algorithms import plain

FAMILIES = {"rx": "rx/0"}
"""What stands for an algorithm of which the wire names the family only: of RandomX, what Monero computes."""
KINDS = frozenset({"asic", "gpu", "cpu"})
MARKS = frozenset({"V", "C", "R"})
YEAR_NS = 31_556_952 * NS
_NEEDED = ("name", "algorithm", "kind", "maker", "hashes", "watts", "released", "source", "as_of", "mark")
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])\Z")
_BRANDS = frozenset({"antminer", "whatsminer", "avalon", "iceriver", "goldshell", "rtx", "gtx", "rx"})
"""First words of names that people leave out when they name a rig."""


@dataclass(frozen=True, slots=True)
class Machine:
    """One model at one algorithm."""

    name: str
    algorithm: str
    kind: str
    maker: str
    hashes: float
    """Hashes (or solutions) a second."""
    watts: float
    released: float
    """Years since 1970 at which the first were delivered."""
    spread: float
    """Relative standard deviation of joules a hash."""
    common: float
    """How many were sold beside a usual model of its time."""
    source: str
    as_of: str
    mark: str

    @property
    def joules(self) -> float:
        """Joules a hash."""
        return self.watts / self.hashes


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All machines that are known, and what a site adds to them."""

    machines: tuple[Machine, ...]
    makers: Mapping[str, tuple[str, ...]]
    """Maker -> words of agent strings."""
    spread: Mapping[str, float]
    overhead: tuple[float, float]
    farm_from: int

    def of(self, algorithm: str) -> tuple[Machine, ...]:
        """Return the machines of an algorithm; none where it is not in the table."""
        return _of(self, algorithm)

    def __hash__(self) -> int:  # catalogues are few, and compared by identity in caches
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other


@lru_cache(1024)
def _of(catalogue: Catalogue, algorithm: str) -> tuple[Machine, ...]:
    wanted = plain(algorithm)
    wanted = FAMILIES.get(wanted, wanted)
    return tuple(one for one in catalogue.machines if one.algorithm == wanted)


@cache
def shipped() -> Catalogue:
    """Return the table that this version ships."""
    return read(files("classifier").joinpath("data/machines.toml").read_text("utf-8"), "machines.toml")


def read(text: str, source: str, base: Catalogue | None = None) -> Catalogue:
    """Read a table; its rows and [site] come before those of `base`.

    Raises RowError with the row (counted from 1) and the key that is wrong.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RowError(f"not valid TOML: {error}", source, 1) from error
    unknown = set(table) - {"site", "spread", "makers", "machines"}
    if unknown:
        raise RowError(f"no such part: {', '.join(sorted(unknown))}", source, 1)
    site, rows = table.get("site", {}), table.get("machines", {}).get("rows", [])
    spread = {**(base.spread if base else {}), **table.get("spread", {})}
    own = [_machine(row, number, source, spread) for number, row in enumerate(rows, 1)]
    taken = {(one.name.lower(), one.algorithm) for one in own}
    older = [one for one in (base.machines if base else ()) if (one.name.lower(), one.algorithm) not in taken]
    makers = {name: tuple(words) for name, words in table.get("makers", {}).items()}
    overhead = site.get("overhead", base.overhead if base else (1.0, 1.0))
    if not _is_range(overhead):
        raise RowError("overhead is not [least, most] from 1 to 3", source, 1, "overhead")
    farm_from = site.get("farm_from", base.farm_from if base else 20)
    if not isinstance(farm_from, int) or farm_from < 1:
        raise RowError("farm_from is no number of machines", source, 1, "farm_from")
    return Catalogue(
        (*own, *older),
        {**(base.makers if base else {}), **makers},
        spread,
        (float(overhead[0]), float(overhead[1])),
        farm_from,
    )


def _is_range(value: Any) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) == 2
        and all(isinstance(one, int | float) for one in value)
        and 1 <= value[0] <= value[1] <= 3
    )


def _machine(row: Any, number: int, source: str, spread: Mapping[str, float]) -> Machine:
    if not isinstance(row, dict):
        raise RowError("not a table", source, number)
    for key in _NEEDED:
        if key not in row:
            raise RowError("missing", source, number, key)
    for key in set(row) - {*_NEEDED, "common", "spread"}:
        raise RowError("no such key", source, number, key)
    for key in ("hashes", "watts"):
        if not isinstance(row[key], int | float) or not 0 < row[key] < math.inf:
            raise RowError("not a number above 0", source, number, key)
    for key, allowed in (("kind", KINDS), ("mark", MARKS)):
        if row[key] not in allowed:
            raise RowError(f"not one of {', '.join(sorted(allowed))}", source, number, key)
    month = _MONTH.match(str(row["released"]))
    if month is None:
        raise RowError("not a year and month such as 2021-06", source, number, "released")
    own = row.get("spread", spread.get(row["kind"], 0.25))
    if not isinstance(own, int | float) or not 0 < own <= 1:
        raise RowError("not above 0 and at most 1", source, number, "spread")
    common = row.get("common", 1.0)
    if not isinstance(common, int | float) or not 0 < common <= 1_000:
        raise RowError("not above 0 and at most 1,000", source, number, "common")
    return Machine(
        str(row["name"]),
        plain(str(row["algorithm"])),
        row["kind"],
        str(row["maker"]),
        float(row["hashes"]),
        float(row["watts"]),
        int(month[1]) - 1970 + (int(month[2]) - 1) / 12,
        float(own),
        float(common),
        str(row["source"]),
        str(row["as_of"]),
        row["mark"],
    )


@lru_cache(4096)  # made for those algorithms alone that are met: to compile all takes 6 ms
def _pattern(name: str) -> re.Pattern[str]:
    """Return what finds a model in an agent string or the name of a rig, in lower case: `S19j Pro` also as
    s19jpro, s19j-pro, `Antminer S19j_Pro`."""
    words = name.lower().split()
    if len(words) > 1 and words[0] in _BRANDS:
        words = words[1:]
    return re.compile(r"(?<![a-z0-9])" + r"[ ._-]?".join(map(re.escape, words)) + r"(?![a-z0-9+])")


def recognised(machines: Iterable[Machine], texts: Iterable[str]) -> frozenset[str]:
    """Return the names of the models that agent strings and rig names mention, the longest where one holds
    another."""
    said = "\n".join(texts).lower()
    found = {one.name for one in machines if _pattern(one.name).search(said)}
    return frozenset(
        name for name in found if not any(name != other and other.startswith(f"{name} ") for other in found)
    )

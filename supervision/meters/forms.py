"""The form of a meter file: everything that its numbers do not say of themselves is said by options.

Nothing is guessed: a column of 96 numbers may be kW or kWh, begin or end with midnight, and be as the meter
shows it or multiplied by its transformers, and a wrong guess is wrong by a factor of four or of thousands.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final

from facts.errors import UsageError


class Layout(StrEnum):
    """How points lie in rows."""

    WIDE = "wide"
    """A row is a day, with 96 columns of points side by side."""
    LONG = "long"
    """A row is a point, with its time."""


class Value(StrEnum):
    """What a number is."""

    POWER = "power"
    """Mean power of the quarter of an hour."""
    ENERGY = "energy"
    """Energy of the quarter of an hour."""
    REGISTER = "register"
    """Reading of a register that counts up: energy is the difference of two readings."""


class Stamp(StrEnum):
    """Which end of its quarter of an hour a point's time is; of a register, the moment of the reading."""

    BEGIN = "begin"
    """The first point of a day is 00:00."""
    END = "end"
    """The first point of a day is 00:15, the last 24:00."""


class By(StrEnum):
    """Whom a row names."""

    ACCOUNT = "account"
    METER = "meter"


class Side(StrEnum):
    """Before or behind the transformers."""

    PRIMARY = "primary"
    """What flowed: already multiplied."""
    SECONDARY = "secondary"
    """What the meter counted: to be multiplied by the account's or the meter's ratio."""


class Quantity(IntEnum):
    """What was measured. Energy that goes back to the grid is a quantity of its own, never a negative one."""

    ACTIVE_IMPORT = 0
    ACTIVE_EXPORT = 1
    REACTIVE_IMPORT = 2
    REACTIVE_EXPORT = 3
    PHASE_A = 4
    """Active import of one phase."""
    PHASE_B = 5
    PHASE_C = 6

    @property
    def word(self) -> str:
        """Its name in files and options."""
        return self.name.lower().replace("_", "-")


QUANTITIES: Final[Mapping[str, Quantity]] = {one.word: one for one in Quantity}
REVERSE: Final[Mapping[Quantity, Quantity]] = {
    Quantity.ACTIVE_IMPORT: Quantity.ACTIVE_EXPORT,
    Quantity.REACTIVE_IMPORT: Quantity.REACTIVE_EXPORT,
}
"""What a negative number is of, in files whose numbers have signs."""
UNITS: Final[Mapping[Value, Mapping[str, float]]] = {
    Value.POWER: {"kw": 1.0, "w": 1e-3, "mw": 1e3},
    Value.ENERGY: {"kwh": 1.0, "wh": 1e-3, "mwh": 1e3},
    Value.REGISTER: {"kwh": 1.0, "wh": 1e-3, "mwh": 1e3},
}
"""Words to kW or kWh; reactive quantities have the same words."""
COLUMNS: Final = ("account", "meter", "day", "time", "value", "quantity", "first-point")
"""What a file's columns may be named as."""


@dataclass(frozen=True, slots=True)
class Form:
    """All that must be known of a file."""

    layout: Layout
    value: Value
    unit: str
    stamp: Stamp
    by: By
    side: Side
    quantity: Quantity | None = None
    """None: a column `quantity` tells, in the words of QUANTITIES."""
    signed: bool = False
    """Negative numbers are the same quantity the other way; else they are refused."""
    digits: int | None = None
    """Whole digits of a register, after which it begins at 0 again; None: a fall is always a reset."""
    day_format: str = "%Y-%m-%d"
    columns: Mapping[str, str] = field(default_factory=dict)
    """Names of the file's columns, where they are not those of COLUMNS."""

    def __post_init__(self) -> None:
        """Raise UsageError for what does not go together."""
        if self.unit not in UNITS[self.value]:
            known = ", ".join(UNITS[self.value])
            raise UsageError(f"--unit: {self.unit!r} is none of {known} for values that are {self.value}")
        if unknown := set(self.columns) - set(COLUMNS):
            raise UsageError(f"--column: {sorted(unknown)[0]!r} is none of {', '.join(COLUMNS)}")
        if self.signed and self.value is Value.REGISTER:
            raise UsageError("--signed: a register has no sign; import both registers")
        if self.signed and self.quantity not in REVERSE:
            words = " or ".join(one.word for one in REVERSE)
            raise UsageError(f"--signed goes with --quantity {words}")
        if self.digits is not None and (self.value is not Value.REGISTER or not 3 <= self.digits <= 12):
            raise UsageError("--digits: 3 to 12, of registers only")

    @property
    def factor(self) -> float:
        """From the file's unit to kW or kWh."""
        return UNITS[self.value][self.unit]

    def column(self, name: str) -> str:
        """Return what the file calls a column."""
        return self.columns.get(name, name)

    @property
    def needed(self) -> tuple[str, ...]:
        """Columns that the file must have, in its own words; the points of a wide file apart."""
        names = [self.by.value, "day"] if self.layout is Layout.WIDE else [self.by.value, "time", "value"]
        if self.quantity is None:
            names.append("quantity")
        return tuple(self.column(name) for name in names)

    @property
    def told(self) -> str:
        """All of it in one line, for the lake's files and for knowing an import again."""
        quantity = "column" if self.quantity is None else self.quantity.word
        parts = [
            *(self.layout, self.value, self.unit, self.stamp, self.by, self.side, quantity),
            *("signed" if self.signed else "unsigned", f"digits={self.digits}", self.day_format),
            *(f"{name}={column}" for name, column in sorted(self.columns.items())),
        ]
        return " ".join(parts)

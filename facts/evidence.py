"""Evidence: one thing a witness saw about one address. It states; it never scores."""

from dataclasses import dataclass, field

from facts.endpoint import Address
from facts.names import Role
from facts.quick import quick
from facts.where import Where

Params = tuple[tuple[str, str | int | float | bool], ...]


@quick
@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen, of whom, for which role, and where a person can look at it."""

    address: Address
    role: Role
    kind: str
    """Dotted and stable, e.g. `stratum.share_accepted`: key of weights.toml and phrases.toml."""
    where: Where
    """The first packet that showed it."""
    at_ns: int
    """When that packet was captured, nanoseconds since 1970 UTC."""
    params: Params = field(default=())
    """Names and values that the sentence of this kind is formed with, sorted by name."""
    count: int = 1
    """How often it was seen; counted once by the judge, shown to a person."""
    measured: float | None = field(default=None, compare=False)
    """Log-odds (nats) that the witness measured: they count as far as the kind's own weight allows. None: all
    of that weight."""

"""A quick dataclass is the same dataclass."""

import inspect
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, replace

import pytest

from facts.quick import quick
from facts.where import Where
from protocols.events import Submit
from protocols.parser import Side


@dataclass(frozen=True, slots=True)
class Base:
    first: int
    second: str = "two"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain(Base):
    third: float
    fourth: tuple[int, ...] = (4,)


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Quick(Base):
    third: float
    fourth: tuple[int, ...] = (4,)


def test_it_takes_what_the_plain_one_takes() -> None:
    told = inspect.signature(Plain).parameters
    assert [(p.name, p.kind, p.default) for p in inspect.signature(Quick).parameters.values()] == [
        (p.name, p.kind, p.default) for p in told.values()
    ]
    for given, named in (((1,), {"third": 3.0}), ((1, "b"), {"third": 0.5, "fourth": ()})):
        quicker, plain = Quick(*given, **named), Plain(*given, **named)
        assert repr(quicker) == repr(plain).replace("Plain", "Quick")
        assert hash(quicker) == hash(Quick(*given, **named))
        assert quicker == Quick(*given, **named) != Quick(2, third=3.0)
    with pytest.raises(TypeError, match="third"):
        Quick(1)  # type: ignore[call-arg]


def test_it_stays_frozen_copies_and_travels() -> None:
    where = Where("a.pcap", 7)
    with pytest.raises(FrozenInstanceError):
        where.frame = 8  # type: ignore[misc]
    share = Submit(protocol="stratum-bitcoin", side=Side.CLIENT, offset=3, job_id="9")
    with pytest.raises(FrozenInstanceError):
        share.sealed = True  # type: ignore[misc]
    assert replace(share, worker="w").job_id == "9"
    assert pickle.loads(pickle.dumps(share)) == share
    assert not hasattr(share, "__dict__")


def test_what_it_cannot_make_is_refused() -> None:
    with pytest.raises(TypeError, match="no plain slot"):

        @quick
        @dataclass(frozen=True)
        class Open:
            field: int

    with pytest.raises(TypeError, match="no plain slot"):

        @quick
        @dataclass(frozen=True, slots=True)
        class Made:
            names: list[str] = field(default_factory=list)

    with pytest.raises(TypeError, match="computes"):

        @quick
        @dataclass(frozen=True, slots=True)
        class Computed:
            size: int

            def __post_init__(self) -> None:
                raise AssertionError

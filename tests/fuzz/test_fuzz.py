"""Every parser of the table under structured fuzz: nothing raised but ParseError, and all else that holds."""

import random
import time
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.parser import Parser, Side
from protocols.table import PARSERS
from tests.fuzz.examine import Step, ceiling, check_retained, examine, joined
from tests.fuzz.mutate import cut, everything, mutated
from tests.fuzz.seeds import Talk, seeds
from tests.fuzz.size import retained

INPUTS = 200_000
"""Of all parsers together, in `make prove`."""
INPUTS_IN_CI = 20_000
AT_ONCE = 10
"""Inputs of one example: drawing costs as much as parsing."""
MOST_SECONDS = 0.1
"""Of CPU that one input may take."""
GROWTH = 4 << 20
"""Bytes of one message without end that a parser is fed."""
by_name = pytest.mark.parametrize("kind", PARSERS, ids=lambda kind: kind.name)


def examples(inputs: int) -> int:
    return -(-inputs // (len(PARSERS) * AT_ONCE))


def talks_of(kind: type[Parser]) -> Sequence[Talk]:
    """Its own seeds; those of others where no sample speaks its protocol."""
    return seeds()[kind] or everything(seeds())


def fuzz(kind: type[Parser], seed: int, timed: bool) -> None:
    rng = random.Random(seed)
    everyone = everything(seeds())
    for _ in range(AT_ONCE):
        steps = mutated(talks_of(kind), everyone, rng)
        began = time.process_time()
        outcome = examine(kind, steps)
        if timed and time.process_time() - began > MOST_SECONDS:
            assert min(seconds(kind, steps) for _ in range(5)) <= MOST_SECONDS
        if rng.random() < 0.1:
            check_retained(kind, outcome)


def seconds(kind: type[Parser], steps: list[Step]) -> float:
    began = time.process_time()
    examine(kind, steps)
    return time.process_time() - began


@by_name
@settings(max_examples=examples(INPUTS_IN_CI), derandomize=True, database=None)
@given(seed=st.integers(0, (1 << 64) - 1))
def test_any_input_is_read_or_refused(kind: type[Parser], seed: int) -> None:
    fuzz(kind, seed, timed=False)


@pytest.mark.prove
@by_name
@settings(max_examples=examples(INPUTS))
@given(seed=st.integers(0, (1 << 64) - 1))
def test_any_input_is_read_or_refused_within_100_ms(kind: type[Parser], seed: int) -> None:
    fuzz(kind, seed, timed=True)


@by_name
@settings(max_examples=60, derandomize=True, database=None)
@given(data=st.binary(max_size=600), server=st.binary(max_size=600), at=st.integers(0, 600))
def test_any_bytes_are_read_or_refused(kind: type[Parser], data: bytes, server: bytes, at: int) -> None:
    steps: list[Step] = [(Side.CLIENT, data[:at]), (Side.SERVER, server), (Side.CLIENT, data[at:])]
    check_retained(kind, examine(kind, steps))


@by_name
def test_every_parser_has_a_sample_and_reads_it(kind: type[Parser]) -> None:
    own = seeds()[kind]
    assert own, f"no capture in pcaps/ speaks {kind.name}"
    assert any(examine(kind, list(talk)).events or examine(kind, list(talk)).parser.handover for talk in own)  # type: ignore[union-attr]


@by_name
@settings(max_examples=40, derandomize=True, database=None)
@given(seed=st.integers(0, 1 << 32))
def test_a_conversation_gives_the_same_events_however_it_is_cut(kind: type[Parser], seed: int) -> None:
    """What sizes tell under encryption is left out: there the cuts are what is read."""
    own = seeds()[kind]
    if kind.transport == "udp" or not own:
        return
    rng = random.Random(seed)
    steps = joined(rng.choice(own))
    told = examine(kind, steps, patient=True)
    again = examine(kind, cut(steps, rng), patient=True)
    read = [[one for one in made.events if not one.sealed] for made in (told, again)]
    assert read[0] == read[1]


@by_name
@settings(max_examples=40, derandomize=True, database=None)
@given(seed=st.integers(0, 1 << 32))
def test_a_message_without_end_is_held_within_the_ceiling(kind: type[Parser], seed: int) -> None:
    """The beginning of a conversation, then one byte for ever: the longest message that it can be."""
    rng = random.Random(seed)
    talk = rng.choice(talks_of(kind))
    place = rng.randrange(len(talk))
    side, data = talk[place]
    begun = data[: rng.randrange(len(data)) + 1]
    filler = bytes([rng.choice(b"\0 [\xffa0{\x01")]) * 65_536
    parser = kind()
    fresh = retained(parser)
    most = GROWTH // 65_536 if rng.random() < 0.1 else 8
    steps: list[Step] = [*talk[:place], (side, begun), *[(side, filler)] * most]
    outcome = examine(kind, steps, patient=True)
    assert retained(outcome.parser) - fresh <= ceiling(kind)

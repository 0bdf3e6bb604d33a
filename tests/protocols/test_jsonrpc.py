"""Lines of JSON: the quick way of plain objects says what the careful one says."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.errors import ParseError
from protocols.jsonrpc import messages
from protocols.parser import Side

KEYS = st.sampled_from(["id", "method", "params", "result", "a:b", 'q":', ""])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", ":", '":', "x", '{"id":1}']),
    lambda some: st.lists(some, max_size=3) | st.dictionaries(KEYS, some, max_size=3),
    max_leaves=6,
)


def bodies(line: bytes) -> list[dict[str, object]]:
    return [message.body for message in messages(line, Side.CLIENT, 0)]


@given(st.lists(st.tuples(KEYS, VALUES), max_size=5), st.sampled_from([":", " : ", ": "]))
def test_an_object_is_read_as_it_stands_unless_a_key_is_named_twice(
    pairs: list[tuple[str, object]], colon: str
) -> None:
    line = "{" + ",".join(json.dumps(key) + colon + json.dumps(value) for key, value in pairs) + "}"
    if len(dict(pairs)) == len(pairs):
        assert bodies(line.encode()) == [dict(pairs)]
    else:
        with pytest.raises(ParseError):
            bodies(line.encode())


@pytest.mark.parametrize(
    "line",
    [
        '{"id":1,"id":2}',
        '{"id" :1,"id":2}',
        '{"id":":","id":1}',
        '{"a":{"id":1,"id":1}}',
        '{"a":[{"id":1,"id":1}]}',
    ],
)
def test_a_key_named_twice_is_refused_wherever_it_stands(line: str) -> None:
    with pytest.raises(ParseError):
        bodies(line.encode())


def test_several_objects_of_a_line_are_all_read() -> None:
    assert bodies(b'{"id":1}{"id":2} {"id":3}') == [{"id": 1}, {"id": 2}, {"id": 3}]

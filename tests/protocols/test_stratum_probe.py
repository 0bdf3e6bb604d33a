"""What the probe says of a stream that grows is what it says of the whole at once."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols import stratum
from protocols.parser import Heads, Match, Side
from protocols.stratum import Stratum

C, S = Side.CLIENT, Side.SERVER
ETHEREUM = b'{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[],"more":"'
PARTS = (
    b'"', b'"mining.', b"result", b'"result"', b" ", b"\t  ", b":", b"[", b'"0x', b'"jo', b'b"', b'"job"',
    b"\\u0", b"0", b"\\", b"{", b"}", b"\n", b"{\n", b"\x01", b"\0", b'"login', b"GET ", b"HTTP/1.1 200",
)  # fmt: skip


def afresh(heads: Heads) -> Match:
    stratum._plain.clear()
    return Stratum.probe(heads)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from((C, S)), st.sampled_from(PARTS)), min_size=1, max_size=24))
def test_a_growing_stream_is_told_like_a_new_one(pieces: list[tuple[Side, bytes]]) -> None:
    heads: dict[Side, bytes] = {C: ETHEREUM}
    grown: list[tuple[dict[Side, bytes], Match]] = []
    for side, piece in pieces:
        heads = heads | {side: heads.get(side, b"") + piece}
        grown.append((heads, Stratum.probe(heads)))
    assert [said for _, said in grown] == [afresh(heads) for heads, _ in grown]


@pytest.mark.parametrize("whole", [b'"mining.notify"}\n', b'"result" :  [ \t"0x1"]}\n', b'x\\u006d"}\n'])
def test_a_word_is_found_wherever_the_stream_is_cut(whole: bytes) -> None:
    text = ETHEREUM + whole
    for cut in range(len(text) + 1):
        stratum._plain.clear()
        Stratum.probe({C: text[:cut]})
        assert Stratum.probe({C: text}) is Match.YES


def test_what_is_remembered_of_streams_is_bounded() -> None:
    for number in range(3 * stratum.MAX_PLAIN):
        assert Stratum.probe({C: b'{"id":%d,"method":"other"}\n' % number}) is Match.MORE
        assert len(stratum._plain) <= stratum.MAX_PLAIN

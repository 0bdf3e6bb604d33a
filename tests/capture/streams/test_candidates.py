from capture.records import Tag
from capture.streams.candidates import Candidates
from protocols.table import PARSERS

TCP = tuple(parser for parser in PARSERS if parser.transport == "tcp")
UDP = tuple(parser for parser in PARSERS if parser.transport == "udp")
UNTAGGED = {Tag.NONE, Tag.EARLY}
OVER_UDP = {Tag.DISCV4, Tag.DISCV5, Tag.QUIC}


def test_every_tag_names_parsers_that_exist_and_they_come_first() -> None:
    for tag in set(Tag) - UNTAGGED:
        order = Candidates(PARSERS, "udp" if tag in OVER_UDP else "tcp").of(tag)
        first = order[0].name
        if tag is Tag.JSON:
            assert [parser.name for parser in order[:2]] == ["electrum", "stratum"]
        else:
            assert first.replace("_tcp", "") == _EXPECTED.get(tag, tag.name.lower()), tag


def test_nobody_is_left_out_and_the_others_keep_the_order_of_the_table() -> None:
    for tag in Tag:
        order = Candidates(PARSERS, "tcp").of(tag)
        assert set(order) == set(TCP)
        named = 2 if tag is Tag.JSON else 1
        rest = [parser for parser in TCP if parser not in order[:named]]
        assert list(order[named:]) == rest or order == TCP
    assert Candidates(PARSERS, "udp").of(Tag.NONE) == UDP


_EXPECTED = {
    Tag.AGENT: "btcagent",
    Tag.STRATUM_V2: "sv2",
    Tag.NOISE: "sv2_noise",
    Tag.SEALED: "bitcoin_p2p_v2",
    Tag.HTTP2: "kaspa_p2p",
}

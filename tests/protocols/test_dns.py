import struct
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.dns import DNS, DNSQR, DNSRR

from facts.errors import ParseError
from protocols.dns import MAX_FOREIGN, Dns, DnsTcp
from protocols.events import DnsAnswer, DnsQuery
from protocols.parser import Match, Side
from tests.protocols import wire

ASKED = b"\xc0\x0c"
ONE = b"\xc0\x00\x02\x01"


def answer(message: bytes) -> DnsAnswer:
    (event,) = wire.play(Dns, [(Side.SERVER, message)])
    assert isinstance(event, DnsAnswer)
    return event


def test_a_question_is_told_in_lower_case() -> None:
    (event,) = wire.play(Dns, [(Side.CLIENT, wire.dns_query("EU1.Pool.Example.ORG", 28))])
    assert event == DnsQuery(
        protocol="dns", side=Side.CLIENT, offset=0, name="eu1.pool.example.org", qtype=28
    )


def test_an_answer_follows_its_aliases_and_leaves_strangers_out() -> None:
    message = wire.dns_answer(
        "www.example.org",
        wire.dns_record(ASKED, 5, wire.dns_name("Edge.example.net")),
        wire.dns_record(wire.dns_name("edge.example.net"), 5, wire.dns_name("b.example.net")),
        wire.dns_record(wire.dns_name("b.example.net"), 1, ONE),
        wire.dns_record(wire.dns_name("b.example.net"), 28, bytes(15) + b"\x01"),
        wire.dns_record(wire.dns_name("bank.example"), 1, b"\x08\x08\x08\x08"),
    )
    event = answer(message)
    assert event.name == "www.example.org"
    assert event.aliases == ("edge.example.net", "b.example.net")
    assert event.addresses == (IPv4Address("192.0.2.1"), IPv6Address("::1"))


def test_service_bindings_give_their_hints() -> None:
    params = struct.pack(">HH", 1, 3) + b"\x02h2" + struct.pack(">HH", 4, 8) + ONE * 2
    params += struct.pack(">HH", 6, 16) + bytes(15) + b"\x02"
    event = answer(
        wire.dns_answer("a.example", wire.dns_record(ASKED, 65, b"\x00\x01\x00" + params), qtype=65)
    )
    assert event.addresses == (IPv4Address("192.0.2.1"), IPv6Address("::2"))
    assert event.alpn == ("h2",)
    alias = wire.dns_record(ASKED, 65, b"\x00\x00" + wire.dns_name("b.example"))
    assert answer(wire.dns_answer("a.example", alias, qtype=65)).aliases == ("b.example",)


def record(owner: bytes, qtype: int, data: bytes, ttl: int) -> bytes:
    return owner + struct.pack(">HHIH", qtype, 1, ttl, len(data)) + data


def test_the_least_ttl_on_the_way_counts() -> None:
    edge = wire.dns_name("edge.example.net")
    message = wire.dns_answer(
        "pool.example",
        record(ASKED, 5, edge, 300),
        record(edge, 1, ONE, 20),
        record(wire.dns_name("stranger.example"), 1, ONE, 1),
    )
    assert answer(message).ttl == 20
    assert answer(wire.dns_answer("pool.example", record(ASKED, 1, ONE, 0x8000_0001))).ttl == 0
    assert answer(wire.dns_answer("pool.example")).ttl is None


def test_the_protocols_of_a_binding_with_a_target_are_told() -> None:
    params = struct.pack(">HH", 1, 6) + b"\x02h3\x02h2" + struct.pack(">HH", 3, 2) + b"\x01\xbb"
    bound = record(ASKED, 64, b"\x00\x01" + wire.dns_name("edge.example") + params, 60)
    event = answer(wire.dns_answer("a.example", bound, qtype=64))
    assert (event.alpn, event.addresses, event.ttl) == (("h3", "h2"), (), 60)


def test_a_refusal_is_an_answer_without_addresses() -> None:
    event = answer(wire.dns_answer("gone.example", flags=0x8183))
    assert (event.rcode, event.addresses) == (3, ())


def test_a_cut_off_answer_keeps_what_was_read_and_is_an_error() -> None:
    message = wire.dns_answer("a.example", wire.dns_record(ASKED, 1, ONE), wire.dns_record(ASKED, 1, ONE))[
        :-3
    ]
    feed = Dns().feed(Side.SERVER, message)
    event = next(feed)
    assert isinstance(event, DnsAnswer)
    assert event.addresses == (IPv4Address("192.0.2.1"),)
    with pytest.raises(ParseError, match="cut off"):
        next(feed)


def test_an_answer_that_says_it_is_truncated_is_no_error() -> None:
    message = wire.dns_answer("a.example", wire.dns_record(ASKED, 1, ONE), flags=0x8380)[:-3]
    assert list(Dns().feed(Side.SERVER, message)) != []


def test_odd_bytes_in_labels_are_escaped_as_in_zone_files() -> None:
    raw = b"\x04a.b\\\x02\x00\xff\x00"
    message = struct.pack(">6H", 7, 0x0100, 1, 0, 0, 0) + raw + wire.words(1, 1)
    (event,) = wire.play(Dns, [(Side.CLIENT, message)])
    assert isinstance(event, DnsQuery)
    assert event.name == "a\\.b\\\\.\\000\\255"


def test_the_root_is_a_dot() -> None:
    (event,) = wire.play(Dns, [(Side.CLIENT, wire.dns_query("", 2))])
    assert isinstance(event, DnsQuery)
    assert event.name == "."


@pytest.mark.parametrize(
    "name",
    [
        b"\xc0\x0c",  # points to itself
        b"\x01a\xc0\x0c",
        b"\xc0\x40" + bytes(90),  # forward
        b"\x40" + bytes(70),  # a label type out of use
        (b"\x3f" + b"a" * 63) * 4 + b"\x00",  # 257 bytes
        b"\x3f" + b"a" * 20,  # cut off
        b"",
    ],
)
def test_a_malformed_name_is_an_error(name: bytes) -> None:
    message = struct.pack(">6H", 7, 0x0100, 1, 0, 0, 0) + name
    assert Dns.probe({Side.CLIENT: message + bytes(4)}) is Match.NO
    with pytest.raises(ParseError):
        list(Dns().feed(Side.CLIENT, message))


@pytest.mark.parametrize("flags", [0x2800, 0x2000, 0x0040])
def test_updates_notifications_and_reserved_bits_are_no_questions(flags: int) -> None:
    message = struct.pack(">6H", 7, flags, 1, 0, 0, 0) + wire.dns_name("a.example") + wire.words(6, 1)
    assert Dns.probe({Side.CLIENT: message}) is Match.NO


def test_multicast_questions_are_not_taken() -> None:
    message = struct.pack(">6H", 0, 0, 1, 0, 0, 0) + wire.dns_name("host.local") + wire.words(1, 0x8001)
    assert Dns.probe({Side.CLIENT: message}) is Match.NO


def test_a_flow_of_other_datagrams_is_let_go() -> None:
    parser = Dns()
    for _ in range(MAX_FOREIGN):
        wire.drain(parser, Side.CLIENT, b"something else")
    assert parser.finished


def test_a_gap_within_a_tcp_message_costs_that_message_only() -> None:
    parser = DnsTcp()
    first = wire.prefixed(wire.dns_query("a.example"))
    wire.drain(parser, Side.CLIENT, first[:10])
    parser.gap(Side.CLIENT, 9)
    (event,) = wire.drain(parser, Side.CLIENT, first[19:] + wire.prefixed(wire.dns_query("b.example")))
    assert isinstance(event, DnsQuery)
    assert (event.name, event.offset) == ("b.example", len(first))
    for side in Side:
        parser.gap(side, 1000)
    assert parser.finished


def test_messages_of_scapy_are_read() -> None:
    asked = DNS(id=9, rd=1, qd=DNSQR(qname="stratum.example.com", qtype="A"))
    records = [
        DNSRR(rrname="stratum.example.com", type="CNAME", rdata="lb.example.com"),
        DNSRR(rrname="lb.example.com", type="A", rdata="203.0.113.7"),
    ]
    said = DNS(id=9, qr=1, qd=DNSQR(qname="stratum.example.com"), an=records)
    events = wire.play(Dns, [(Side.CLIENT, bytes(asked)), (Side.SERVER, bytes(said))])
    assert isinstance(events[0], DnsQuery)
    assert events[0].name == "stratum.example.com"
    assert isinstance(events[1], DnsAnswer)
    assert events[1].addresses == (IPv4Address("203.0.113.7"),)


@given(st.binary(max_size=120), st.integers(0, 40))
@settings(max_examples=300, deadline=None)
def test_any_bytes_behind_an_answer_header_parse_or_raise_parse_error(tail: bytes, count: int) -> None:
    head = struct.pack(">6H", 7, 0x8180, 1, count, 0, 0) + b"\x01a\x00" + wire.words(1, 1)
    wire.play(Dns, [(Side.SERVER, head + tail)])

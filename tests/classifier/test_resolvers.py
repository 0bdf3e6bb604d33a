"""Encrypted look-ups are seen as such, and are no sign of mining."""

import pytest

from classifier.resolvers import hidden_dns, resolvers
from facts.conversation import Transport
from facts.names import Level, Role
from protocols.events import TlsHello
from protocols.parser import Side
from tests.classifier.scenes import MINER, Line, line, verdicts
from tests.classifier.test_contacts import quiet, resolved


def hello(sni: str | None, *alpn: str) -> TlsHello:
    return TlsHello(protocol="tls", side=Side.CLIENT, offset=0, sni=sni, alpn=alpn, ja4="")


@pytest.mark.parametrize(
    ("sni", "alpn", "port", "transport", "way"),
    [
        ("dns.google", ("h2", "http/1.1"), 443, "tcp", "DoH"),
        ("dns.google", ("h3",), 443, "udp", "DoH"),
        ("cloudflare-dns.com", (), 443, "tcp", "DoH"),
        ("dns.example", ("h2",), 443, "tcp", None),
        (None, ("h2",), 443, "tcp", None),
        (None, (), 853, "tcp", "DoT"),
        ("dns.example", ("dot",), 8853, "tcp", "DoT"),
        ("dns.example", ("doq",), 853, "udp", "DoQ"),
        ("dns.example", ("h2",), 853, "tcp", None),  # a web server on the port
        ("dns.google", ("imap",), 993, "tcp", None),
    ],
)
def test_the_three_ways_are_told_apart(
    sni: str | None, alpn: tuple[str, ...], port: int, transport: Transport, way: str | None
) -> None:
    assert hidden_dns(hello(sni, *alpn), port, transport) == way


def test_the_table_holds_host_names_without_repeats_in_order() -> None:
    names = sorted(resolvers())
    assert len(names) >= 50
    assert all(name == name.lower() and "." in name for name in names)


def encrypted_lookups() -> Line:
    one = line(server="192.0.2.53", port=853, protocol="tls")
    return one.miner(TlsHello, sni=None, alpn=("dot",), ja4="").over()


def test_encrypted_look_ups_alone_leave_no_verdict() -> None:
    assert verdicts(encrypted_lookups()) == {}


def test_beside_other_evidence_they_are_told_and_weigh_nothing() -> None:
    bare = verdicts(resolved(0, 60), quiet(5))[MINER, Role.MINER]
    both = verdicts(resolved(0, 60), quiet(5), encrypted_lookups())[MINER, Role.MINER]
    told = [one for one in both.evidence if one.evidence.kind == "name.hidden"]
    assert [one.weight for one in told] == [0.0]
    assert dict(told[0].evidence.params)["name"] == "DoT 192.0.2.53:853"
    assert (both.score, both.level) == (bare.score, Level.CLEARED)

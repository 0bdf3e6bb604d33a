"""Chia's nodes: the certificate of their own authority, believed at their own ports."""

import pytest

from facts.names import Level, Role
from protocols.chia_p2p import node_of
from protocols.events import NodeMessage, TlsCertificate
from protocols.parser import Side
from protocols.tls import Tls
from tests.classifier.scenes import MINER, POOL, line, verdicts
from tests.protocols import wire
from tests.protocols.test_tls import HELLO, certificate


def shown(*names: str, issuer: str) -> TlsCertificate:
    return TlsCertificate(protocol="tls", side=Side.SERVER, offset=9, names=names, issuer=issuer)


NODE = NodeMessage(
    protocol="chia-p2p", side=Side.SERVER, offset=9, command="certificate", coins=("XCH",), sealed=True
)


def test_a_certificate_of_the_authority_is_a_peer() -> None:
    assert node_of(shown("chia.net", issuer="Chia CA")) == NODE


@pytest.mark.parametrize(
    "other", [shown("chia.net", issuer="Let's Encrypt"), shown("www.example.org", issuer="Chia CA")]
)
def test_another_authority_or_name_is_none(other: TlsCertificate) -> None:
    assert node_of(other) is None


def test_it_is_read_from_a_handshake() -> None:
    flight = wire.record(wire.server_hello() + wire.certificates(certificate("chia.net", issuer="Chia CA")))
    events = wire.play(Tls, [(Side.CLIENT, wire.record(HELLO)), (Side.SERVER, flight)], (50,))
    assert [event.kind for event in events] == ["tls.client_hello", "tls.certificate", "node.message"]
    assert events[2].sealed


@pytest.mark.parametrize(("port", "found"), [(8444, True), (443, False)])
def test_it_makes_a_suspected_node_at_its_port_only(port: int, found: bool) -> None:
    one = line(port=port, protocol="chia-p2p")
    one.pool(NodeMessage, command="certificate", coins=("XCH",), sealed=True)
    judged = verdicts(one.over())
    assert ((POOL, Role.NODE) in judged) is found
    assert (MINER, Role.MINER) not in judged
    if found:
        node = judged[POOL, Role.NODE]
        assert (node.level, node.coins) == (Level.SUSPECTED, ("XCH",))

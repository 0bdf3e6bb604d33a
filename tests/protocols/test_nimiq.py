"""Nimiq's pool protocol over WebSocket, in the modes nano, smart and dumb."""

import base64
import struct
from typing import Any

import pytest

from protocols.events import Difficulty, Login, LoginResult, Notice, Request, ShareResult, Submit, Work
from protocols.parser import Event, Side
from protocols.websocket import WebSocket
from tests.protocols.websocket_wire import client, play, server

ADDRESS = "NQ07 0000 0000 0000 0000 0000 0000 0000 0000"  # of the all-zero key


def coded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def header(height: int) -> bytes:
    """A block header as the specification lays it out."""
    return struct.pack(">H", 1) + bytes(128) + struct.pack(">IIII", 0x1F010000, height, 1_545_000_000, 7)


REGISTER = {
    "message": "register",
    "mode": "nano",
    "address": ADDRESS,
    "deviceId": 99,
    "deviceData": {"deviceName": "attic", "minerVersion": "miner 1.2"},
    "genesisHash": coded(bytes(32)),
}
SETTINGS = {
    "message": "settings",
    "address": ADDRESS,
    "extraData": coded(b"pool"),
    "target": 1.7668470647783843e72,
    "targetCompact": 0x1F010000,
    "nonce": 5,
}
BLOCK = {
    "message": "new-block",
    "bodyHash": coded(bytes(32)),
    "accountsHash": coded(bytes(32)),
    "previousBlock": coded(header(1000) + bytes(60)),
}
SHARE = {"message": "share", "block": coded(header(1001) + bytes(90))}


def told(*flights: tuple[Side, bytes]) -> list[Event]:
    events = play(WebSocket(False), flights)
    assert play(WebSocket(False), flights, [1]) == events
    assert {event.protocol for event in events} <= {"stratum-nimiq"}
    return events


def test_a_session_of_a_nano_client() -> None:
    login, logged, target, work, share = told(
        client(REGISTER), server({"message": "registered"}), server(SETTINGS), server(BLOCK), client(SHARE)
    )
    assert isinstance(login, Login)
    assert (login.wallet, login.coin) == (ADDRESS.replace(" ", ""), "NIM")
    assert (login.worker, login.agent) == ("attic", "miner 1.2")
    assert isinstance(logged, LoginResult)
    assert logged.accepted
    assert isinstance(target, Difficulty)
    assert target.hashes == 65_536.0  # 2^256 / 2^240
    assert isinstance(work, Work)
    assert (work.algorithm, work.coin, work.height, work.clean) == ("argon2d", "NIM", 1001, True)
    assert work.hashes == 65_536.0
    assert isinstance(share, Submit)


def test_smart_and_dumb_clients() -> None:
    proof = {"message": "share", "blockHeader": coded(header(7)), "minerAddrProof": coded(b"x")}
    events = told(client({**REGISTER, "mode": "smart"}), server(SETTINGS), client(proof))
    assert [type(event) for event in events] == [Login, Difficulty, Submit]
    block = {"message": "new-block", "blockHeader": coded(header(8))}
    events = told(
        client({**REGISTER, "mode": "dumb"}), server(block), client({"message": "share", "nonce": 3})
    )
    assert [type(event) for event in events] == [Login, Work, Submit]
    assert isinstance(events[1], Work)
    assert events[1].height == 8


@pytest.mark.parametrize(
    ("compact", "hashes"), [(0x1F010000, 2.0**16), (0x1E010000, 2.0**24), (0x1F008000, 2.0**17)]
)
def test_a_compact_target_is_a_byte_of_length_and_three_of_digits(compact: int, hashes: float) -> None:
    (target,) = told(server({**SETTINGS, "targetCompact": compact}))
    assert isinstance(target, Difficulty)
    assert target.hashes == hashes


def test_an_error_answers_the_registration_or_a_share_or_nothing() -> None:
    refused = server({"message": "error", "reason": "different genesis block"})
    invalid = server({"message": "error", "reason": "invalid share: invalid pow"})
    events = told(client(REGISTER), refused, client(SHARE), invalid, invalid)
    assert [type(event) for event in events] == [Login, LoginResult, Submit, ShareResult, Notice]
    assert isinstance(events[3], ShareResult)
    assert (events[3].accepted, events[3].message) == (False, "invalid share: invalid pow")
    payout = client({"message": "payout", "proof": coded(b"proof")})
    assert [type(event) for event in told(client(REGISTER), payout)] == [Login, Request]


@pytest.mark.parametrize(
    "changed",
    [
        {"address": ADDRESS.replace("07", "08")},
        {"address": 7},
        {"mode": "giant"},
        {"mode": ["nano"]},
        {"address": "NQ" * 40},
    ],
)
def test_a_registration_needs_a_mode_and_an_address_whose_digits_check(changed: dict[str, Any]) -> None:
    assert told(client({**REGISTER, **changed})) == []


@pytest.mark.parametrize(
    "changed", [{"targetCompact": 0}, {"targetCompact": 1 << 40}, {"targetCompact": True}, {"extraData": "?"}]
)
def test_settings_need_a_target(changed: dict[str, Any]) -> None:
    assert told(server({**SETTINGS, **changed})) == []


def test_a_block_needs_hashes_and_a_header() -> None:
    for changed in ({"bodyHash": coded(bytes(31))}, {"previousBlock": coded(bytes(50))}, {"bodyHash": "?"}):
        assert told(server({**BLOCK, **changed})) == []


def test_a_gap_forgets_the_registration() -> None:
    parser = WebSocket(False)
    play(parser, [client(REGISTER)])
    parser.gap(Side.SERVER, 20)
    assert play(parser, [server({"message": "registered"})]) == []

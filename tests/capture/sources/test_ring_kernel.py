"""A block of a ring, laid out here as Linux lays it out (include/uapi/linux/if_packet.h), and its packets."""

import os
import struct
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from capture.records import RECORD
from capture.sources import ring_kernel as kernel
from capture.sources.window import overlapping_words
from tests.conftest import ROOT

VALID, TPID_VALID = 0x10, 0x40
SECOND = 1_700_000_000


@dataclass(frozen=True)
class Laid:
    """One packet as it lies in a ring."""

    data: bytes
    wire_length: int
    nanoseconds: int = 5
    status: int = 1
    tag_control: int = 0
    tag_protocol: int = 0


def block_of(packets: Sequence[Laid]) -> bytes:
    """Return a block: its header of 48 bytes, then each packet behind a header of 68 and 18 of room."""
    body = b""
    for number, packet in enumerate(packets):
        begins = 48 + 20 + 18  # tpacket3_hdr, sockaddr_ll, room
        length = begins + len(packet.data)
        length += -length % 16
        step = length if number < len(packets) - 1 else 0
        head = struct.pack(
            "=IIIIIIHHIIHH8x20x",
            step, SECOND + number, packet.nanoseconds, len(packet.data), packet.wire_length, packet.status,
            begins, begins + 14, 0xAAAAAAAA, packet.tag_control, packet.tag_protocol, 0xBBBB,
        )  # fmt: skip
        body += (head + bytes([0xEE] * 18) + packet.data).ljust(length, b"\xdd")
    return struct.pack("=IIIIIIQIIII", 1, 0, 1, len(packets), 48, 48 + len(body), 7, 0, 0, 0, 0) + body


def located(packets: Sequence[Laid], link: int = 1, most: int = 100) -> list[tuple[bytes, int, int, int]]:
    """Return (bytes, length on the wire, time, frame) of each packet, `most` located at a time."""
    data = np.frombuffer(bytearray(block_of(packets)), np.uint8)
    words = overlapping_words(data)
    rows = np.zeros(most, RECORD)
    state = np.zeros(kernel.FIELDS, np.int64)
    state[kernel.LEFT], state[kernel.AT], state[kernel.FRAME] = words[12], words[16], 1
    found, wire, left = [], 0, 1
    while left:
        left = kernel.locate(data, words, 3, link, rows, state)
        for row in rows[: int(state[kernel.COUNT])].tolist():
            start, length, wire_length, source, told_link, time_ns, frame = row
            assert (source, told_link) == (3, link)
            found.append((data[start : start + length].tobytes(), wire_length, time_ns, frame))
        wire += int(state[kernel.WIRE])
    assert wire == sum(length for _, length, _, _ in found)
    return found


ADDRESSES = bytes(range(12))
PLAIN = ADDRESSES + b"\x08\x00" + b"payload"


@pytest.mark.parametrize("most", [1, 2, 3, 100])
def test_packets_are_located_with_times_lengths_and_frames(most: int) -> None:
    laid = [Laid(PLAIN * n, 4000 + n, nanoseconds=n) for n in range(1, 8)]
    assert located(laid, most=most) == [
        (PLAIN * n, 4000 + n, (SECOND + n - 1) * 1_000_000_000 + n, n) for n in range(1, 8)
    ]


@pytest.mark.parametrize(
    ("status", "protocol", "tag"),
    [
        (VALID | TPID_VALID, 0x88A8, b"\x88\xa8\xe1\x23"),
        (VALID | TPID_VALID, 0x8100, b"\x81\x00\xe1\x23"),
        (VALID, 0, b"\x81\x00\xe1\x23"),  # systems before 3.14 tell no protocol
        (0, 0x8100, b""),
        (TPID_VALID, 0x8100, b""),
    ],
)
def test_the_tag_that_was_taken_off_is_put_back(status: int, protocol: int, tag: bytes) -> None:
    laid = Laid(PLAIN, len(PLAIN), status=1 | status, tag_control=0xE123, tag_protocol=protocol)
    ((data, wire_length, _, _),) = located([laid])
    assert data == ADDRESSES + tag + PLAIN[12:]
    assert wire_length == len(data)


def test_a_tag_of_id_0_is_put_back_too() -> None:
    laid = Laid(PLAIN, len(PLAIN), status=VALID | TPID_VALID, tag_control=0, tag_protocol=0x8100)
    assert located([laid])[0][0] == ADDRESSES + b"\x81\x00\x00\x00" + PLAIN[12:]


def test_no_tag_is_put_into_what_is_not_ethernet_or_has_no_room_for_one() -> None:
    laid = Laid(PLAIN, len(PLAIN), status=VALID, tag_control=5)
    assert located([laid], link=101)[0][0] == PLAIN
    cut = Laid(ADDRESSES[:11], 60, status=VALID, tag_control=5)
    assert located([cut])[0][:2] == (ADDRESSES[:11], 60)


def test_neighbours_of_a_tagged_packet_stay_as_they_are() -> None:
    tagged = Laid(PLAIN, 60, status=VALID, tag_control=5)
    plain = Laid(PLAIN, 60)
    assert [data for data, *_ in located([plain, tagged, plain])] == [
        PLAIN,
        ADDRESSES + b"\x81\x00\x00\x05" + PLAIN[12:],
        PLAIN,
    ]


def test_an_empty_block_holds_nothing() -> None:
    assert located([]) == []


def test_a_block_that_claims_more_than_it_holds_is_no_way_out_of_it() -> None:
    data = np.frombuffer(bytearray(block_of([Laid(PLAIN, 60)])), np.uint8)
    state = np.zeros(kernel.FIELDS, np.int64)
    state[kernel.LEFT], state[kernel.AT] = 1, len(data)
    with pytest.raises(IndexError):
        kernel.locate(data, overlapping_words(data), 0, 1, np.zeros(4, RECORD), state)


def test_plain_python_says_the_same() -> None:
    chosen = "located or tag or neighbours or empty"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", chosen, __file__]
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)
    assert done.returncode == 0, done.stdout

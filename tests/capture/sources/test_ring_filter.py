"""Programs of classic BPF, run here by an interpreter of its own."""

import random
import shutil
import struct
from collections import Counter
from ipaddress import ip_address
from pathlib import Path

import pytest

from capture.sources.ring_filter import (
    MAX_INSTRUCTIONS,
    NOTHING,
    Instruction,
    Program,
    by_addresses,
    compile_filter,
    parse_listing,
    take,
)
from facts.errors import UsageError

NETWORK, PROTOCOL = 0xFFF00000, 0xFFFFF000


def run(program: Program, ethertype: int, network: bytes) -> int:
    """Run a program on a packet (McCanne and Jacobson, section 3.3): what it returns, 0 beyond the end."""
    a = x = at = 0
    memory = [0] * 16
    while True:
        i = program[at]
        at += 1
        match i.code:
            case 0x20 | 0x28:
                size = 4 if i.code == 0x20 else 2
                if i.k == PROTOCOL:
                    a = ethertype
                    continue
                begin = i.k - NETWORK
                if begin + size > len(network):
                    return 0
                a = int.from_bytes(network[begin : begin + size])
            case 0x15:
                at += i.if_true if a == i.k else i.if_false
            case 0x07:
                x = a
            case 0x02:
                memory[i.k] = a
            case 0x61:
                x = memory[i.k]
            case 0x04:
                a = a + i.k & 0xFFFFFFFF
            case 0x2C:
                a = a * x & 0xFFFFFFFF
            case 0xAC:
                a ^= x
            case 0x74:
                a >>= i.k
            case 0x06:
                return i.k
            case 0x16:
                return a
            case _:
                raise AssertionError(f"no such instruction: {i}")


def header(sender: str, receiver: str) -> tuple[int, bytes]:
    addresses = ip_address(sender).packed + ip_address(receiver).packed
    return (0x0800, bytes(12) + addresses) if len(addresses) == 8 else (0x86DD, bytes(8) + addresses)


PAIRS = [("192.0.2.1", "198.51.100.7"), ("2001:db8::1", "2001:db8:7::9"), ("0.0.0.0", "255.255.255.255")]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_both_directions_come_to_one_number_in_whatever_they_are_wrapped(one: str, other: str) -> None:
    program = by_addresses(0x9E3779B1)
    ethertype, there = header(one, other)
    _, back = header(other, one)
    number = run(program, ethertype, there)
    ppp = 0x0021 if ethertype == 0x0800 else 0x0057
    pppoe = struct.pack(">BBHHH", 0x11, 0, 1, len(there) + 2, ppp)
    tag = struct.pack(">HH", 5, ethertype)
    assert 0 < number <= 0xFFFF
    for packet in (there, back):
        assert run(program, ethertype, packet) == number
        assert run(program, 0x8100, tag + packet) == number
        assert run(program, 0x88A8, tag + packet) == number
        assert run(program, 0x8864, pppoe + packet) == number
        assert run(program, 0x8100, struct.pack(">HH", 5, 0x8864) + pppoe + packet) == number


def test_other_packets_and_cut_ones_come_to_0() -> None:
    program = by_addresses(12345)
    assert run(program, 0x0806, bytes(60)) == 0
    for ethertype in (0x0800, 0x86DD, 0x8100, 0x8864):
        for length in (0, 1, 3, 19):
            assert run(program, ethertype, bytes(length)) == 0


@pytest.mark.parametrize("workers", [2, 3, 4, 7])
def test_pairs_of_neighbours_spread_over_the_workers(workers: int) -> None:
    program = by_addresses(random.Random(3).getrandbits(32))
    pairs = [header(f"10.{i >> 8}.{i & 255}.1", f"203.0.{i >> 8}.{i & 255}") for i in range(4000)]
    shares = Counter(run(program, *pair) % workers for pair in pairs)
    assert min(shares.values()) > 0.7 * 4000 / workers
    assert max(shares.values()) < 1.3 * 4000 / workers


def test_jumps_stay_within_what_an_instruction_holds() -> None:
    program = by_addresses(1)
    assert len(program) < MAX_INSTRUCTIONS
    assert all(i.if_false < 256 and i.if_true < 256 for i in program)


def test_take_and_nothing_are_one_return_each() -> None:
    assert run(take(96), 0, b"") == 96
    assert run(NOTHING, 0, b"") == 0


def test_a_listing_of_tcpdump_is_read() -> None:
    assert parse_listing("2\n40 0 0 12\n6 0 0 262144\n") == [
        Instruction(40, 0, 0, 12),
        Instruction(6, 0, 0, 262144),
    ]


@pytest.mark.parametrize(
    "listing", ["", "x\n", "2\n6 0 0 0\n", f"{MAX_INSTRUCTIONS + 1}\n" + "6 0 0 0\n" * 4097]
)
def test_a_listing_that_is_none_is_refused(listing: str) -> None:
    with pytest.raises(UsageError):
        parse_listing(listing)


def test_a_filter_without_tcpdump_says_that_it_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name, path=None: None)
    with pytest.raises(UsageError, match="--filter needs tcpdump, which is not installed"):
        compile_filter("tcp", "eth0", 96)

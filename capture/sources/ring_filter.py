"""Filters that the system runs on each packet: classic BPF, the programs of libpcap's filter language.

Sources: McCanne and Jacobson, The BSD Packet Filter (1993); Documentation/networking/filter.rst of Linux.
`tcpdump -ddd` compiles expressions, since it knows which of them need the system's own view of a VLAN tag.
"""

import ctypes
import shutil
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from capture.sources.ring_rights import run_with_raw_access
from facts.errors import UsageError

SO_ATTACH_FILTER: Final = 26
MAX_INSTRUCTIONS: Final = 4096
"""The longest program that Linux takes (BPF_MAXINSNS)."""

COMPILE_S: Final = 20
"""Seconds that tcpdump gets: milliseconds do, unless it has to ask for the address of a host."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: what it does, where it goes on if a test holds or fails, and its operand."""

    code: int
    if_true: int
    if_false: int
    k: int


Program = Sequence[Instruction]

_RETURN_K, _RETURN_A, _LOAD_WORD, _LOAD_HALF = 0x06, 0x16, 0x20, 0x28
_TAX, _XOR_X, _ADD, _MULTIPLY_X, _SHIFT_RIGHT, _JUMP_IF_EQUAL = 0x07, 0xAC, 0x04, 0x2C, 0x74, 0x15
_STORE, _LOAD_X_STORED = 0x02, 0x61
_AD_PROTOCOL: Final = 0xFFFFF000
"""Where a load finds the EtherType of the packet (SKF_AD_OFF + SKF_AD_PROTOCOL)."""
_NETWORK: Final = 0xFFF00000
"""Loads from here on count from what lies behind the Ethernet header (SKF_NET_OFF)."""


def take(snap_length: int) -> Program:
    """Take every packet, and of each at most `snap_length` bytes."""
    return [Instruction(_RETURN_K, 0, 0, snap_length)]


NOTHING: Final[Program] = take(0)
"""Take no packet."""


def compile_filter(expression: str, interface: str, snap_length: int) -> Program:
    """Compile an expression of libpcap's filter language for a live interface.

    Raises UsageError where tcpdump is missing, cannot open the interface, or refuses the expression.
    """
    tcpdump = shutil.which("tcpdump") or shutil.which("tcpdump", path="/usr/sbin:/sbin")
    if tcpdump is None:
        raise UsageError("--filter needs tcpdump, which is not installed: it compiles the expression")
    command = [tcpdump, "-p", "-i", interface, "-s", str(snap_length), "-ddd", "--", expression]
    done = run_with_raw_access(command, COMPILE_S)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no reason given"]
        raise UsageError(f"--filter {expression!r}: {said[-1].removeprefix('tcpdump: ')}")
    return parse_listing(done.stdout)


def parse_listing(listing: str) -> Program:
    """Read what `tcpdump -ddd` prints: the number of instructions, then four numbers for each."""
    length, *lines = listing.split("\n")
    program = [Instruction(*map(int, line.split())) for line in lines if line]
    if not length.isdigit() or len(program) != int(length) or len(program) > MAX_INSTRUCTIONS:
        raise UsageError(f"a filter of {length} instructions, {len(program)} told: not what the system takes")
    return program


def attach(sock: socket.socket, program: Program) -> None:
    """Have the system hand on only packets for which the program returns how much of them to take."""
    set_program(sock, socket.SOL_SOCKET, SO_ATTACH_FILTER, program)


def set_program(sock: socket.socket, level: int, option: int, program: Program) -> None:
    """Hand a program to the socket option that takes it (struct sock_fprog)."""
    packed = b"".join(struct.pack("HBBI", i.code, i.if_true, i.if_false, i.k) for i in program)
    held = ctypes.create_string_buffer(packed, len(packed))
    sock.setsockopt(level, option, struct.pack("HP", len(program), ctypes.addressof(held)))


def by_addresses(seed: int) -> Program:
    """Return a number drawn from both addresses of a packet: the same for all that two hosts say.

    Both directions, every connection and every fragment of it come to one number, inside VLAN tags and PPPoE
    too. Packets without IP, and behind other layers than these, give 0. `seed`: 32 bits, drawn at start, so
    that nobody can aim at one worker.
    """
    first = Instruction(_LOAD_WORD, 0, 0, _AD_PROTOCOL)
    behind_tag = _cases(Instruction(_LOAD_HALF, 0, 0, _NETWORK + 2), _known(4, seed))
    return _cases(first, [*_known(0, seed), *((tag, behind_tag) for tag in _TAGS)])


_IPV4, _IPV6, _PPPOE, _PPP_IPV4, _PPP_IPV6 = 0x0800, 0x86DD, 0x8864, 0x0021, 0x0057
_TAGS: Final = (0x8100, 0x88A8)

_IPV4_WORDS: Final = ((12,), (16,))
_IPV6_WORDS: Final = (range(8, 24, 4), range(24, 40, 4))
"""Where the words of the sender and of the receiver lie in the header."""

_Case = tuple[int, list[Instruction]]


def _known(at: int, seed: int) -> list[_Case]:
    """Say what to do for each EtherType whose payload begins `at` bytes into the network layer."""
    behind_ppp = [
        (_PPP_IPV4, _number(at + 8, *_IPV4_WORDS, seed)),
        (_PPP_IPV6, _number(at + 8, *_IPV6_WORDS, seed)),
    ]
    return [
        (_IPV4, _number(at, *_IPV4_WORDS, seed)),
        (_IPV6, _number(at, *_IPV6_WORDS, seed)),
        (_PPPOE, _cases(Instruction(_LOAD_HALF, 0, 0, _NETWORK + at + 6), behind_ppp)),
    ]


def _cases(load: Instruction, cases: Sequence[_Case]) -> list[Instruction]:
    """Load a value, and do what the case of that value says; 0 where there is none."""
    program = [load]
    for value, what in cases:
        program += [Instruction(_JUMP_IF_EQUAL, 0, len(what), value), *what]
    return [*program, Instruction(_RETURN_K, 0, 0, 0)]


def _number(at: int, sender: Sequence[int], receiver: Sequence[int], seed: int) -> list[Instruction]:
    """Multiply both seeded addresses, which comes to the same either way round; keep the upper 16 bits.

    Their sum or difference would be the same for neighbours that speak to neighbours.
    """
    return [
        *_address(at, sender, seed),
        Instruction(_STORE, 0, 0, 0),
        *_address(at, receiver, seed),
        Instruction(_LOAD_X_STORED, 0, 0, 0),
        Instruction(_MULTIPLY_X, 0, 0, 0),
        Instruction(_SHIFT_RIGHT, 0, 0, 16),
        Instruction(_RETURN_A, 0, 0, 0),
    ]


def _address(at: int, words: Sequence[int], seed: int) -> list[Instruction]:
    """Fold the words of an address into one, and add the seed."""
    program: list[Instruction] = []
    for word in words:
        load = Instruction(_LOAD_WORD, 0, 0, _NETWORK + at + word)
        program += [Instruction(_TAX, 0, 0, 0), load, Instruction(_XOR_X, 0, 0, 0)] if program else [load]
    return [*program, Instruction(_ADD, 0, 0, seed)]

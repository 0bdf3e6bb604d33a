"""The evasion matrix: every rewrite of the one session, and what must come of it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from pcaps.makers.making import C, S, Tape
from tests.evasion import network, tcp, text
from tests.evasion.session import Captures, Segment, laid, one, segments
from tests.evasion.tunnels import WRAPS, WRAPS_OF_SIX


class Outcome(StrEnum):
    """What a rewrite may do to the verdicts."""

    SAME = "same"
    """The verdicts are those of the plain session, and none speaks of ambiguity."""
    WARNED = "same, ambiguous"
    """The verdicts are the same and say that the stream is ambiguous."""
    AMBIGUOUS = "ambiguous"
    """The verdicts may differ, and say that the stream is ambiguous."""
    LEVEL = "same level"
    """Some of the session is not in the capture: role, level, protocol and peers are the same."""


@dataclass(frozen=True)
class Rewrite:
    """One way in which the session can travel, or be captured."""

    group: str
    name: str
    captures: Callable[[], Captures]
    outcome: Outcome = Outcome.SAME


def _tape(made: Callable[[], Tape]) -> Callable[[], Captures]:
    return lambda: one(made())


def _of(made: Callable[[], list[Segment]]) -> Callable[[], Captures]:
    return lambda: one(laid(made()))


def _raw(made: Callable[[], bytes]) -> Callable[[], Captures]:
    return lambda: {"session.pcap": made()}


SAME, WARNED, AMBIGUOUS, LEVEL = Outcome.SAME, Outcome.WARNED, Outcome.AMBIGUOUS, Outcome.LEVEL
Row = tuple[str, Callable[[], list[Segment]], Outcome]

CUTS: list[Row] = [
    ("one byte a segment", lambda: tcp.every(1), SAME),
    ("seven bytes a segment", lambda: tcp.every(7), SAME),
    ("cut within every word", tcp.at_keys, SAME),
    ("two bytes first", tcp.tiny_first, SAME),
    ("segments of 64 bytes", lambda: segments(mss=64), SAME),
    ("coalesced", tcp.coalesced, SAME),
]
ORDER: list[Row] = [
    ("each message backwards", tcp.backwards, SAME),
    ("each message shuffled", tcp.shuffled, SAME),
    ("answers before requests", tcp.answers_overtake, SAME),
    ("no bare acknowledgements", tcp.without_acknowledgements, SAME),
]
COPIES: list[Row] = [
    ("every segment twice", tcp.repeated, SAME),
    ("repeated, cut otherwise", tcp.repeated_cut_otherwise, SAME),
    ("repeated, joined", tcp.joined_repeats, SAME),
    ("overlaps backwards, equal", tcp.overlap_back, SAME),
    ("overlaps ahead, last part first, equal", tcp.overlap_ahead_backwards, SAME),
    ("other content after each message", tcp.decoy_after, WARNED),
    ("other content after, bad checksum", tcp.unsound_decoy_after, WARNED),
    ("other content before one share", tcp.decoy_before_one_share, WARNED),
    ("other content out of order", tcp.decoy_spliced, AMBIGUOUS),
    ("other content before each message", tcp.decoy_before, AMBIGUOUS),
    ("another service's words before each message", tcp.decoy_that_is_no_mining, AMBIGUOUS),
    ("other content before, bad checksum", tcp.unsound_decoy_before, AMBIGUOUS),
    ("other content before, TTL too short", tcp.short_lived_decoy, AMBIGUOUS),
]
INJECTED: list[Row] = [
    ("RST far outside the window", tcp.wrong_reset, SAME),
    ("RST with a wrong number in the window", tcp.wrong_reset_in_window, SAME),
    ("FIN far outside the window", tcp.wrong_fin, SAME),
    ("FIN with a wrong number in the window", tcp.wrong_fin_in_window, SAME),
    ("SYN far outside the window", tcp.wrong_syn, SAME),
    ("data far ahead", tcp.far_garbage, WARNED),
    ("data far behind", tcp.old_garbage, WARNED),
    ("data numbered before the start", tcp.garbage_before_the_start, SAME),
    ("keep-alive probes without a byte", lambda: tcp.keep_alive(b""), SAME),
    ("keep-alive probes with another byte", lambda: tcp.keep_alive(b"\0"), SAME),
    ("zero windows and probes", tcp.zero_window, SAME),
    ("urgent, nothing inserted", tcp.urgent, WARNED),
    ("an urgent byte in every share", tcp.urgent_byte, AMBIGUOUS),
]
OPENING: list[Row] = [
    ("SYN repeated", tcp.repeated_syn, SAME),
    ("no SYN", lambda: tcp.without(0), SAME),
    ("no SYN-ACK", lambda: tcp.without(1), SAME),
    ("no handshake", lambda: tcp.without(0, 1, 2), SAME),
    ("TCP Fast Open", tcp.fast_open, SAME),
    ("simultaneous open", tcp.simultaneous_open, SAME),
    ("split handshake", tcp.split_handshake, SAME),
    ("full of options", tcp.full_options, SAME),
    ("sequence numbers wrap in the first message", lambda: segments(numbers=(2**32 - 20, 2**32 - 30)), SAME),
    ("sequence numbers wrap at a message's end", lambda: segments(numbers=(2**32 - 111, 2**32 - 1)), SAME),
]
MISSING: list[Row] = [
    ("from the first answer on", lambda: tcp.from_message(1), SAME),
    ("from the login on", lambda: tcp.from_message(4), LEVEL),
    ("from the first job on", lambda: tcp.from_message(7), LEVEL),
    ("from the middle of a job on", tcp.within_a_message, LEVEL),
    ("from the third share on", lambda: tcp.from_message(12), LEVEL),
    ("the subscription is lost", lambda: tcp.lost(1, C), LEVEL),
    ("a job is lost", lambda: tcp.lost(4, S), LEVEL),
    ("a share is lost", lambda: tcp.lost(5, C), LEVEL),
    ("reset and connected again on the same ports", tcp.reset_half_way_and_reconnected, SAME),
    ("ports used again, numbers lower", tcp.ports_reused, SAME),
]
CLOCK: list[Row] = [
    ("the capture's clock runs backwards", tcp.clock_backwards, SAME),
    ("the capture's clock stands still", tcp.clock_stands_still, SAME),
]


def _fragments(cut: network.Cut, least: int = 60) -> Callable[[], Captures]:
    return _tape(lambda: laid(segments(), spread=network.of_ipv4(cut, least)))


def _six(spread: Callable[..., object] | None = None) -> Callable[[], Captures]:
    if spread is None:
        return _tape(lambda: laid(segments(), six=True))
    return _tape(lambda: laid(segments(), spread=spread, six=True))  # type: ignore[arg-type]


NETWORK: list[Rewrite] = [
    Rewrite("IP fragments", name, captures, outcome)
    for name, captures, outcome in (
        ("of 8 bytes: the TCP header in three", _fragments(network.parts(8)), SAME),
        ("of 24 bytes", _fragments(network.parts(24)), SAME),
        ("of 576 bytes, everything", _fragments(network.parts(552), 20), SAME),
        ("last first", _fragments(network.last_first(network.parts(64))), SAME),
        ("in reverse", _fragments(network.reverse(network.parts(48))), SAME),
        ("each twice", _fragments(network.twice(network.parts(48))), SAME),
        ("of two packets in turn", _tape(network.interleaved), SAME),
        ("overlapping, equal", _fragments(network.overlapping(32, equal=True)), SAME),
        ("one within another, equal", _fragments(network.teardrop), SAME),
        ("overlapping, other content", _fragments(network.overlapping(32, equal=False)), WARNED),
    )
]
IPV6: list[Rewrite] = [
    Rewrite("IPv6", name, captures)
    for name, captures in (
        ("plain", _six()),
        ("hop-by-hop options", _six(network.with_headers(network.HOP))),
        ("an atomic fragment", _six(network.with_headers(network.ATOMIC))),
        (
            "six extension headers",
            _six(
                network.with_headers(
                    network.HOP, network.DEST, network.ROUTE, network.DEST, network.DEST, network.DEST
                )
            ),
        ),
        ("fragments of 32 bytes", _six(network.of_ipv6(network.parts(32)))),
        ("fragments in reverse", _six(network.of_ipv6(network.reverse(network.parts(48))))),
        (
            "fragments behind three headers",
            _six(network.of_ipv6(network.parts(48), (network.HOP, network.DEST, network.ROUTE))),
        ),
        ("fragments overlapping, equal", _six(network.of_ipv6(network.overlapping(48, equal=True)))),
    )
]
CAPTURE: list[Rewrite] = [
    Rewrite("the capture", name, captures, outcome)
    for name, captures, outcome in (
        ("each direction in a file of its own", network.by_direction, SAME),
        ("cut in two files", network.by_time, SAME),
        ("pcapng", lambda: {"session.pcapng": laid(segments()).pcapng()}, SAME),
        ("padding and frame check sequences", _tape(lambda: network.padded(laid(segments()))), SAME),
        ("IPv4 lengths of zero", _tape(lambda: network.no_length(laid(segments()))), SAME),
        ("IPv4 options", _tape(lambda: laid(segments(), spread=network.ipv4_options)), SAME),
        ("raw IP", _raw(lambda: network.linked(101, lambda _: b"")), SAME),
        ("BSD loopback", _raw(lambda: network.linked(0, lambda _: b"\2\0\0\0")), SAME),
        ("PPP", _raw(lambda: network.linked(9, lambda _: b"\xff\x03\x00\x21")), SAME),
        ("Cisco HDLC", _raw(lambda: network.linked(104, lambda _: b"\x0f\x00\x08\x00")), SAME),
        ("Linux cooked", _raw(lambda: network.linked(113, lambda _: bytes(14) + b"\x08\x00")), SAME),
        ("a snap length of 250", _raw(lambda: network.cut_at(250)), LEVEL),
    )
]
TUNNELS: list[Rewrite] = [
    *(
        Rewrite("tunnels", name, _tape(lambda w=wrap: laid(segments(), wrap=w)))
        for name, wrap in WRAPS.items()
    ),  # type: ignore[misc]
    *(
        Rewrite("tunnels", name, _tape(lambda w=wrap: laid(segments(), wrap=w, six=True)))  # type: ignore[misc]
        for name, wrap in WRAPS_OF_SIX.items()
    ),
]
TEXT: list[Rewrite] = [
    Rewrite("the text", name, _of(lambda w=writer: text.written(w)))  # type: ignore[misc]
    for name, writer in text.WRITERS.items()
]
MATRIX: list[Rewrite] = [
    *(
        Rewrite(group, name, _of(made), outcome)
        for group, rows in (
            ("segments", CUTS),
            ("order", ORDER),
            ("copies", COPIES),
            ("injected", INJECTED),
            ("opening", OPENING),
            ("missing", MISSING),
            ("the clock", CLOCK),
        )
        for name, made, outcome in rows
    ),
    *NETWORK,
    *IPV6,
    *TUNNELS,
    *CAPTURE,
    *TEXT,
]

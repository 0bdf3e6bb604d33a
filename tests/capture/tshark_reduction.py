"""Flows as tshark sees them, reduced to the sieve's terms (docs/sieve.md, "The tshark reduction").

One line a packet: `tshark -T fields` with only those dissectors on whose layers the sieve opens. The
innermost IP header whose headers are whole, before an ICMP message, makes the flow; fragments are not put
together, and no tunnel is opened in one; ports are those of the TCP or UDP header behind that IP header.
"""

import csv
import subprocess
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_address
from itertools import islice
from pathlib import Path

from tests.capture.sieve.located import Ends

_TEXT = """
frame eth ethertype vlan ieee8021ad llc sll null raw chdlc ppp ppp_hdlc pppoes pppoe mpls
wlan radiotap wlan_radio prism wlancap l2tp tzsp vxlan_gpe ieee8021ah vntag
ppi pflog nflog pktap pcap_pktdata enc fddi fr ipfc mdshdr clip atm
pwethheuristic pwethcw pwethnocw gre erspan vxlan geneve gtp ip ipv6 ipv6.hopopts ipv6.dstopts
ipv6.routing ipv6.fraghdr mipv6 ah tcp udp icmp icmpv6 data
"""
OPENED = tuple(_TEXT.split())
"""Dissectors left on."""

_COLUMNS = """
frame.len frame.encap_type frame.protocols ip.src ip.dst ip.proto ip.frag_offset ip.flags.mf
ipv6.src ipv6.dst ipv6.nxt ipv6.hopopts.nxt ipv6.dstopts.nxt ipv6.routing.nxt ipv6.fraghdr.nxt
ah.next_header mip6.proto ipv6.fraghdr.offset ipv6.fraghdr.more
ipv6.hopopts.len ipv6.dstopts.len ipv6.routing.len ipv6.fraghdr.ident ah.length mip6.hlen
tcp.srcport tcp.dstport udp.srcport udp.dstport
"""
_FIELDS = tuple(_COLUMNS.split())
_EXTENSIONS = {
    0: ("ipv6.hopopts", "ipv6.hopopts.nxt", "ipv6.hopopts.len"),
    60: ("ipv6.dstopts", "ipv6.dstopts.nxt", "ipv6.dstopts.len"),
    43: ("ipv6.routing", "ipv6.routing.nxt", "ipv6.routing.len"),
    44: ("ipv6.fraghdr", "ipv6.fraghdr.nxt", "ipv6.fraghdr.ident"),
    51: ("ah", "ah.next_header", "ah.length"),
    135: ("mipv6", "mip6.proto", "mip6.hlen"),
}
"""IPv6 extension headers by number: layer, next header, and what shows that the header is there."""
_LAYERS = frozenset(layer for layer, _, _ in _EXTENSIONS.values())

MERGED = 100
"""Captures in one run of tshark."""


@dataclass
class Reduction:
    """What one capture holds."""

    packets: int = 0
    flows: dict[Ends, tuple[int, int]] = field(default_factory=dict)
    """Packets and bytes on the wire by 5-tuple, both directions."""
    others: int = 0
    """Packets in which tshark shows no IP header."""


def reduce_all(captures: Sequence[Path]) -> list[Reduction]:
    """Reduce captures in their order; raises where tshark cannot read one at all.

    A start of tshark costs more than a thousand packets, so whole captures are merged by the hundred, and
    told apart by the numbers of packets that capinfos counts.
    """
    counts = _counts(captures)
    found: dict[Path, Reduction] = {}
    whole = [capture for capture in captures if capture in counts]
    for start in range(0, len(whole), MERGED):
        group = whole[start : start + MERGED]
        found.update(zip(group, _merged(group, [counts[capture] for capture in group]), strict=False))
    return [found[capture] if capture in found else _reduce(_lines(capture)) for capture in captures]


def _counts(captures: Sequence[Path]) -> dict[Path, int]:
    """Return how many packets each capture holds; damaged ones are left out."""
    names = [str(capture) for capture in captures]
    command = ["capinfos", "-T", "-r", "-m", "-Q", "-c", *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    rows = csv.reader(done.stdout.splitlines())
    return {Path(name): int(count) for name, count in rows if f'"{name}"' not in done.stderr}


def _merged(captures: Sequence[Path], counts: Sequence[int]) -> list[Reduction]:
    """Reduce whole captures in one run; nothing where they cannot be merged packet by packet."""
    with tempfile.TemporaryDirectory() as folder:
        merged = Path(folder) / "merged.pcapng"
        # Captures one behind the other, each with interfaces (and link types) of its own.
        command = ["mergecap", "-a", "-I", "none", "-F", "pcapng", "-w", str(merged), *map(str, captures)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            return []
        lines = _lines(merged)
    if len(lines) != sum(counts):
        return []
    rest = iter(lines)
    return [_reduce(list(islice(rest, count))) for count in counts]


def _lines(capture: Path) -> list[str]:
    """Run tshark over a capture; one line of fields a packet."""
    command = ["tshark", "-n", "-r", str(capture), "-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE"]
    command += ["-d", "udp.port==8472,vxlan"]
    for protocol in _closed():
        command += ["--disable-protocol", protocol]
    command += ["-T", "fields", "-E", "separator=/t", "-E", "occurrence=a", "-E", "aggregator=,"]
    for name in _FIELDS:
        command += ["-e", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 1:  # wrong usage; damage in the capture is 2
        raise RuntimeError(done.stderr)
    encapsulation = _FIELDS.index("frame.encap_type")  # empty: a pcapng block that is no packet
    return [line for line in done.stdout.splitlines() if line.split("\t")[encapsulation]]


def _reduce(lines: Sequence[str]) -> Reduction:
    reduction = Reduction(packets=len(lines))
    for line in lines:
        values = dict(zip(_FIELDS, (value.split(",") for value in line.split("\t")), strict=True))
        ends = _ends(values)
        if ends is None:
            reduction.others += 1
            continue
        packets, size = reduction.flows.get(ends, (0, 0))
        reduction.flows[ends] = (packets + 1, size + int(values["frame.len"][0]))
    return reduction


@cache
def _closed() -> list[str]:
    """Return the names of all other dissectors: they are switched off."""
    listed = subprocess.run(["tshark", "-G", "protocols"], capture_output=True, text=True, check=True)
    names = {line.split("\t")[2] for line in listed.stdout.splitlines()}
    return sorted(names - set(OPENED))


class _Cut(Exception):
    """A header is not all there."""


def _ends(values: dict[str, list[str]]) -> Ends | None:
    """Return the 5-tuple of the innermost IP packet whose headers are whole, None where there is none."""
    found: Ends | None = None
    version, source, target, proto, sport, dport = "", "", "", 0, 0, 0
    fragment = more = False
    count: Counter[str] = Counter()

    def number(name: str, at: int) -> int:
        if at >= len(values[name]) or not values[name][at]:
            raise _Cut
        return int(values[name][at], 0)

    def address(name: str, at: int) -> str:
        if at >= len(values[name]) or not values[name][at]:
            raise _Cut
        return values[name][at]

    try:
        for layer in values["frame.protocols"][0].split(":"):
            at = count[layer]
            count[layer] += 1
            if layer in ("icmp", "icmpv6"):
                break
            if layer in ("ip", "ipv6"):
                if source:
                    found = _ordered(source, sport, target, dport, proto)
                    if more:
                        break
                source, version = "", layer
                proto = number("ip.proto" if layer == "ip" else "ipv6.nxt", at)
                source, target = address(f"{layer}.src", at), address(f"{layer}.dst", at)
                sport = dport = 0
                fragment = layer == "ip" and number("ip.frag_offset", at) != 0
                more = layer == "ip" and values["ip.flags.mf"][at] in ("1", "True")
            elif layer in _LAYERS:
                expected, following, present = _EXTENSIONS.get(proto, ("", "", ""))
                if layer != expected or (version == "ip" and layer != "ah"):
                    break  # one that tshark alone opens: behind IPv4, or under the number of a draft
                number(present, at)
                proto = number(following, at)
                if layer == "ipv6.fraghdr":
                    fragment = number("ipv6.fraghdr.offset", at) != 0
                    more = values["ipv6.fraghdr.more"][at] in ("1", "True")
            elif layer in ("tcp", "udp") and source and not fragment:
                sport, dport = number(f"{layer}.srcport", at), number(f"{layer}.dstport", at)
        if version == "ipv6" and not fragment and proto in _EXTENSIONS:
            raise _Cut  # the next header is named, and not there
    except _Cut:
        return found
    if proto in (6, 17) and not fragment and not sport and not dport and not _ports_seen(values):
        return found
    return _ordered(source, sport, target, dport, proto) if source else found


def _ports_seen(values: dict[str, list[str]]) -> bool:
    return bool(values["tcp.srcport"][0] or values["udp.srcport"][0])


def _ordered(source: str, sport: int, target: str, dport: int, proto: int) -> Ends:
    here, there = (ip_address(source), sport), (ip_address(target), dport)
    if (int(here[0]), here[1]) > (int(there[0]), there[1]):
        here, there = there, here
    return (*here, *there, proto)

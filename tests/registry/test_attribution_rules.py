"""Pools, port blocks, leases, hosting and clocks, against rules that are told slowly (oracle.py)."""

import random
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_network

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facts.endpoint import Address, packed16
from registry.attribution import Attributor
from registry.model import (
    Assignment,
    Datum,
    Enterprise,
    Hosting,
    Line,
    NatBlock,
    RegistryData,
    Site,
    Use,
)
from tests.registry.oracle import expected, host

ENTERPRISES = tuple(Enterprise(f"U{n}", f"enterprise {n}", "", "test") for n in range(4))
SITES = tuple(Site(f"S{n}", f"site {n}", "990101", "", 0.5, 0.5, Datum.WGS_84, "test") for n in range(2))
PUBLIC, PRIVATE = 0xC633_6400, 0x6440_0000
V6 = ip_network("2001:db8::/126")
LAST = 12  # the last instant at which anything changes


def end_of(begin: int, lasts: int | None) -> int | None:
    return None if lasts is None else begin + lasts


@st.composite
def registries(draw: st.DrawFn) -> RegistryData:
    begins, lengths = st.integers(0, 8), st.one_of(st.none(), st.integers(1, 4))
    who, where, named = st.integers(0, 3), st.integers(0, 1), st.sampled_from(["L0", "L1", "a1", "L2"])
    lines = []
    for name in ("L0", "L1"):
        at = 0
        for _ in range(draw(st.integers(0, 2))):
            begin = at + draw(st.integers(0, 4))
            to = end_of(begin, draw(lengths))
            account = "a1" if name == "L1" else ""
            lines.append(Line(name, account, "", f"U{draw(who)}", f"S{draw(where)}", begin, to, "t"))
            if to is None:
                break
            at = to
    assignments = []
    for _ in range(draw(st.integers(0, 7))):
        use = draw(st.sampled_from([Use.LINE, Use.LINE, Use.LEASE, Use.NAT, Use.DYNAMIC]))
        realm = draw(st.sampled_from(["", "", "r"]))
        if not realm and draw(st.integers(0, 5)) == 0:
            prefix = draw(st.sampled_from([V6, ip_network("2001:db8::1/128"), ip_network("2001:db8::2/127")]))
        else:
            base = PRIVATE if realm else PUBLIC
            bits = draw(st.sampled_from([30, 31, 32, 32]))
            low = draw(st.integers(0, 3)) >> (32 - bits) << (32 - bits)
            prefix = IPv4Network((base + low, bits))
        begin = draw(begins)
        by_line = use is Use.LEASE or (use is Use.LINE and draw(st.booleans()))
        pool = use in (Use.NAT, Use.DYNAMIC)
        assignments.append(
            Assignment(
                prefix,
                "" if pool else draw(named),
                None if pool or by_line else f"U{draw(who)}",
                None if pool or by_line else f"S{draw(where)}",
                begin,
                end_of(begin, draw(lengths)),
                "t",
                realm,
                use,
            )
        )
    blocks = []
    for _ in range(draw(st.integers(0, 4))):
        first = draw(st.integers(0, 3))
        begin = draw(begins)
        private = None if draw(st.integers(0, 2)) == 0 else IPv4Address(PRIVATE + draw(st.integers(0, 3)))
        blocks.append(
            NatBlock(
                IPv4Address(PUBLIC + draw(st.integers(0, 1))),
                first,
                first + draw(st.integers(0, 2)),
                private,
                draw(named) if private is None else "",
                begin,
                end_of(begin, draw(lengths)),
                "t",
                "r",
            )
        )
    hosting = ()
    if draw(st.integers(0, 3)) == 0:
        begin = draw(begins)
        hosting = (Hosting("S0", "U0", f"U{draw(st.integers(1, 3))}", "", begin, end_of(begin, 3), "t"),)
    return RegistryData(ENTERPRISES, SITES, tuple(assignments), tuple(lines), tuple(blocks), hosting)


def questions() -> list[tuple[Address, int, int | None]]:
    addresses = [IPv4Address(PUBLIC + n) for n in (0, 1, 3)] + [IPv6Address("2001:db8::1")]
    return [
        (address, at, port)
        for address in addresses
        for at in range(-1, LAST + 1)
        for port in ((None, 0, 2) if address.version == 4 else (None,))
    ]


QUESTIONS = questions()


def columns(asked: list[tuple[Address, int, int | None]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    packed = b"".join(packed16(address) for address, _, _ in asked)
    halves = np.frombuffer(packed, ">u8").astype(np.uint64).reshape(-1, 2)
    ports = [-1 if port is None else port for _, _, port in asked]
    return halves, np.array([at for _, at, _ in asked], np.int64), np.array(ports, np.int64)


@settings(max_examples=60, deadline=None)
@given(registries(), st.integers(0, 2))
def test_every_answer_is_the_oracles_and_bulk_answers_are_the_same(
    data: RegistryData, tolerance: int
) -> None:
    who = Attributor(data, tolerance)
    bulk = who.attribute_many(*columns(QUESTIONS))
    for place, (address, at, port) in enumerate(QUESTIONS):
        answer = who.attribute(address, at, port)
        holders, missing = expected(data, address, at, port, tolerance)
        assert set(answer.missing) == missing, (address, at, port)
        if len(holders) == 1 and not missing:
            assert (answer.uscc, answer.line, answer.site) == next(iter(holders))
        else:
            assert not answer.certain
            assert answer.uscc is None
            assert {(c.uscc, c.line, c.site) for c in answer.candidates} == holders
            if holders:
                assert sum(c.probability for c in answer.candidates) == pytest.approx(1)
        assert bulk.attribution(place) == answer, (address, at, port)


@pytest.mark.prove
def test_a_million_questions_have_no_wrong_single_answer() -> None:
    rng = random.Random(20260301)
    wrong = singles = sets = 0
    for round_ in range(4000):
        data = generated(rng)
        tolerance = rng.choice((0, 0, 1, 3))
        asked = [
            (
                IPv4Address(PUBLIC + rng.randrange(4)),
                rng.randrange(-1, LAST + 2),
                rng.choice((None, 0, 1, 2, 4)),
            )
            for _ in range(250)
        ]
        bulk = Attributor(data, tolerance).attribute_many(*columns(asked))
        for place, (address, at, port) in enumerate(asked):
            answer = bulk.attribution(place)
            holders, missing = expected(data, address, at, port, tolerance)
            if answer.certain:
                singles += 1
                wrong += missing != set() or holders != {(answer.uscc, answer.line, answer.site)}
            else:
                sets += 1
                wrong += len(holders) == 1 and not missing
        assert wrong == 0, round_
    assert singles + sets == 1_000_000
    assert singles > 100_000
    print(f"{singles:,} single answers, {sets:,} sets, {wrong} wrong")


def generated(rng: random.Random) -> RegistryData:
    """A registry as crowded as real logs: reuse within instants, overlaps, gaps."""

    def period() -> tuple[int, int | None]:
        begin = rng.randrange(0, 9)
        return begin, rng.choice((None, begin + 1, begin + 2, begin + 5))

    assignments = [
        Assignment(IPv4Network((PUBLIC, rng.choice((29, 30)))), "L9", "U3", "S1", *period(), "t")
        for _ in range(rng.randrange(2))
    ]
    for realm, base in (("", PUBLIC), ("r", PRIVATE)):
        for _ in range(rng.randrange(6)):
            use = rng.choice((Use.LINE, Use.LINE, Use.LINE, Use.LEASE, Use.NAT, Use.DYNAMIC))
            bits = rng.choice((30, 31, 32))
            prefix = IPv4Network((base + (rng.randrange(4) >> (32 - bits) << (32 - bits)), bits))
            named = use is Use.LINE
            who = (f"U{rng.randrange(4)}", f"S{rng.randrange(2)}") if named else (None, None)
            line = rng.choice(("L0", "L1", "a1")) if use in (Use.LINE, Use.LEASE) else ""
            assignments.append(Assignment(prefix, line, *who, *period(), "t", realm, use))
    lines = [
        Line("L0", "", "", "U0", "S0", 0, 5, "t"),
        Line("L0", "", "", "U1", "S1", rng.randrange(5, 8), None, "t"),
    ]
    lines.append(Line("L1", "a1", "", "U2", "S0", *period(), "t"))
    blocks = []
    for _ in range(rng.randrange(5)):
        first = rng.randrange(3)
        private = IPv4Address(PRIVATE + rng.randrange(4)) if rng.random() < 0.8 else None
        line = "" if private else "L1"
        public = IPv4Address(PUBLIC + rng.randrange(2))
        blocks.append(NatBlock(public, first, first + rng.randrange(3), private, line, *period(), "t", "r"))
    hosting = (Hosting("S0", "U0", "U1", "", 2, 6, "t"),) if rng.random() < 0.2 else ()
    return RegistryData(ENTERPRISES, SITES, tuple(assignments), tuple(lines), tuple(blocks), hosting)


def test_an_address_that_is_given_out_again_within_minutes_belongs_to_each_in_its_time() -> None:
    minute = 60_000_000_000
    one, other = (
        Assignment(host(PUBLIC), "L", "U0", "S0", 0, 5 * minute, "log", "", Use.LINE),
        Assignment(host(PUBLIC), "M", "U1", "S0", 6 * minute, 9 * minute, "log", "", Use.LINE),
    )
    who = Attributor(RegistryData(ENTERPRISES, SITES, (one, other)), 2_000_000_000)
    asked = IPv4Address(PUBLIC)
    assert who.attribute(asked, 4 * minute).uscc == "U0"
    assert who.attribute(asked, 7 * minute).uscc == "U1"
    near = who.attribute(asked, 5 * minute - 1)
    assert (near.certain, near.missing) == (False, ("assignment", "time"))
    assert [c.uscc for c in near.candidates] == ["U0"]

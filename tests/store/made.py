"""Verdicts for tests of the store."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from facts.endpoint import parse_address
from facts.evidence import Evidence
from facts.names import Level, PeerState, Role
from facts.verdict import Hashrate, Machines, Pace, Peer, Power, Verdict, Weighed
from facts.where import Where

SECOND = 1_000_000_000


def verdict(address: str = "192.0.2.1", **fields: Any) -> Verdict:
    """A likely miner of XMR with one peer and one piece of evidence; `fields` replace its own."""
    at = parse_address(address)
    role = fields.get("role", Role.MINER)
    seen = Evidence(
        at, role, "stratum.share_accepted", Where("a.pcap", 7), 5 * SECOND, (("coin", "XMR"), ("n", 3)), 3
    )
    peer = Peer(parse_address("203.0.113.9"), 3333, Role.POOL, "stratum-cryptonote", PeerState.EXCHANGE)
    made = Verdict(
        source="a.pcap",
        address=at,
        role=role,
        level=Level.LIKELY,
        score=0.75,
        protocols=("stratum-cryptonote",),
        coins=("XMR",),
        algorithms=("rx/0",),
        encrypted=False,
        peers=(peer,),
        first_seen_ns=4 * SECOND,
        last_seen_ns=6 * SECOND,
        agents=("XMRig/6.21.0",),
        wallets=(),
        workers=None,
        pools=(),
        hashrate=(Hashrate("rx/0", 1000.0, 900.0, 1100.0),),
        evidence=(Weighed(seen, 6.5), Weighed(replace(seen, kind="dns.pool_name", params=()), -0.5)),
    )
    return replace(made, **fields)


# Hostile on purpose: NUL, backslashes, lone surrogates, escapes that look like the store's own.
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=12),
    st.sampled_from(["\x00", "\\", "\\0000", "\\\\0000", "\udc80", "示例", "%_'\";--"]),
)
NAMES = st.lists(TEXTS, max_size=3, unique=True).map(tuple)
ADDRESSES = st.one_of(
    st.integers(0, 2**32 - 1).map(
        lambda n: parse_address(f"{n >> 24}.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}")
    ),
    st.ip_addresses(v=6).filter(lambda a: a.ipv4_mapped is None),
)
TIMES = st.integers(0, 2**63 - 1)
COUNTS = st.integers(0, 2**62)
FLOATS = st.floats(allow_nan=False)
VALUES = st.one_of(TEXTS, st.integers(-(2**70), 2**70), FLOATS, st.booleans())
EVIDENCE = st.builds(
    Evidence,
    ADDRESSES,
    st.sampled_from(Role),
    TEXTS,
    st.builds(Where, TEXTS, st.none() | COUNTS, st.none() | COUNTS),
    TIMES,
    st.dictionaries(TEXTS, VALUES, max_size=3).map(lambda named: tuple(sorted(named.items()))),
    COUNTS,
)
PACES = st.builds(Pace, st.none() | TEXTS, TIMES, FLOATS, COUNTS, COUNTS, COUNTS, FLOATS, FLOATS, FLOATS)
RATES = st.builds(
    Hashrate, TEXTS, FLOATS, FLOATS, FLOATS, COUNTS, COUNTS, COUNTS, st.none() | FLOATS, FLOATS, COUNTS,
    st.lists(PACES, max_size=2).map(tuple),
)  # fmt: skip
VERDICTS = st.builds(
    Verdict,
    source=TEXTS,
    address=ADDRESSES,
    role=st.sampled_from(Role),
    level=st.sampled_from(Level),
    score=st.floats(0, 1),
    protocols=NAMES,
    coins=NAMES,
    algorithms=NAMES,
    encrypted=st.booleans(),
    peers=st.lists(
        st.builds(
            Peer,
            ADDRESSES,
            st.integers(0, 65535),
            st.none() | st.sampled_from(Role),
            TEXTS,
            st.sampled_from(PeerState),
        ),
        max_size=3,
    ).map(tuple),
    first_seen_ns=TIMES,
    last_seen_ns=TIMES,
    agents=NAMES,
    wallets=NAMES,
    workers=st.none() | COUNTS,
    pools=NAMES,
    hashrate=st.lists(RATES, max_size=2).map(tuple),
    rigs=NAMES,
    machines=st.none() | st.builds(Machines, COUNTS, COUNTS, COUNTS, st.booleans(), TEXTS),
    power=st.none()
    | st.builds(Power, FLOATS, FLOATS, FLOATS, st.tuples(FLOATS, FLOATS), st.just((("S19", 0.5),))),
    evidence=st.lists(st.builds(Weighed, EVIDENCE, st.floats(-100, 100)), max_size=3).map(tuple),
)

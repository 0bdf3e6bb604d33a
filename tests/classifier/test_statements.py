"""Statements: the earliest sighting of a kind is shown, all are counted, and none is changed."""

from ipaddress import ip_address

from hypothesis import given
from hypothesis import strategies as st

from classifier.kinds import Kind
from classifier.statements import ONCE, Statements
from classifier.talk import Seen
from facts.names import Role
from facts.where import Where

ADDRESS = ip_address("192.0.2.1")
sightings = st.lists(
    st.builds(
        lambda frame, text, count: Seen(Where("x.pcap", frame), frame // 2, text, count),
        st.integers(1, 6),
        st.sampled_from(["", "a", "b"]),
        st.integers(1, 5),
    ),
    min_size=1,
    max_size=6,
)


@given(sightings, st.randoms(use_true_random=False))
def test_the_order_of_sightings_does_not_matter_and_they_stay_as_they_are(
    seen: list[Seen], chance: object
) -> None:
    before = [(one.where, one.at_ns, one.text, one.count) for one in seen]
    told, other = Statements(ADDRESS, Role.MINER), Statements(ADDRESS, Role.MINER)
    for one in seen:
        told.state(Kind.MINER_SUBMIT, one, message=one.text, peer="x")
    mixed = list(seen)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    for one in mixed:
        other.state(Kind.MINER_SUBMIT, one, message=one.text, peer="x")
    assert told.evidence() == other.evidence()
    (shown,) = told.evidence()
    assert shown.count == sum(one.count for one in seen)
    assert shown.at_ns == min(one.at_ns for one in seen)
    assert [(one.where, one.at_ns, one.text, one.count) for one in seen] == before


def test_what_is_said_all_the_time_counts_once() -> None:
    told = Statements(ADDRESS, Role.NODE)
    told.state(Kind.NODE_MESSAGE, Seen(Where("x.pcap", 3), 30, "inv", 40), ONCE, peer="b", message="inv")
    told.state(Kind.NODE_MESSAGE, Seen(Where("x.pcap", 2), 20, "tx", 7), ONCE, peer="a", message="tx")
    (shown,) = told.evidence()
    assert (shown.count, shown.at_ns, shown.params) == (2, 20, (("message", "tx"), ("peer", "a")))
    assert told.first().at_ns == 20

"""Farm gateways: machines counted by their numbers, over connections that overlap or follow one another."""

from collections.abc import Iterable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from classifier.connection import Connection
from classifier.gateway import at_once, workers
from classifier.lessons import LESSONS
from classifier.machines import Machines
from classifier.talk import Sort, Talk
from facts.endpoint import Endpoint, parse_address
from protocols.events import Login, PoolEvent, Request, ShareResult, Submit
from protocols.parser import Side

AGENT, POOL = parse_address("198.51.100.7"), Endpoint(parse_address("203.0.113.9"), 1800)
COMMON: dict[str, Any] = {"protocol": "btcagent", "side": Side.CLIENT, "offset": 0}


def talk_of(*connections: Iterable[tuple[int, PoolEvent]]) -> Talk:
    talk = Talk(AGENT, POOL, "tcp", "stratum")
    for said in connections:
        connection = Connection()
        for at_ns, event in said:
            LESSONS[type(event)](talk, connection, event, at_ns)
    return talk


def joined(numbers: Iterable[int], at_ns: int) -> list[tuple[int, PoolEvent]]:
    return [(at_ns, Login(**COMMON, method="register", user="w", worker="w", session=n)) for n in numbers]


def left(number: int, at_ns: int) -> tuple[int, PoolEvent]:
    return at_ns, Request(**COMMON, method="unregister", session=number)


def test_machines_are_counted_by_number_not_by_name() -> None:
    assert workers([talk_of(joined(range(300), 1))]) == 300


def test_a_machine_that_comes_back_is_the_same_one() -> None:
    said = [*joined(range(10), 1), left(3, 2), *joined([3], 3), left(4, 4), *joined([77], 5)]
    assert at_once([talk_of(said)]) == 10


def test_connections_at_the_same_time_add_up_and_a_second_one_later_does_not() -> None:
    first, second = joined(range(10), 1), joined(range(20), 2)
    late = [(8, Submit(**COMMON, session=5))]
    assert at_once([talk_of([*first, *late], [*second, *late])]) == 30
    assert at_once([talk_of(first, joined(range(20), 9))]) == 20


def test_shares_tell_of_machines_whose_registration_was_missed() -> None:
    assert at_once([talk_of([(1, Submit(**COMMON, session=n % 7)) for n in range(50)])]) == 7


def test_what_names_no_machine_counts_none() -> None:
    share = Submit(**COMMON, job_id="1")
    answer = ShareResult(protocol="btcagent", side=Side.SERVER, offset=0, accepted=True, session=9)
    talk = talk_of([(1, share), (2, answer)])
    assert at_once([talk]) == 0
    assert workers([talk]) is None
    talk.name(Sort.WORKER, "a")
    assert workers([talk]) == 1


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 65535)), max_size=200))
def test_the_count_is_that_of_a_set(changes: list[tuple[bool, int]]) -> None:
    machines, there, most = Machines(0), set[int](), 0
    for at_ns, (joins, number) in enumerate(changes):
        if joins:
            machines.hear(number, at_ns)
            there.add(number)
        else:
            machines.leave(number, at_ns)
            there.discard(number)
        most = max(most, len(there))
    assert (machines.now, machines.most) == (len(there), most)

"""Stratum V2 under Noise: random bytes whose sizes pcaps/makers/stratum_v2_noise.py gives."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcaps.makers import stratum_v2 as plain
from pcaps.makers.stratum_v2_noise import Line, Noise, declarator, farm, messenger, miner, silent
from protocols import events
from protocols.observe import Observer
from protocols.parser import Event, Match, Side
from protocols.sv2_keys import looks_random
from protocols.sv2_noise import StratumV2Noise
from protocols.sv2_sizes import extended_tally, fewest, standard_tally
from protocols.table import PARSERS

C, S = Side.CLIENT, Side.SERVER
AT = 1_772_416_800


def follow(lines: Sequence[Line], parser: StratumV2Noise | None = None) -> list[Event]:
    parser = StratumV2Noise() if parser is None else parser
    return [event for _, side, data in lines for event in parser.feed(Side(side), data)]


def counts(told: Sequence[Event]) -> dict[str, int]:
    found = Counter(event.kind for event in told)
    found["accepted"] = sum(event.count for event in told if isinstance(event, events.ShareResult))
    found["blocks"] = sum(isinstance(event, events.Work) and event.clean is True for event in told)
    found["jobs"] = found["pool.work"] - found["blocks"]
    return found


SETUP = ["pool.subscribe", "pool.subscribed", "pool.login", "pool.login_result", "pool.work", "pool.work"]


def test_a_set_up_is_told_with_its_first_job_and_not_before() -> None:
    lines = miner("a")
    assert follow(lines[:7]) == []
    told = follow(lines[:8])
    assert [event.kind for event in told] == SETUP
    assert {(event.protocol, event.sealed) for event in told} == {("stratum-v2", True)}
    places = [(event.side, event.offset) for event in told]
    setup, success, opened = len(lines[2][2]), 44, 91
    assert places == [
        (C, 64),
        (S, 234),
        (C, 64 + setup),
        (S, 278),
        (S, 278),
        (S, 234 + success + opened + 83),
    ]


def test_shares_and_jobs_are_counted() -> None:
    found = counts(follow(miner("a")))
    # Eleven shares: the last was not answered and followed by another; one after the block may be stale.
    assert (found["pool.submit"], found["accepted"], found["jobs"], found["blocks"]) == (10, 9, 3, 2)


@pytest.mark.parametrize("cuts", [(), (536,), (1460,), (9000,)])
def test_a_farm_whose_first_jobs_left_in_one_piece_is_told_by_its_shares(cuts: tuple[int, ...]) -> None:
    lines = plain.cut(farm("b"), *cuts) if cuts else farm("b")
    told = follow(lines)
    assert [event.kind for event in told[:5]] == SETUP[:5]
    found = counts(told)
    # 19 shares in 16 turns, the last of them unfollowed; jobs: the first and those of every fourth turn.
    assert (found["pool.submit"], found["accepted"], found["jobs"]) == (18, 18, 4)


@pytest.mark.parametrize("lines", [messenger("c"), silent("d"), declarator("e")])
def test_the_same_keys_with_other_flights_behind_them_say_nothing(lines: list[Line]) -> None:
    parser = StratumV2Noise()
    assert follow(lines, parser) == []
    assert parser.finished or len(lines) == 2


@pytest.mark.parametrize(
    "sizes", [(83, 83, 86), (91, 169), (260,), (91, 83, 74, 86), (117, 400, 86), (93, 700, 160)]
)
def test_the_first_flight_of_a_pool_may_be_cut_as_it_likes(sizes: tuple[int, ...]) -> None:
    noise = Noise("x")
    told = follow([*miner("a")[:5], *[(0.0, S, noise.random(size)) for size in sizes]])
    assert [event.kind for event in told] == SETUP


@pytest.mark.parametrize(
    "sizes", [(82, 83, 86), (120, 83, 86), (91, 171), (251,), (91, 83), (118, 400, 86), (93, 700)]
)
def test_a_byte_more_or_less_is_another_protocol(sizes: tuple[int, ...]) -> None:
    noise = Noise("x")
    assert follow([*miner("a")[:5], *[(0.0, S, noise.random(size)) for size in sizes]]) == []


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("change", [-1, 1])
def test_each_flight_of_the_set_up_is_exact(place: int, change: int) -> None:
    lines = miner("a")
    size = len(lines[place][2]) + change
    if place in (2, 4):  # the set-up and the request for a channel have ranges
        size = {2: (54, 1330), 4: (79, 20_000)}[place][change > 0]
    lines[place] = (0.0, lines[place][1], Noise("y").random(size))
    assert follow(lines) == []


def test_extensions_may_be_agreed_on_first() -> None:
    noise, lines = Noise("z"), miner("a")
    agreed = [
        (0.0, C, noise.sealed(plain.request_extensions(2))),
        (0.0, S, noise.sealed(plain.request_extensions_success(2))),
    ]
    assert [event.kind for event in follow([*lines[:4], *agreed, *lines[4:8]])] == SETUP


@dataclass
class Draft:
    """A conversation as drafts had it: other keys, other sealing."""

    acts: Sequence[bytes]
    added: int
    lines: list[Line] = field(default_factory=list)

    def session(self) -> list[Line]:
        noise = Noise("draft")
        lines = [(0.0, turn % 2, act) for turn, act in enumerate(self.acts)]
        for _, side, payload in plain.miner():
            frames, at = [], 0
            while at < len(payload):
                size = int.from_bytes(payload[at + 3 : at + 6], "little")
                frames.append((0.0, side, noise.random(size + self.added)))
                at += 6 + size
            lines += frames
        return lines


def acts(*sizes: int | bytes) -> list[bytes]:
    noise = Noise("acts")
    return [noise.random(one) if isinstance(one, int) else one for one in sizes]


@pytest.mark.parametrize(
    "draft",
    [
        Draft(acts(32, 170), 38),
        Draft(acts(33, 172), 38),
        Draft(acts(b"STR3\x01SCHS", b"SCHS", 32, 170), 24),
        Draft(acts(b"STR3\x02SCHSSAGS", b"SAGS", 32, 170), 24),
        Draft(acts(b"\x09\x00STR3\x01AESG", b"\x04\x00AESG", 34, 172), 24),
    ],
    ids=["x-only", "compressed", "proposal", "proposal-of-two", "length-before"],
)
def test_drafts_are_told_as_well(draft: Draft) -> None:
    lines = draft.session()
    observer = Observer([parser for parser in PARSERS if parser.transport == "tcp"])
    ends = [0, 0]
    told = []
    for _, side, data in lines:
        told += observer.feed(Side(side), ends[side], data)
        ends[side] += len(data)
    assert isinstance(observer.parser, StratumV2Noise)
    found = counts([event for _, event in told])
    assert (found["pool.subscribe"], found["jobs"], found["blocks"]) == (1, 4, 2)
    assert found["pool.submit"] == 6  # of seven, the last of which nothing follows


def test_a_proposal_must_be_answered_with_one_of_its_own() -> None:
    heads = {C: b"STR3\x01SCHS", S: b"AESG"}
    assert StratumV2Noise.probe(heads) is Match.NO
    assert StratumV2Noise.probe({C: b"STR3\x01SCHS"}) is Match.MORE


def test_probes_believe_exact_keys_that_look_random_only() -> None:
    noise = Noise("p")
    key, answer = noise.random(64), noise.random(234)
    assert StratumV2Noise.probe({C: key}) is Match.MORE
    assert StratumV2Noise.probe({C: key, S: answer[:100]}) is Match.MORE
    assert StratumV2Noise.probe({C: key, S: answer}) is Match.YES
    for heads in (
        {C: key + b"x"},
        {C: key[:63], S: answer},
        {C: key, S: answer + b"x"},
        {C: bytes(64)},
        {C: b'{"id":1,"method":"mining.subscribe","params":["x/1.0"]}\n'.ljust(64)},
        {C: key, S: bytes(234)},
        {S: answer},
    ):
        assert StratumV2Noise.probe(heads) is Match.NO, heads


def test_random_bytes_look_random_and_text_does_not() -> None:
    for seed in range(2000):
        assert looks_random(random.Random(seed).randbytes(64))
        assert looks_random(random.Random(seed).randbytes(234))
    assert not looks_random(b"GET / HTTP/1.1\r\nHost: pool.example\r\nUser-Agent: curl/8.5.0\r\n\r\n")
    assert not looks_random(bytes(range(32)) * 8)


def test_nothing_is_believed_of_a_set_up_with_a_gap() -> None:
    lines = miner("a")
    for place in range(2, 8):
        parser = StratumV2Noise()
        told = follow(lines[:place], parser)
        parser.gap(S, 10)
        assert told + follow(lines[place:], parser) == []
        assert parser.finished


def test_after_a_gap_nothing_is_counted_until_a_share_is_answered_alone() -> None:
    lines = miner("a")
    parser = StratumV2Noise()
    before = counts(follow(lines[:14], parser))
    parser.gap(S, 58)
    assert follow(lines[14:16], parser) == []
    after = counts(follow(lines[16:], parser))
    assert before["pool.submit"] + after["pool.submit"] < 10
    assert 0 < after["accepted"] <= after["pool.submit"]


@dataclass
class Truth:
    """A generated session, and what is in it."""

    lines: list[Line]
    shares: int = 0
    accepted: int = 0
    jobs: int = 1
    blocks: int = 1


def session(seed: int) -> Truth:
    """Return a session of random course: kind of channel, coalescing, batches of answers, stale shares."""
    rng = random.Random(seed)
    noise = Noise(f"session {seed}")
    extended = rng.random() < 0.5
    batch = rng.choice([1, 1, 1, 5])
    size = rng.choice([2, 4, 8, 16])
    truth = Truth(noise.keys())
    say = truth.lines.append
    user = "account." + "w" * rng.randint(1, 40)
    target, prefix = plain.target_of(1e4), bytes(rng.randint(0, 16))
    say(
        (
            0,
            C,
            noise.sealed(
                plain.setup_connection(vendor="v" * rng.randint(1, 30), host="h" * rng.randint(0, 40))
            ),
        )
    )
    say((0, S, noise.sealed(plain.setup_success())))
    if extended:
        say((0, C, noise.sealed(plain.open_extended(1, user, 1e12, target, size))))
        first = [
            plain.open_extended_success(1, 2, target, size, prefix, 1),
            plain.new_extended_job(2, 1, None, 900_000, rng.randint(0, 13)),
            plain.new_prev_hash(2, 1, AT),
        ]
    else:
        say((0, C, noise.sealed(plain.open_standard(1, user, 1e12, target))))
        first = [
            plain.open_standard_success(1, 2, target, prefix, 1),
            plain.new_job(2, 1, None, bytes(32)),
            plain.new_prev_hash(2, 1, AT),
        ]
    write(truth, noise, rng, S, first)
    waiting = 0
    for turn in range(rng.randint(5, 60)):
        pushed = []
        if rng.random() < 0.15:
            active = AT if rng.random() < 0.7 else None
            truth.jobs += 1
            if extended:
                pushed.append(plain.new_extended_job(2, turn, active, 900_000, rng.randint(0, 13)))
            else:
                pushed.append(plain.new_job(2, turn, active, bytes(32)))
            if active is None:
                truth.blocks += 1
                pushed.append(plain.new_prev_hash(2, turn, AT))
        if rng.random() < 0.05:
            pushed.append(plain.set_target(2, target))
        write(truth, noise, rng, S, pushed)
        sent = rng.choice([1, 1, 1, 2, 3])
        truth.shares += sent
        waiting += sent
        one = plain.extended_share(2, turn, 1, AT, bytes(size)) if extended else plain.share(2, turn, 1, AT)
        write(truth, noise, rng, C, [one] * sent)
        answers = []
        if rng.random() < 0.03:
            waiting -= 1
            answers.append(plain.share_error(2, turn, "difficulty-too-low"))
        while waiting >= batch:
            waiting -= batch
            truth.accepted += batch
            answers.append(plain.share_success(2, turn, batch, 1))
        write(truth, noise, rng, S, answers)
    return truth


def write(truth: Truth, noise: Noise, rng: random.Random, side: Side, frames: Sequence[bytes]) -> None:
    """Write frames one by one or together, and cut at 1,460 bytes as TCP does."""
    sealed = [noise.sealed(frame) for frame in frames]
    if rng.random() < 0.4:
        sealed = [b"".join(sealed)] if sealed else []
    for data in sealed:
        truth.lines += [(0.0, side, data[at : at + 1460]) for at in range(0, len(data), 1460)]


@pytest.mark.parametrize("seed", range(150))
def test_never_more_is_counted_than_there_was(seed: int) -> None:
    truth = session(seed)
    found = counts(follow(truth.lines))
    assert found["pool.submit"] <= truth.shares
    assert found["accepted"] <= truth.accepted
    assert found["jobs"] <= truth.jobs
    assert found["blocks"] <= truth.blocks


def test_most_of_what_there_was_is_counted() -> None:
    sums: Counter[str] = Counter()
    for seed in range(150):
        truth = session(seed)
        found = counts(follow(truth.lines))
        sums.update(found)
        sums.update(true_shares=truth.shares, true_jobs=truth.jobs, sessions=1)
    assert sums["pool.subscribe"] / sums["sessions"] > 0.95
    assert sums["pool.submit"] / sums["true_shares"] > 0.8
    assert sums["jobs"] / sums["true_jobs"] > 0.6


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("longest", [1, 7, 60, 200])
def test_no_cut_of_the_segments_invents_a_share(seed: int, longest: int) -> None:
    truth = session(seed)
    rng = random.Random(seed)
    lines = plain.cut(truth.lines, *[rng.randint(1, longest) for _ in range(97)])
    found = counts(follow(lines))
    assert found["pool.submit"] <= truth.shares
    assert found["pool.subscribe"] <= 1


def test_sums_are_taken_apart_to_the_least_of_each_message() -> None:
    assert standard_tally(58, 38, 9).successes == 1  # type: ignore[union-attr]
    assert standard_tally(58, 38, 0) is None
    assert standard_tally(145, 38, 9).jobs == 1  # type: ignore[union-attr]
    twice = standard_tally(174, 38, 9)  # three acceptances, or two jobs
    assert twice is not None
    assert (twice.successes, twice.jobs) == (0, 0)
    assert standard_tally(174, 38, 2).jobs == 2  # type: ignore[union-attr]
    assert standard_tally(59, 38, 9) is None
    assert extended_tally(116, 38, 2).successes == 2  # type: ignore[union-attr]
    assert extended_tally(610, 38, 2).jobs == 1  # type: ignore[union-attr]
    assert extended_tally(142, 38, 0) is None
    assert fewest(186, (62,)) == 3
    assert fewest(62 * 100, (62,)) == 100
    assert fewest(63, (62,)) is None


def test_what_is_remembered_stays_small() -> None:
    parser = StratumV2Noise()
    follow(miner("a")[:8], parser)
    noise = Noise("flood")
    for _ in range(2000):
        list(parser.feed(S, noise.random(87)))
    assert len(parser._run) <= 256
    for turn in range(2000):
        list(parser.feed(Side(turn % 2), noise.random(1 + turn % 50)))
    assert len(parser._shares) <= 16
    assert parser.finished


@given(st.lists(st.tuples(st.sampled_from([C, S]), st.integers(0, 400)), max_size=40), st.booleans())
def test_no_sizes_raise(flights: list[tuple[Side, int]], begun: bool) -> None:
    parser = StratumV2Noise()
    noise = Noise("h")
    if begun:
        follow(miner("a")[:8], parser)
    for side, size in flights:
        list(parser.feed(side, noise.random(size)))
        if size == 0:
            parser.gap(side, 3)


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_probes_never_raise(client: bytes, server: bytes) -> None:
    StratumV2Noise.probe({C: client, S: server})
    StratumV2Noise.probe({C: b"STR3" + client, S: server})


@pytest.mark.prove
def test_of_thousands_of_sessions_none_is_counted_too_high() -> None:
    for seed in range(1000, 5000):
        truth = session(seed)
        found = counts(follow(truth.lines))
        assert found["pool.submit"] <= truth.shares, seed
        assert found["accepted"] <= truth.accepted, seed
        assert found["jobs"] <= truth.jobs, seed
        assert found["blocks"] <= truth.blocks, seed


def test_places_are_those_of_the_whole_stream_where_the_session_begins_within_it() -> None:
    observer = Observer([StratumV2Noise])
    ends = [1_000, 5_000]  # behind a proxy's preamble
    told = []
    for _, side, data in miner("a")[:8]:
        told += observer.feed(Side(side), ends[side], data)
        ends[side] += len(data)
    setup, opened = told[0], told[2]
    assert (setup[0], opened[0]) == (1_064, 1_064 + len(miner("a")[2][2]))
    assert told[1][0] == 5_234

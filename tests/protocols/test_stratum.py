"""Every dialect in written dialogues, and the same dialogues in any cut, with holes, and spoiled."""

import random
import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from facts.errors import ParseError
from protocols.events import (
    Login,
    PoolEvent,
    ShareResult,
    Submit,
    Subscribe,
    Subscribed,
    Work,
)
from protocols.parser import Event, Match, Side
from protocols.stratum import Stratum
from tests.protocols import dialogue
from tests.protocols.dialogue import Dialogue
from tests.protocols.wire import drain

DIALOGUES = dialogue.written()
LOOKALIKES = [one for one in DIALOGUES if one.name.startswith("lookalike-")]
MINING = [one for one in DIALOGUES if one not in LOOKALIKES]
QUOTED = ("echo", "log_in_one_direction")
"""Mining that is said back or sent as content: what it holds depends on where one begins to read."""
SHORT = [one for one in MINING if sum(len(data) for _, data in one.said) < 6000]


def by_name(one: Dialogue) -> str:
    return one.name


@pytest.mark.parametrize("one", DIALOGUES, ids=by_name)
def test_each_message_gives_the_events_that_are_written_down(one: Dialogue) -> None:
    parser = Stratum()
    for (side, data), refused, expected in zip(one.said, one.refused, one.events, strict=True):
        events: list[Event] = []
        error = None
        try:
            events.extend(parser.feed(side, data))
        except ParseError as caught:
            error = caught
        assert [dialogue.told(event) for event in events] == list(expected), data
        assert (error is not None) is refused, data


def test_the_dialogues_hold_every_dialect_and_enough_look_alikes() -> None:
    names = {line.split()[0] for one in MINING for events in one.events for line in events}
    assert names >= {
        f"stratum-{name}"
        for name in ("bitcoin", "cryptonote", "ethproxy", "ethereum", "equihash", "kawpow", "kaspa")
    }
    assert len(LOOKALIKES) >= 6
    assert all(not events for one in LOOKALIKES for events in one.events)


@pytest.mark.parametrize("one", DIALOGUES, ids=by_name)
@pytest.mark.parametrize("size", [1, 7, 1448])
def test_the_same_events_however_the_bytes_are_cut(one: Dialogue, size: int) -> None:
    assert dialogue.play(one.said, [size]) == dialogue.play(one.said)


@given(st.sampled_from(MINING), st.lists(st.integers(1, 400), min_size=1, max_size=30))
@settings(max_examples=100, deadline=None)
def test_the_same_events_in_random_cuts(one: Dialogue, cuts: list[int]) -> None:
    assert dialogue.play(one.said, cuts) == dialogue.play(one.said)


@pytest.mark.parametrize("one", [d for d in MINING if d.name not in QUOTED], ids=by_name)
def test_every_event_is_said_by_the_side_of_its_sender_at_its_offset(one: Dialogue) -> None:
    streams = {side: b"".join(data for who, data in one.said if who is side) for side in Side}
    miner: set[Side] = set()
    for event in dialogue.play(one.said):
        assert isinstance(event, PoolEvent)
        assert streams[event.side][event.offset : event.offset + 1] == b"{"
        assert event.offset == 0 or streams[event.side][event.offset - 1 : event.offset] == b"\n"
        miner.add(event.side if event.sender == "miner" else event.side.other)
    assert len(miner) == 1


@pytest.mark.parametrize("one", [d for d in MINING if d.name not in QUOTED], ids=by_name)
def test_a_capture_that_begins_mid_stream_tells_what_is_told_from_there_on_or_less(one: Dialogue) -> None:
    for start in range(len(one.said)):
        rest = one.said[start:]
        late = dialogue.play([(rest[0][0], b'cut":"off"}\n'), *rest])
        kinds = [event.kind for event in late]
        whole = [event.kind for event in dialogue.play(one.said)]
        assert all(kinds.count(kind) <= whole.count(kind) for kind in set(kinds))


@pytest.mark.parametrize("one", [d for d in MINING if d.name not in QUOTED], ids=by_name)
def test_a_hole_invents_nothing_and_the_next_line_is_read_again(one: Dialogue) -> None:
    whole = {(event.kind, event.side, event.offset) for event in dialogue.play(one.said)}
    for lost in range(len(one.said)):
        parser = Stratum()
        events: list[Event] = []
        for place, (side, data) in enumerate(one.said):
            if place == lost:
                cut = len(data) // 3
                events += drain(parser, side, data[:cut])
                parser.gap(side, len(data) - 2 * cut)
                events += drain(parser, side, data[len(data) - cut :])
            else:
                events += drain(parser, side, data)
        assert {(event.kind, event.side, event.offset) for event in events} <= whole


def test_an_answer_is_not_believed_when_its_question_was_before_a_hole() -> None:
    parser = Stratum()
    share = b'{"id":4,"method":"mining.submit","params":["a.b","1","0011223344","665f0001","00112233"]}\n'
    assert [type(event) for event in parser.feed(Side.CLIENT, share)] == [Submit]
    parser.gap(Side.SERVER, 38)
    assert list(parser.feed(Side.SERVER, b'{"id":4,"result":true,"error":null}\n')) == []


def test_hashes_that_a_node_was_asked_for_are_no_work_whatever_they_begin_with() -> None:
    parser = Stratum()
    ask = b'{"jsonrpc":"2.0","id":4,"method":"eth_getFilterChanges","params":["0x2"]}\n'
    hashes = f'"0x{"ab" * 32}","0x{"cd" * 32}","0x{dialogue.WORDS["ETHTARGET"]}"'
    answer = f'{{"jsonrpc":"2.0","id":4,"result":[{hashes}]}}\n'.encode()
    assert list(parser.feed(Side.CLIENT, ask)) == []
    assert list(parser.feed(Side.SERVER, answer)) == []
    assert [type(event) for event in parser.feed(Side.SERVER, answer)] == [Work]


def test_job_names_the_dialect_and_later_events_keep_it() -> None:
    (kawpow,) = (one for one in MINING if one.name == "stratum-kawpow")
    names = [event.protocol for event in dialogue.play(kawpow.said)]
    assert names[-3:] == ["stratum-kawpow"] * 3
    assert "stratum-bitcoin" not in names


def test_ids_match_by_value_and_kind_and_side() -> None:
    parser = Stratum()
    submit = b'{"id":%s,"method":"mining.submit","params":["a.b","1","00112233","665f0001","00112233"]}\n'
    list(parser.feed(Side.CLIENT, submit % b"1"))
    assert list(parser.feed(Side.SERVER, b'{"id":"1","result":true}\n')) == []
    assert list(parser.feed(Side.CLIENT, b'{"id":1,"result":true}\n')) == []
    (result,) = parser.feed(Side.SERVER, b'{"id":1,"result":true}\n')
    assert isinstance(result, ShareResult)
    assert result.accepted


@pytest.mark.parametrize("one", LOOKALIKES, ids=by_name)
@pytest.mark.parametrize("swapped", [False, True])
def test_a_look_alike_says_nothing_in_any_cut_or_order(one: Dialogue, swapped: bool) -> None:
    said = [(side.other if swapped else side, data) for side, data in one.said]
    for seed in range(20):
        said = random.Random(seed).sample(said, len(said))
        assert dialogue.play(said, [1 + 37 * seed]) == []


@given(st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_rubbish_between_messages_costs_no_message(data: st.DataObject) -> None:
    one = data.draw(st.sampled_from(SHORT))
    rubbish = st.binary(max_size=60).filter(  # a head of HTTP or a frame of BTCAgent would be something else
        lambda part: not re.search(rb"\n|^\s*\{|^\s*[A-Z]{3,8}[ /]|\x7f", part)
    )
    said = [(side, data.draw(rubbish) + b"\n" + line) for side, line in one.said]
    clean = [replace(event, offset=0) for event in dialogue.play(one.said)]
    assert [replace(event, offset=0) for event in dialogue.play(said)] == clean


@given(st.lists(st.tuples(st.sampled_from(Side), st.binary(max_size=300)), max_size=12))
@settings(max_examples=200, deadline=None)
def test_any_bytes_say_nothing_or_raise_parse_error(said: list[tuple[Side, bytes]]) -> None:
    parser = Stratum()
    for side, data in said:
        assert drain(parser, side, data + b"\n") == []
    assert Stratum.probe({Side.CLIENT: b"".join(data for _, data in said), Side.SERVER: b""}) in Match


@given(st.sampled_from(MINING), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_spoiled_dialogues_raise_only_parse_errors(one: Dialogue, chance: random.Random) -> None:
    parser = Stratum()
    for side, data in one.said:
        spoiled = bytearray(data)
        for _ in range(chance.randint(0, 4)):
            spoiled[chance.randrange(len(spoiled))] = chance.randrange(256)
        drain(parser, side, bytes(spoiled))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("ab" * 32),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_known_methods_with_any_params_raise_only_parse_errors(data: st.DataObject) -> None:
    import json

    from protocols.stratum_dialects import REQUESTS

    parser = Stratum()
    for _ in range(4):
        method = data.draw(st.sampled_from(sorted(REQUESTS)))
        key = data.draw(st.sampled_from(["params", "body", "result"]))
        request = {"id": 1, "method": method, key: data.draw(JSON)}
        answer = {"id": 1, "result": data.draw(JSON), "error": data.draw(JSON)}
        drain(parser, Side.CLIENT, json.dumps(request).encode() + b"\n")
        drain(parser, Side.SERVER, json.dumps(answer).encode() + b"\n")


def test_what_a_miner_writes_is_kept_short_and_printable() -> None:
    name = "\\u001b[31m" + "x" * 5000 + "\\ud800"
    line = f'{{"id":1,"method":"mining.authorize","params":["acc.{name}","x"]}}\n'.encode()
    (login,) = Stratum().feed(Side.CLIENT, line)
    assert isinstance(login, Login)
    assert len(login.user) == 256
    assert login.user.isprintable()
    assert login.worker is not None
    assert login.worker.isprintable()


def test_a_name_in_another_encoding_is_read() -> None:
    line = b'{"id":1,"method":"mining.authorize","params":["acc.' + "矿机".encode("gbk") + b'","x"]}\n'
    (login,) = Stratum().feed(Side.CLIENT, line)
    assert isinstance(login, Login)
    assert login.worker == "\ufffd" * 4


@pytest.mark.parametrize(
    "line",
    [
        b'{"id":1,"method":"mining.subscribe","params":["a"]}{"id":2,"method":"mining.subscribe","params":["b"]}\n',
        b'[{"id":1,"method":"mining.subscribe","params":["a"]},{"id":2,"method":"mining.subscribe","params":["b"]}]\n',
        b'\r\n\n \r\n{"id":1,"method":"mining.subscribe","params":["a"]}\r\n\n'
        b'\xef\xbb\xbf {"id":2,"method":"mining.subscribe","params":["b"]}\r\n',
        b'\0{"id":1,"method":"mining.subscribe","params":["a"]}\n\0\n{"id":2,"method":"mining.subscribe","params":["b"]}\n',
        b'{"id":1,"m\\u0065thod":"mining.\\u0073ubscribe","params":["a"]}\n{"id":2,"method":"mining.subscribe","params":["b"]}\n',
    ],
    ids=["two in a line", "batch", "blank lines and a byte order mark", "NUL", "escaped"],
)
def test_framing_as_seen_in_the_wild(line: bytes) -> None:
    events = list(Stratum().feed(Side.CLIENT, line))
    assert [event.agent for event in events if isinstance(event, Subscribe)] == ["a", "b"]


def test_a_subscription_needs_the_structure_of_its_dialect() -> None:
    for result in (b"true", b'"ok"', b"{}", b"[]", b'["a"]', b'["a","b"]', b'[[],"zz",4]', b'[[],"00",true]'):
        parser = Stratum()
        list(parser.feed(Side.CLIENT, b'{"id":1,"method":"mining.subscribe","params":["x"]}\n'))
        events = list(parser.feed(Side.SERVER, b'{"id":1,"result":%s,"error":null}\n' % result))
        assert not any(isinstance(event, Subscribed | Work) for event in events), result

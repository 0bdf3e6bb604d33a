"""Webhooks: where they may lead, how messages are signed, and a real receiver that fails at first."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from facts.errors import SettingsError
from facts.instant import NS, instant
from store.database import Database
from supervision.warnings import deliver as delivering
from supervision.warnings.deliver import MAX_TRIES, deliver, enqueue, hook_states, wait_s
from supervision.warnings.guard import NotReachable, target
from supervision.warnings.hooks import SIGNATURE, Hook, is_signed, read_hooks, signature
from supervision.warnings.kept import WarningStore
from supervision.warnings.rules import shipped
from supervision.warnings.signals import Signal
from tests.store.conftest import db as db
from tests.store.conftest import postgres as postgres
from tests.store.conftest import postgres_db as postgres_db

BOOK = shipped()
NOW_NS = 1_772_352_000 * NS
SECRET = "correct horse battery"


@pytest.mark.parametrize(
    ("address", "allow", "says"),
    [
        ("127.0.0.1", (), "loopback"),
        ("::1", (), "loopback"),
        ("::ffff:127.0.0.1", (), "loopback"),
        ("10.1.2.3", (), "private"),
        ("192.168.0.9", ("loopback",), "private"),
        ("fd00::9", (), "private"),
        ("64:ff9b::a00:1", (), "private"),  # 10.0.0.1 behind NAT64
        ("2002:7f00:1::", (), "loopback"),  # 127.0.0.1 in 6to4
        ("169.254.169.254", ("loopback", "private"), "metadata"),
        ("100.100.100.200", ("private",), "metadata"),
        ("169.254.1.1", ("private",), "no host's own"),
        ("224.0.0.1", ("private",), "no host's own"),
        ("0.0.0.0", ("private", "loopback"), "no host's own"),
    ],
)
def test_a_hook_leads_to_no_place_that_was_not_allowed(
    address: str, allow: tuple[str, ...], says: str
) -> None:
    with pytest.raises(NotReachable, match=says):
        target("https://hook.example.org/x", allow, lambda host, port: ["93.184.215.14", address])


@pytest.mark.parametrize(
    "url",
    [
        "http://hook.example.org/",
        "ftp://hook.example.org/",
        "https://user@hook.example.org/",
        "https://hook.example.org/#x",
        "https:///x",
        "https://[::1",
        "file:///etc/passwd",
    ],
)
def test_odd_urls_are_refused(url: str) -> None:
    with pytest.raises(NotReachable):
        target(url, (), lambda host, port: ["93.184.215.14"])


def test_the_address_that_was_checked_is_the_one_that_is_used() -> None:
    found = target("https://hook.example.org/a?b=c", (), lambda host, port: ["93.184.215.14"])
    assert (found.host, found.address, found.port, found.path) == (
        "hook.example.org", "93.184.215.14", 443, "/a?b=c",
    )  # fmt: skip
    assert target("http://x.example/", ("private",), lambda host, port: ["10.0.0.9"]).port == 80


def test_a_signature_by_hand_and_what_breaks_it() -> None:
    # printf '100.{}' | openssl dgst -sha256 -hmac 'correct horse battery'
    made = signature(SECRET, 100, b"{}")
    assert made == f"t=100,v1={made[9:]}"
    assert is_signed(SECRET, made, b"{}", 101)
    assert not is_signed(SECRET, made, b"{ }", 101)
    assert not is_signed(SECRET, made, b"{}", 500)
    assert not is_signed("another secret, long", made, b"{}", 101)
    assert not is_signed(SECRET, "v1=00", b"{}", 101)


class Receiver(BaseHTTPRequestHandler):
    statuses: list[int]
    taken: list[tuple[str, bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).taken.append((self.headers[SIGNATURE], body))
        status = type(self).statuses.pop(0) if type(self).statuses else 200
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@contextmanager
def receiver(*statuses: int) -> Iterator[tuple[str, type[Receiver]]]:
    kind = type("One", (Receiver,), {"statuses": list(statuses), "taken": []})
    with HTTPServer(("127.0.0.1", 0), kind) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hook", kind
        server.shutdown()
        thread.join()


def hook(url: str, **other: object) -> Hook:
    made = Hook("province", url, SECRET, "330000", "low", ("raised", "escalated"), ("loopback",))
    return replace(made, **other)  # type: ignore[arg-type]


def signal(n: int, division: str = "330102") -> Signal:
    texts = {"project": f"pj-{n}", "enterprise": "甲", "site": "s", "known": "no"}
    return Signal("hit", division, instant(NOW_NS), texts, {"kw": 500.0}, (f"verdict:{n}",))


def raised(db: Database, hooks: list[Hook], *signals: Signal) -> None:
    now = instant(NOW_NS)
    WarningStore(db).scan(BOOK, signals, now, lambda c, entries: enqueue(c, hooks, entries, now))


def test_a_message_is_tried_again_later_and_arrives_once_signed(db: Database) -> None:
    with receiver(503, 302, 200) as (url, kind):
        hooks = [hook(url)]
        raised(db, hooks, signal(1), signal(2, "440100"))  # the second is another province's
        clock = [NOW_NS]
        seen = []
        for _ in range(6):
            done = deliver(db, hooks, BOOK, lambda: clock[0])
            seen.append((done.delivered, done.failed))
            clock[0] += 100 * NS
        assert seen == [(0, 1), (0, 1), (1, 0), (0, 0), (0, 0), (0, 0)]
        assert len(kind.taken) == 3  # a redirect is no arrival, and is not followed
        header, body = kind.taken[-1]
        assert is_signed(SECRET, header, body, (NOW_NS + 200 * NS) // NS)
        told = json.loads(body)
        assert (told["kind"], told["severity"], told["division"]) == ("raised", "high", "330102")
        assert "清单外发现挖矿" in told["sentence"]["zh-CN"]
        assert {body for _, body in kind.taken} == {body}
    [state] = hook_states(db)
    assert (state.waiting, state.given_up, state.dropped) == (0, 0, 0)
    assert state.last_ok is not None


def test_what_is_refused_by_the_guard_never_leaves_and_is_given_up_in_the_end(db: Database) -> None:
    with receiver() as (url, kind):
        hooks = [hook(url, allow=())]
        raised(db, hooks, signal(1))
        clock = [NOW_NS]
        for _ in range(MAX_TRIES + 3):
            deliver(db, hooks, BOOK, lambda: clock[0])
            clock[0] += 86_400 * NS
        assert kind.taken == []
    [state] = hook_states(db)
    assert (state.waiting, state.given_up) == (0, 1)
    assert "loopback: not allowed" in state.error


def test_the_queue_is_bounded_and_counts_what_it_drops(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering, "MAX_WAITING", 3)
    raised(db, [hook("https://x.example/")], *(signal(n) for n in range(5)))
    [state] = hook_states(db)
    assert (state.waiting, state.dropped) == (3, 2)
    assert len(WarningStore(db).page("000000")) == 5  # the warnings themselves are kept


def test_two_that_deliver_at_once_send_each_message_once(db: Database) -> None:
    with receiver() as (url, kind):
        hooks = [hook(url)]
        raised(db, hooks, *(signal(n) for n in range(12)))
        both = [threading.Thread(target=deliver, args=(db, hooks, BOOK, lambda: NOW_NS)) for _ in range(2)]
        for one in both:
            one.start()
        for one in both:
            one.join()
        assert len(kind.taken) == len({body for _, body in kind.taken}) == 12


def test_a_message_tells_what_was_so_at_its_event(db: Database) -> None:
    hooks = [hook("https://x.example/")]
    raised(db, hooks, signal(1))
    later = instant(NOW_NS) + timedelta(days=30)
    WarningStore(db).escalate(later, lambda c, entries: enqueue(c, hooks, entries, later))
    bodies: list[dict[str, object]] = []

    def taking(hook: Hook, to: object, headers: object, body: bytes) -> int:
        bodies.append(json.loads(body))
        return 204

    public = lambda host, port: ["93.184.215.14"]  # noqa: E731
    deliver(db, hooks, BOOK, lambda: NOW_NS + 40 * 86_400 * NS, public, taking)
    assert [(one["kind"], one["level"]) for one in bodies] == [
        ("raised", "county"), ("escalated", "city"), ("escalated", "province"), ("escalated", "central"),
    ]  # fmt: skip


def test_waits_double_up_to_six_hours() -> None:
    waits = [wait_s(tries, 0) for tries in range(1, MAX_TRIES + 1)]
    assert waits[:4] == [30, 60, 120, 240]
    assert max(waits) == 6 * 3600
    assert all(30 <= wait_s(1, n) <= 38 for n in range(100))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[hook]]\nname='a'\nurl='https://x'\nsecret='short'", "16 characters"),
        ("[[hook]]\nurl='https://x'", "a name"),
        ("[[hook]]\nname='a'\nurl='x'\nsecret='0123456789abcdef'\nallow=['all']", "allow holds"),
        ("[[hook]]\nname='a'\nurl='x'\nsecret='0123456789abcdef'\ndivision='33'", "six digits"),
        ("[[hook]]\nname='a'\nurl='x'\nsecret_file='/nowhere/at/all'", "cannot be read"),
    ],
)
def test_a_wrong_hook_is_refused(text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        read_hooks(text, "warnings.toml")


def test_a_hook_reads_its_secret_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("0123456789abcdef\n")
    text = f"[[hook]]\nname='a'\nurl='https://x'\nsecret_file='{tmp_path / 'key'}'"
    [one] = read_hooks(text, "warnings.toml")
    assert one.secret == "0123456789abcdef"
    assert "0123456789abcdef" not in repr(one)

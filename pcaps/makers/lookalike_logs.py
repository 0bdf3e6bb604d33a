"""Mining that is only spoken of: databases, logs, mails, chats and pages that hold its words."""

import json
import lzma
import struct
from typing import Any

from pcaps.makers.lookalike_web import Lines, get, ok, post, upgraded
from pcaps.makers.making import C, S, Script, Tape, line
from pcaps.makers.stratum_lines import answer, notify, opening, share

FILE = "lookalike_logs.pcap.xz"


def session() -> list[tuple[int, bytes]]:
    """A whole session, as a log holds it: who spoke, and the message."""
    said = [(side, data) for _, side, data in opening("w1", "cgminer/4.12.1", "a0000001")]
    said.append((S, notify("6a1f", 938_400, clean=True)))
    for one in range(4, 8):
        said += [(C, share(one, "w1", "6a1f")), (S, answer(one, accepted=True))]
    return said


def log(side: int | None = None) -> bytes:
    """Return the log's lines, of both parties or of one."""
    return b"".join(data for by, data in session() if side in (None, by))


def sql_mysql() -> Lines:
    """MySQL: the log goes into a table, a statement a message."""

    def packet(number: int, data: bytes) -> bytes:
        return struct.pack("<I", len(data))[:3] + bytes([number]) + data

    hello = b"\x0a8.0.36\0" + struct.pack("<I", 9) + b"abcdefgh\0" + bytes(18) + b"abcdefghijkl\0"
    said: Lines = [
        (0.0, S, packet(0, hello)),
        (0.1, C, packet(1, struct.pack("<II", 0x000FA685, 1 << 24) + b"\x21" + bytes(23) + b"pool\0\0")),
        (0.1, S, packet(2, b"\0\0\0\x02\0\0\0")),
    ]
    for _, data in session():
        query = b"\x03INSERT INTO log VALUES ('" + data.rstrip() + b"')"
        said += [(0.5, C, packet(0, query)), (0.02, S, packet(1, b"\0\1\0\2\0\0\0"))]
    return said


def sql_postgres() -> Lines:
    """PostgreSQL: messages as JSON values, in and out."""

    def message(kind: bytes, data: bytes) -> bytes:
        return kind + struct.pack(">I", len(data) + 4) + data

    start = struct.pack(">II", 0, 196_608) + b"user\0pool\0\0"
    said: Lines = [
        (0.0, C, struct.pack(">I", len(start)) + start[4:]),
        (0.1, S, message(b"R", bytes(4)) + message(b"Z", b"I")),
    ]
    for _, data in session():
        said += [(0.5, C, message(b"Q", b"INSERT INTO log (j) VALUES ('" + data.rstrip() + b"')\0"))]
        said += [(0.02, S, message(b"C", b"INSERT 0 1\0") + message(b"Z", b"I"))]
    said += [(1.0, C, message(b"Q", b"SELECT j FROM log\0"))]
    rows = b"".join(
        message(b"D", struct.pack(">HI", 1, len(data.rstrip())) + data.rstrip()) for _, data in session()
    )
    return [*said, (0.1, S, rows + message(b"C", b"SELECT 15\0") + message(b"Z", b"I"))]


def redis() -> Lines:
    """Redis: jobs are published, shares are pushed to a list; every value is a line of its own."""

    def command(*words: bytes) -> bytes:
        return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)

    said: Lines = []
    for side, data in session():
        words = (b"PUBLISH", b"jobs") if side == S else (b"LPUSH", b"shares")
        said += [(0.5, C, command(*words, data)), (0.02, S, b":1\r\n")]
    return [
        *said,
        (1.0, C, command(b"LRANGE", b"shares", b"0", b"-1")),
        (0.1, S, b"*1\r\n$999\r\n"),
        (0.0, S, log(C)),
    ]


def memcached() -> Lines:
    """memcached: the value follows its command in a segment of its own."""
    said: Lines = []
    for place, (_, data) in enumerate(session()):
        said += [
            (0.5, C, b"set log%d 0 0 %d\r\n" % (place, len(data))),
            (0.0, C, data + b"\r\n"),
            (0.02, S, b"STORED\r\n"),
        ]
        said += [(0.2, C, b"get log%d\r\n" % place), (0.02, S, b"VALUE log%d 0 %d\r\n" % (place, len(data)))]
        said += [(0.0, S, data + b"\r\nEND\r\n")]
    return said


def documents() -> Lines:
    """MongoDB: OP_MSG with a document that holds the message."""
    said: Lines = []
    for place, (_, data) in enumerate(session()):
        value = data.rstrip() + b"\0"
        document = b"\x02insert\0\x04\0\0\0log\0\x02j\0" + struct.pack("<i", len(value)) + value + b"\0"
        body = struct.pack("<I", 0) + b"\0" + struct.pack("<i", len(document) + 4) + document
        said += [(0.5, C, struct.pack("<iiii", len(body) + 16, place, 0, 2013) + body)]
        reply = struct.pack("<I", 0) + b"\0" + b"\x11\0\0\0\x01ok\0" + struct.pack("<d", 1.0) + b"\0"
        said += [(0.05, S, struct.pack("<iiii", len(reply) + 16, place, place, 2013) + reply)]
    return said


def search() -> Lines:
    """Elasticsearch: a bulk request, its body in segments of their own that begin with the messages."""
    body = b"".join(b'{"index":{"_index":"pool"}}\n' + data for _, data in session())
    head = "POST /_bulk HTTP/1.1\r\nHost: e\r\nContent-Type: application/x-ndjson\r\n"
    head += f"Content-Length: {len(body)}\r\n\r\n"
    said: Lines = [(0.0, C, head.encode())]
    said += [(0.01, C, piece) for _, data in session() for piece in (b'{"index":{"_index":"pool"}}\n', data)]
    said += [(0.2, S, ok({"took": 5, "errors": False}))]
    hits = [{"_source": json.loads(data)} for _, data in session()]
    return [
        *said,
        (1.0, C, post({"query": {"match": {"method": "mining.submit"}}}, "/pool/_search")),
        (0.1, S, ok({"hits": hits})),
    ]


def broker() -> Lines:
    """Kafka: a pool's log is shipped, a record a message."""
    said: Lines = []
    for place, (_, data) in enumerate(session()):
        body = (
            struct.pack(">hhi", 0, 9, place)
            + b"\0\x05agent"
            + b"\0\x04pool"
            + struct.pack(">i", len(data))
            + data
        )
        said += [
            (0.5, C, struct.pack(">i", len(body)) + body),
            (0.02, S, struct.pack(">ii", 8, place) + bytes(4)),
        ]
    return said


def shipped_lines() -> Lines:
    """A log shipper sends JSON lines to a collector that says nothing: what both parties said."""
    return [(0.5, C, data) for _, data in session()]


def shipped_wrapped() -> Lines:
    """A shipper that wraps each message as text."""
    said: Lines = []
    for place, (_, data) in enumerate(session()):
        said.append(
            (
                0.5,
                C,
                line(
                    {
                        "@timestamp": "2026-03-02T02:00:00Z",
                        "id": place,
                        "message": data.decode(),
                        "type": "log",
                    }
                ),
            )
        )
    return said


def shipped_enriched() -> Lines:
    """A shipper that adds its fields to the message's own."""
    said: Lines = []
    for _, data in session():
        message: dict[str, Any] = json.loads(data) | {"@timestamp": "2026-03-02T02:00:00Z", "host": "pool-1"}
        said.append((0.5, C, line(message)))
    return said


def syslog() -> Lines:
    """syslog over TCP, the messages of a pool in it (RFC 5424, octet counting)."""
    said: Lines = []
    for _, data in session():
        text = b"<134>1 2026-03-02T02:00:00Z pool-1 stratum 7 - - " + data.rstrip()
        said.append((0.5, C, b"%d %s" % (len(text), text)))
    return said


def mail() -> Lines:
    """SMTP: somebody mails the log, quoted and not."""
    body = b"Subject: our pool\r\n\r\nLook at this:\r\n" + log().replace(b"\n", b"\r\n") + b"\r\n.\r\n"
    return [
        (0.0, S, b"220 mx.example ESMTP\r\n"),
        (0.1, C, b"EHLO pc\r\n"),
        (0.1, S, b"250-mx.example\r\n250 8BITMIME\r\n"),
        (0.1, C, b"MAIL FROM:<a@example>\r\nRCPT TO:<b@example>\r\nDATA\r\n"),
        (0.1, S, b"250 ok\r\n250 ok\r\n354 go on\r\n"),
        (0.1, C, body),
        (0.1, S, b"250 queued\r\n"),
    ]


def mail_fetched() -> Lines:
    """IMAP: it is fetched, the body in a segment of its own."""
    return [
        (0.0, S, b"* OK IMAP4rev1\r\n"),
        (0.1, C, b"a1 LOGIN a b\r\n"),
        (0.1, S, b"a1 OK\r\n"),
        (0.1, C, b"a2 FETCH 1 BODY[TEXT]\r\n"),
        (0.1, S, b"* 1 FETCH (BODY[TEXT] {%d}\r\n" % len(log())),
        (0.0, S, log()),
        (0.0, S, b")\r\na2 OK\r\n"),
    ]


def page() -> Lines:
    """A page that documents the protocol: every example a line of its own, in a segment of its own."""
    said: Lines = [
        (0.0, C, get("/docs/stratum")),
        (0.1, S, b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<pre>\n"),
    ]
    return [*said, *((0.01, S, data) for _, data in session()), (0.0, S, b"</pre></html>")]


def repository() -> Lines:
    """git over its own protocol: a file of test vectors, stored without compression."""
    line_ = b"0032git-upload-pack /pool.git\0host=git.example\0"
    return [
        (0.0, C, line_),
        (0.1, S, b"003f" + b"1" * 40 + b" refs/heads/main\n0000"),
        (0.1, C, b"0032want " + b"1" * 40 + b"\n00000009done\n"),
        (0.1, S, b"0008NAK\nPACK\0\0\0\x02\0\0\0\x01"),
        (0.0, S, log()),
    ]


def chat() -> Lines:
    """IRC: a bot answers questions with examples, and posts JSON."""
    said: Lines = [
        (0.0, C, b"NICK bot\r\nUSER bot 0 * :bot\r\n"),
        (0.1, S, b":irc.example 001 bot :Welcome\r\n"),
    ]
    for _, data in session():
        said += [
            (3.0, S, b":a!b@c PRIVMSG #mining :and then?\r\n"),
            (0.5, C, b"PRIVMSG #mining :" + data.rstrip() + b"\r\n"),
        ]
    return said


def chat_lines() -> Lines:
    """A chat in lines of JSON: the text is a message of the protocol."""
    said: Lines = []
    for place, (_, data) in enumerate(session()):
        post_ = {"id": place, "method": "say", "params": {"room": "mining", "text": data.decode()}}
        said += [(3.0, C, line(post_)), (0.1, S, line({"id": place, "result": "OK", "error": None}))]
    return said


def chat_in_a_page() -> Lines:
    """A web chat over WebSocket: some paste messages of pools, wrapped and bare."""
    said: list[tuple[float, int, object]] = []
    for place, (_, data) in enumerate(session()):
        said += [
            (2.0, C, {"type": "message", "id": place, "text": data.decode()}),
            (0.1, S, {"type": "ack", "id": place}),
        ]
    return upgraded("/chat", said, "chat.example")


def telemetry() -> Lines:
    """MQTT: a farm's sensor publishes what a rig said; the broker pings."""

    def publish(data: bytes) -> bytes:
        topic = b"farm/rig1/log"
        size = len(topic) + 2 + len(data)
        return b"\x30" + bytes([size % 128 | 128, size // 128]) + struct.pack(">H", len(topic)) + topic + data

    said: Lines = [
        (0.0, C, b"\x10\x12\0\x04MQTT\x04\x02\0\x3c\0\x06sensor"),
        (0.1, S, b"\x20\x02\0\0"),
    ]
    for _, data in session():
        said += [(10.0, C, publish(data)), (10.0, C, b"\xc0\0"), (0.05, S, b"\xd0\0")]
    return said


def instant_message() -> Lines:
    """XMPP: a stanza holds a message of the protocol."""
    said: Lines = [
        (0.0, C, b"<?xml version='1.0'?><stream:stream to='x.example' xmlns='jabber:client'>"),
        (0.1, S, b"<?xml version='1.0'?><stream:stream id='1' from='x.example'>"),
    ]
    for _, data in session():
        said += [(5.0, C, b"<message to='b@x.example'><body>" + data.rstrip() + b"</body></message>")]
    return said


def webhook() -> Lines:
    """A site posts a pool's events to another, the message as the body."""
    return [
        turn for _, data in session() for turn in ((1.0, C, post(data, "/hook")), (0.1, S, ok({"ok": True})))
    ]


TALKS: dict[str, tuple[int, Script]] = {
    "MySQL": (3306, sql_mysql()),
    "PostgreSQL": (5432, sql_postgres()),
    "Redis": (6379, redis()),
    "memcached": (11211, memcached()),
    "MongoDB": (27017, documents()),
    "Elasticsearch": (9200, search()),
    "Kafka": (9092, broker()),
    "log lines shipped": (5170, shipped_lines()),
    "log lines shipped as text": (5044, shipped_wrapped()),
    "log lines shipped with fields of their own": (5170, shipped_enriched()),
    "syslog": (601, syslog()),
    "a mail": (25, mail()),
    "a mail that is fetched": (143, mail_fetched()),
    "a page that documents the protocol": (80, page()),
    "a repository": (9418, repository()),
    "an IRC bot": (6667, chat()),
    "a chat in lines of JSON": (6697, chat_lines()),
    "a chat over WebSocket": (80, chat_in_a_page()),
    "MQTT": (1883, telemetry()),
    "XMPP": (5222, instant_message()),
    "a web hook": (80, webhook()),
}
"""Port and script of each."""


def make() -> bytes:
    """Return the capture: each at its own port."""
    tape = Tape()
    for place, (port, script) in enumerate(TALKS.values()):
        ends = (f"192.0.2.{130 + place}", 42_000 + place), (f"203.0.113.{130 + place}", port)
        tape.tcp(place * 0.5, *ends, script)
    return lzma.compress(tape.in_time_order().pcap())

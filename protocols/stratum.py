"""Stratum over TCP: one JSON object a line, in every dialect that pools and miners speak.

The reader of the stream; what messages mean is in protocols/stratum_dialects.py and the files it names.
"""

import re
from collections.abc import Iterator

from facts.errors import ParseError
from protocols.jsonrpc import messages
from protocols.lines import MAX_LINE, LineBuffer
from protocols.parser import Event, Heads, Match, Parser, Side
from protocols.stratum_dialects import read
from protocols.stratum_session import Session

MAX_QUIET_LINES = 1024
"""Lines without an event after which a stream is let go: a pool's or a miner's every other line is one."""

_WORDS = re.compile(
    rb'"mining\.|"eth_(?:submit|getWork)|"(?:login|submit|job|getjob|keepalived|getjobtemplate|job_id|solution)"'
    rb'|"result"\s*:\s*\[\s*"0x|\\u00'
)
"""A line with none of these is no message of a dialect that begins a conversation."""
_HTTP = re.compile(rb"(?:GET|POST|HEAD|PUT|DELETE|OPTIONS|CONNECT|HTTP/[0-9])[ .0-9]")
_NO_TEXT = bytes(set(range(32)) - set(b"\t\r\n\0"))
"""Control characters that no JSON text holds; NUL is let pass, keep-alive probes carry it."""


class Stratum(Parser):
    """Reads both sides of one stream; either may be the miner's."""

    name = "stratum"
    transport = "tcp"

    @classmethod
    def probe(cls, heads: Heads) -> Match:
        """YES where a line of JSON has a word of mining; NO where a side cannot be lines of JSON."""
        found = False
        for side, head in heads.items():
            if _HTTP.match(head) and (head[:5] != b"HTTP/" or not heads.get(side.other)):
                return Match.NO  # a web server may well answer a miner that tries it, so that is none
            if len(head.translate(None, _NO_TEXT)) != len(head):
                return Match.NO
            if found or not _WORDS.search(head):
                continue
            for line in head.split(b"\n"):
                if line.lstrip(b"\xef\xbb\xbf \t\r\0")[:1] in (b"{", b"[") and _WORDS.search(line):
                    found = True
        return Match.YES if found else Match.MORE

    def __init__(self) -> None:
        self._lines = {side: LineBuffer(MAX_LINE) for side in Side}
        self._session = Session()
        self._quiet = 0

    def feed(self, side: Side, data: bytes) -> Iterator[Event]:
        """Yield the events of every line that is complete, then raise the first ParseError there was.

        A bad line costs itself alone; the last raise says how many there were.
        """
        errors: list[ParseError] = []
        for offset, line, joined in self._lines[side].push(data):
            self._quiet += 1
            try:
                for event in self._events(side, offset, line, joined):
                    self._quiet = 0
                    yield event
            except ParseError as error:
                errors.append(error)
        if errors:
            more = f" (and {len(errors) - 1} lines more)" if len(errors) > 1 else ""
            raise ParseError(errors[0].why + more, errors[0].offset) from errors[0]

    def _events(self, side: Side, offset: int, line: bytes | None, joined: bool) -> Iterator[Event]:
        if line is None:
            raise ParseError(f"a line longer than {MAX_LINE} bytes", offset)
        if joined and line.lstrip(b"\xef\xbb\xbf \t\r\0")[:1] not in (b"{", b"[", b""):
            return  # the tail of a line whose head was not captured
        for message in messages(line, side, offset):
            if not self._session.contradicted:
                yield from read(self._session, message)

    def gap(self, side: Side, missing: int) -> None:
        """Pass over the line around the hole, and forget which requests are open."""
        self._lines[side].gap(missing)
        self._session.gap()

    @property
    def finished(self) -> bool:
        """True after MAX_QUIET_LINES lines in a row that said nothing of mining, or once a side has
        spoken as both parties."""
        return self._session.contradicted or self._quiet >= MAX_QUIET_LINES

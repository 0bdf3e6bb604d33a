"""Real miners' streams against a count made without the parser: plain JSON, line by line."""

import json
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from protocols.events import Login, ShareResult, Submit, Work
from protocols.parser import Event, Match, Side
from protocols.stratum import Stratum
from tests.protocols.wire import drain

FOLDER = "nesfit+DI-cryptominingdetection/PCAPs"
CAPTURES = {
    "xmr-eu1.nanopool.org.pcapng": ("stratum-cryptonote", 14444),
    "xmr.suprnova.cc.pcapng": ("stratum-cryptonote", 5222),
    "eth-eu1.nanopool.org.pcapng": ("stratum-ethproxy", 9999),
    "zec-eu.suprnova.cc.pcapng": ("stratum-equihash", 2142),
    "zec-eu1.nanopool.org.pcapng": ("stratum-equihash", 6666),
}


def segments(path: Path, port: int) -> list[tuple[Side, bytes]]:
    """The payloads of the TCP stream to the pool's port, each byte once, in capture order."""
    fields = ["tcp.dstport", "tcp.seq", "tcp.payload"]
    listed = subprocess.run(
        ["tshark", "-r", str(path), "-Y", f"tcp.port=={port} && tcp.len>0", "-T", "fields"]
        + [part for field in fields for part in ("-e", field)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    said: list[tuple[Side, bytes]] = []
    following = {Side.CLIENT: 1, Side.SERVER: 1}
    for line in listed.splitlines():
        to, seq, payload = line.split("\t")
        side = Side.CLIENT if int(to) == port else Side.SERVER
        data = bytes.fromhex(payload)[max(following[side] - int(seq), 0) :]
        if data:
            following[side] = int(seq) + len(bytes.fromhex(payload))
            said.append((side, data))
    return said


def counted(said: list[tuple[Side, bytes]]) -> Counter[str]:
    """Logins, jobs, shares and answers to shares, by nothing but JSON and the specification's words."""
    count: Counter[str] = Counter()
    shares: Counter[Any] = Counter()
    streams = dict.fromkeys(Side, b"")
    lines: list[tuple[Side, bytes]] = []
    for side, data in said:
        streams[side] += data
        *whole, streams[side] = streams[side].split(b"\n")
        lines += [(side, line) for line in whole if line.strip(b"\0\r ")]
    for side, line in lines:
        body = json.loads(line.strip(b"\0\r "))
        method, result = body.get("method"), body.get("result")
        if side is Side.CLIENT:
            count["login"] += method in ("login", "mining.authorize", "eth_submitLogin")
            if method in ("submit", "mining.submit", "eth_submitWork"):
                count["submit"] += 1
                shares[body["id"]] += 1
            continue
        pushed = isinstance(result, list) and len(result) >= 3 and str(result[0]).startswith("0x")
        with_job = isinstance(result, dict) and "job" in result
        count["work"] += method in ("job", "mining.notify") or pushed or with_job
        if method is None and not pushed and not with_job and shares[body["id"]]:
            shares[body["id"]] -= 1
            refused = bool(body.get("error")) or result is False
            count["refused" if refused else "accepted"] += 1
    return count


@pytest.mark.corpus
@pytest.mark.parametrize("name", CAPTURES)
@pytest.mark.parametrize("size", [1 << 20, 11])
def test_real_sessions_give_the_logins_jobs_shares_and_answers_that_are_in_them(
    corpus: Path, name: str, size: int
) -> None:
    protocol, port = CAPTURES[name]
    said = segments(corpus / FOLDER / name, port)
    parser = Stratum()
    events: list[Event] = []
    for side, data in said:
        for at in range(0, len(data), size):
            events += drain(parser, side, data[at : at + size])
    found = Counter(
        {
            "login": sum(isinstance(event, Login) for event in events),
            "work": sum(isinstance(event, Work) for event in events),
            "submit": sum(isinstance(event, Submit) for event in events),
            "accepted": sum(isinstance(event, ShareResult) and event.accepted for event in events),
            "refused": sum(isinstance(event, ShareResult) and not event.accepted for event in events),
        }
    )
    assert +found == +counted(said)
    assert found["login"] >= 1
    assert found["work"] >= 1
    assert {event.protocol for event in events if isinstance(event, Work)} == {protocol}
    assert events[-1].protocol == protocol
    heads = {side: b"".join(data for who, data in said if who is side)[:4096] for side in Side}
    assert Stratum.probe(heads) is Match.YES

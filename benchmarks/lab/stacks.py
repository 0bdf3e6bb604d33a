"""Players over real TLS stacks on loopback, captured live: what the carriers model, beside what stacks do.

Needs `openssl` and `tcpdump`, and the right to capture on `lo` (root).
"""

import contextlib
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Literal, Protocol

from benchmarks.lab.players.session import Spoken

Version = Literal["TLSv1.2", "TLSv1.3"]
_GRACE = 10.0
"""Seconds in which a program must be up."""


class StackError(Exception):
    """A stack or the capture did not come up; says which and why."""


class Line(Protocol):
    """Both ends of a connection that is up."""

    def send(self, way: int, message: bytes) -> None:
        """Let the client (0) or the server (1) write a message."""


def certificate(folder: Path) -> tuple[Path, Path]:
    """Make a self-signed certificate of a pool's front; return the paths of it and its key."""
    made = folder / "front.pem", folder / "front.key"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "3",
        "-subj",
        "/CN=pool.example",
    ]
    subprocess.run([*command, "-out", str(made[0]), "-keyout", str(made[1])], check=True, capture_output=True)
    return made


def free_port() -> int:
    """Return a TCP port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def python_stack(version: Version, files: tuple[Path, Path], port: int) -> Iterator[Line]:
    """Python's `ssl` on both ends."""
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    server.load_cert_chain(*files)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    wanted = ssl.TLSVersion.TLSv1_2 if version == "TLSv1.2" else ssl.TLSVersion.TLSv1_3
    for context in (server, client):
        context.minimum_version = context.maximum_version = wanted
    with socket.create_server(("127.0.0.1", port)) as listening, contextlib.ExitStack() as stack:
        held: list[ssl.SSLSocket] = []

        def accept() -> None:
            held.append(server.wrap_socket(listening.accept()[0], server_side=True))

        waiting = threading.Thread(target=accept, daemon=True)
        waiting.start()
        raw = socket.create_connection(("127.0.0.1", port), timeout=_GRACE)
        ours = stack.enter_context(client.wrap_socket(raw))
        waiting.join(_GRACE)
        if not held:
            raise StackError("Python's ssl: no handshake")
        theirs = stack.enter_context(held[0])
        yield _Sockets(ours, theirs)


class _Sockets:
    """Two sockets of one connection; each is read while the other writes."""

    def __init__(self, client: ssl.SSLSocket, server: ssl.SSLSocket) -> None:
        self._ends = (client, server)
        for end in self._ends:
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, way: int, message: bytes) -> None:
        self._ends[way].sendall(message)
        left = len(message)
        while left:
            left -= len(self._ends[1 - way].recv(left))


@contextmanager
def openssl_stack(version: Version, files: tuple[Path, Path], port: int) -> Iterator[Line]:
    """OpenSSL's s_server and s_client, each fed through its standard input."""
    flag = "-tls1_2" if version == "TLSv1.2" else "-tls1_3"
    serve = ["openssl", "s_server", "-quiet", flag, "-accept", f"127.0.0.1:{port}", "-naccept", "1"]
    connect = ["openssl", "s_client", "-quiet", flag, "-connect", f"127.0.0.1:{port}"]
    with _program([*serve, "-cert", str(files[0]), "-key", str(files[1])]) as server:
        _until_listening(port)
        with _program(connect) as client:
            yield _Pipes(client, server)


class _Pipes:
    """Two programs; what one is given comes out of the other."""

    def __init__(self, client: "subprocess.Popen[bytes]", server: "subprocess.Popen[bytes]") -> None:
        self._programs = (client, server)

    def send(self, way: int, message: bytes) -> None:
        _pipe(self._programs[way].stdin).write(message)
        out = _pipe(self._programs[1 - way].stdout)
        left = len(message)
        while left:
            read = out.read(left)
            if not read:
                raise StackError("openssl: the connection ended")
            left -= len(read)


def _pipe(stream: "IO[bytes] | None") -> "IO[bytes]":
    if stream is None:
        raise StackError("a program without a pipe")
    return stream


@contextmanager
def _program(command: list[str]) -> Iterator["subprocess.Popen[bytes]"]:
    pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=nowhere, bufsize=0) as program:
        try:
            yield program
        finally:
            program.terminate()


def _until_listening(port: int) -> None:
    """Wait until somebody listens; asks the system's table, so that no connection is used up."""
    wanted = f"0100007F:{port:04X}"
    for _ in range(int(_GRACE / 0.05)):
        rows = Path("/proc/net/tcp").read_text().splitlines()[1:]
        if any(row.split()[1] == wanted and row.split()[3] == "0A" for row in rows):
            return
        time.sleep(0.05)
    raise StackError(f"openssl s_server: nobody listens on port {port}")


@contextmanager
def captured(path: Path, port: int) -> Iterator[None]:
    """Capture a port of loopback into a file while the body runs."""
    command = [
        "tcpdump",
        "-i",
        "lo",
        "--immediate-mode",
        "-U",
        "-s",
        "0",
        "-w",
        str(path),
        f"tcp port {port}",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as program:
        told = program.stderr.readline() if program.stderr else ""
        if "listening on" not in told:
            program.kill()
            raise StackError(f"tcpdump: {told.strip()}")
        try:
            yield
            time.sleep(0.3)  # what lies in the ring is still to be written
        finally:
            program.terminate()


def speak(line: AbstractContextManager[Line], spoken: Sequence[Spoken], speed: float) -> None:
    """Let both ends say what players said, `speed` times as fast, each message read before the next."""
    with line as ends:
        last = spoken[0][0] if spoken else 0.0
        for at, way, message in spoken:
            time.sleep(min(max((at - last) / speed, 0.002), 1.0))
            last = at
            ends.send(way, message)
        time.sleep(0.1)

"""Running the application: one uvicorn server over a socket that is bound already."""

import errno
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from ipaddress import ip_address
from types import FrameType

from fastapi import FastAPI
from uvicorn import Config, Server

from api.http import Http
from facts.errors import SettingsError

BACKLOG = 2048  # connections that wait to be accepted: a burst of clients is not refused
GRACE = 10  # seconds that running answers get after SIGTERM or SIGINT
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""The host names under which a server on loopback is asked."""
_NOT_OURS = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


class AnnouncingServer(Server):
    """Says when it is ready."""

    def __init__(self, config: Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening, then say so."""
        await super().startup(sockets)
        self._ready()


def bind(host: str, port: int) -> socket.socket:
    """Return a bound TCP socket; port 0 takes a free one. Raises SettingsError with the reason."""
    host = host.strip("[]")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise SettingsError(f"{host}: {error.strerror}", "--host") from error
    bound = socket.socket(family, kind, protocol)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(address)
    except OSError as error:
        bound.close()
        name = "--host" if error.errno in _NOT_OURS else "--port"
        raise SettingsError(f"cannot listen on {host} port {port}: {error.strerror}", name) from error
    return bound


def is_loopback(bound: socket.socket) -> bool:
    """Say whether only this machine can reach the socket."""
    return ip_address(bound.getsockname()[0].partition("%")[0]).is_loopback


def configured(app: FastAPI) -> Config:
    """Return how the application is served."""
    refused = app.state.gate.refusals.count
    return Config(
        app,
        http=partial(Http, refused),  # type: ignore[arg-type]  # called, never looked at
        loop="auto",  # uvloop where there is one
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",  # its trace of a fault, not its greetings
        access_log=False,  # who asks about whom is for the audit, not for a log that anyone reads
        server_header=False,
        proxy_headers=False,  # no proxy is known, so none is believed
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE,
    )


def run(app: FastAPI, bound: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT, then let running answers end; `ready` is called once it answers."""
    _allow_connections()
    with _Quiet():
        AnnouncingServer(configured(app), ready).run(sockets=[bound])


def _allow_connections() -> None:
    """Take as many open connections as the system allows: slow clients must not keep others out."""
    with suppress(ImportError, OSError, ValueError):  # not on Windows; the limit in force stays
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class _Quiet:
    """Keeps the signals that ended the server from ending the process a second time.

    uvicorn raises them again once it has shut down; what ran to its end in good order exits with 0.
    """

    def __enter__(self) -> None:
        self._before = {number: signal.signal(number, _ignore) for number in (signal.SIGTERM, signal.SIGINT)}

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)


def _ignore(number: int, frame: FrameType | None) -> None:
    """Take a signal without a word."""

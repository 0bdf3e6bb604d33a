"""Connections that begin a request and never end it: python -m benchmarks.slow_clients PORT COUNT.

Each sends a byte of its headers now and then; one that the server closes is opened again. Prints `open N`
when all of them are, and goes on until it is ended. A process of its own, so as not to hold up who measures.
"""

import asyncio
import resource
import sys

SLOW_S = 5.0
"""Seconds between two bytes of a connection."""
AT_ONCE = 100
"""Connections opened before it looks again."""


class Dawdler(asyncio.Protocol):
    """One connection."""

    open = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin a request."""
        assert isinstance(transport, asyncio.Transport)
        Dawdler.open += 1
        self._transport = transport
        transport.write(b"GET /v1/hits HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
        self._later()

    def connection_lost(self, error: Exception | None) -> None:
        """Count one less."""
        Dawdler.open -= 1

    def _later(self) -> None:
        asyncio.get_running_loop().call_later(SLOW_S, self._byte)

    def _byte(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(b"x")
            self._later()


async def dawdle(port: int, count: int) -> None:
    """Hold so many open."""
    loop = asyncio.get_running_loop()
    told = False
    while True:
        for _ in range(min(AT_ONCE, count - Dawdler.open)):
            await loop.create_connection(Dawdler, "127.0.0.1", port)
        if Dawdler.open >= count and not told:
            print(f"open {Dawdler.open}", flush=True)
            told = True
        await asyncio.sleep(0.01 if Dawdler.open < count else 0.5)


def main() -> None:
    """Run until ended."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(dawdle(int(sys.argv[1]), int(sys.argv[2])))


if __name__ == "__main__":
    main()

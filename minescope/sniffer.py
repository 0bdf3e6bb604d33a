"""scapy's sniffer as a source: slow, and there where Linux and its rings are not.

scapy is GPL-2.0-only. This file and minescope/inspect.py alone import it, and only when they run.
"""

from typing import Any

from capture.sources.handed import Handed
from capture.sources.source import SourceError
from facts.where import Where

NANOSECONDS = 1_000_000_000


class Sniffer(Handed):
    """Packets of one interface, by scapy and libpcap. Some thousands a second are what it can."""

    def __init__(self, interface: str, filter_text: str | None, promiscuous: bool) -> None:
        super().__init__(interface)
        from scapy.config import conf
        from scapy.sendrecv import AsyncSniffer

        self._links: dict[Any, int] = conf.l2types.layer2num
        self._sniffer = AsyncSniffer(
            iface=interface,
            filter=filter_text,
            promisc=promiscuous,
            store=False,
            prn=self._hand,
            started_callback=self._begin,
        )
        self._interface = interface

    def start(self) -> None:
        """Take packets from now on. Raises SourceError where the interface cannot be opened."""
        import threading

        self._begun = threading.Event()
        self._sniffer.start()
        while not self._begun.wait(0.05):
            thread = self._sniffer.thread
            if thread is None or not thread.is_alive():
                why = f"{getattr(self._sniffer, 'exception', None) or 'the sniffer ended at once'}"
                raise SourceError(why, Where(self._interface), "unreadable")

    def stop(self) -> None:
        """Take no more packets."""
        if self._sniffer.running:
            self._sniffer.stop()
        super().stop()

    def _begin(self) -> None:
        self._begun.set()

    def _hand(self, packet: Any) -> None:
        data = bytes(packet.original)
        link = self._links.get(type(packet), 1)
        self.hand(data, packet.wirelen or len(data), link, int(packet.time * NANOSECONDS))

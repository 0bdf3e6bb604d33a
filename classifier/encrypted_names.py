"""Names as weak witnesses of sealed dependencies: what greetings showed, and whom their servers served.

They lift or lower what the rhythm says, and neither make nor veto a verdict: see weights.toml and score.py.
"""

from collections import Counter
from collections.abc import Callable

from classifier.encrypted import Standing
from classifier.encrypted_flows import Pair
from classifier.kinds import Kind
from classifier.resolvers import WEB_PROTOCOLS
from classifier.talk import Seen
from facts.endpoint import Address
from facts.evidence import Evidence
from facts.names import Role
from protocols.events import TlsHello
from protocols.observe import Observation
from protocols.parser import Side

LIMIT = 65_536
"""Pairs whose greeting is remembered: 30 MB at the worst."""
LENGTH = 80
"""Characters of a greeting's words that a sentence quotes."""


class Greetings:
    """The memory of TLS greetings that were read: those without a name, or with one of interest."""

    def __init__(self, dropped: Counter[str]) -> None:
        self._dropped = dropped
        self._seen: dict[Pair, tuple[Kind, Seen]] = {}

    def hello(self, seen: Observation, event: TlsHello) -> None:
        """Take a greeting."""
        web = sorted(WEB_PROTOCOLS.intersection(event.alpn))
        if web:
            kind, text = Kind.NAME_WEB, f"{', '.join(web)} ({event.ja4})"[:LENGTH]
        elif event.sni is None and not event.alpn:
            kind, text = Kind.NAME_BARE, event.ja4[:LENGTH]
        else:
            return
        ends = (seen.flow.client, seen.flow.server)
        client, server = ends if event.side is Side.CLIENT else ends[::-1]
        key = client.address, server
        if key in self._seen:
            return
        if len(self._seen) >= LIMIT:
            self._dropped["names-beyond-limit"] += 1
            return
        self._seen[key] = kind, Seen(seen.where, seen.at_ns, text)

    def evidence(
        self, one: Standing, address: Address, role: Role, served: Callable[[Address], Seen | None]
    ) -> list[Evidence]:
        """State what names say of one end of a dependency.

        `served` tells when an address first gave mining work to somebody in clear.
        """
        peer = str(one.server) if role is not Role.POOL else str(one.client)
        found = []
        if (known := self._seen.get((one.client, one.server))) is not None:
            kind, seen = known
            params = (("message", seen.text), ("peer", peer))
            found.append(Evidence(address, role, kind, seen.where, seen.at_ns, params))
        elif one.named_other:
            found.append(Evidence(address, role, Kind.NAME_OTHER, one.where, one.begun_ns, (("peer", peer),)))
        work = served(one.server.address)
        if work is not None:
            told = (("peer", str(one.server.address)),)
            found.append(Evidence(address, role, Kind.NAME_POOL_HISTORY, work.where, work.at_ns, told))
        return found

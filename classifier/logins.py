"""What miners called themselves, login by login: who is paid at which address, with what rigs and programs.

A conversation's names alone (talk.py) do not tell which rig works for which wallet where several people share
one address. Kept small: first and last time, count and first place of each name of each party.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache

from classifier.contacts import Contacts
from classifier.ownership_model import Kind, Tie
from classifier.ownership_names import at_pool, namesake, party_of, payees, rig, scheme
from classifier.relays import ShareTimes, relay_ties
from classifier.talk import Sort, Talk
from facts.endpoint import Address, Endpoint
from facts.names import Level, Role
from facts.verdict import Verdict
from facts.where import Where
from protocols import events
from protocols.observe import Observation

PARTY_LIMIT = 1024
"""Parties kept of one conversation: tenants of a hosting farm behind one address."""
NAME_LIMIT = 64
"""Names kept of one party: coins, rig patterns, programs."""
AGENT_LIMIT = 1024
"""Connections of a conversation whose program is remembered until its login."""
HELLO_LIMIT = 65_536
"""Pairs of client and service whose TLS fingerprint is kept."""
MEMO = 8192

_Name = tuple[Kind, str]
_MINES = frozenset({Role.MINER, Role.SOLO_MINER, Role.PROXY})


def has_owner(verdict: Verdict) -> bool:
    """Say whether a verdict is on who mines, so that to ask whose it is makes sense: not on pools."""
    return verdict.role in _MINES and verdict.level is not Level.CLEARED


class _Use:
    """How a name was used: times in nanoseconds since 1970 UTC."""

    __slots__ = ("at", "count", "first_ns", "last_ns")

    def __init__(self, at: Where, at_ns: int) -> None:
        self.at = at
        self.first_ns = self.last_ns = at_ns
        self.count = 1

    def again(self, at: Where, at_ns: int) -> None:
        self.count += 1
        self.last_ns = max(self.last_ns, at_ns)
        if (at_ns, at.source, at.frame or 0) < (self.first_ns, self.at.source, self.at.frame or 0):
            self.first_ns, self.at = at_ns, at


class _Told:
    """What was told in one conversation."""

    __slots__ = ("agents", "parties")

    def __init__(self) -> None:
        self.agents: dict[tuple[int, int], str] = {}
        self.parties: dict[str, dict[_Name, _Use]] = {}


class Logins:
    """The memory of logins; told in any order of independent flows."""

    def __init__(self, dropped: Counter[str]) -> None:
        self._dropped = dropped
        self._of: dict[Talk, _Told] = {}
        self._hellos: dict[tuple[Address, Endpoint], str] = {}
        self._shares: dict[Talk, ShareTimes] = {}

    def hello(self, seen: Observation, event: events.TlsHello) -> None:
        """Keep a client's TLS fingerprint; of several to one service the first in order."""
        key = (seen.flow.client.address, seen.flow.server)
        known = self._hellos.get(key)
        if not event.ja4 or (known is None and len(self._hellos) >= HELLO_LIMIT):
            self._dropped["fingerprints-beyond-limit"] += bool(event.ja4)
            return
        self._hellos[key] = event.ja4 if known is None else min(known, event.ja4)

    def introduced(self, talk: Talk, connection: tuple[int, int], agent: str | None) -> None:
        """Remember the program that speaks on a connection, until it names an account."""
        told = self._of.setdefault(talk, _Told())
        if agent and (len(told.agents) < AGENT_LIMIT or connection in told.agents):
            told.agents[connection] = agent[:200]

    def named(
        self, talk: Talk, connection: tuple[int, int], event: events.Login, where: Where, at_ns: int
    ) -> None:
        """Learn who is paid, and the names that go with it."""
        told = self._of.setdefault(talk, _Told())
        party, names = _read(event.user, event.worker, event.wallet)
        uses = told.parties.get(party)
        if uses is None:
            if len(told.parties) >= PARTY_LIMIT:
                self._dropped["parties-beyond-limit"] += 1
                return
            uses = told.parties[party] = {}
        agent = event.agent or told.agents.get(connection)
        for name in (*names, (Kind.AGENT, agent.strip()[:200])) if agent else names:
            use = uses.get(name)
            if use is not None:
                use.again(where, at_ns)
            elif len(uses) < NAME_LIMIT:
                uses[name] = _Use(where, at_ns)
            else:
                self._dropped["party-names-beyond-limit"] += 1

    def submitted(self, talk: Talk, at_ns: int) -> None:
        """Remember when a share was submitted."""
        times = self._shares.get(talk)
        if times is None:
            times = self._shares[talk] = ShareTimes()
        times.add(at_ns)

    def ties(self, talks: Iterable[Talk], contacts: Contacts, verdicts: Iterable[Verdict]) -> list[Tie]:
        """Return what ties addresses that mine to names, of conversations that are no quotes, in order."""
        mining: set[Address] = set()
        proxies: set[Address] = set()
        for verdict in verdicts:
            if has_owner(verdict):
                mining.add(verdict.address)
                if verdict.role is Role.PROXY:
                    proxies.add(verdict.address)
        talks = [talk for talk in talks if not talk.quoted and (talk.asked or talk.proved)]
        above: dict[Address, str] = {}
        found: list[Tie] = []
        for talk in talks:
            if talk.miner in mining:
                parties = self._parties(talk)
                for party, uses in parties.items():
                    found += self._of_party(talk, party, uses, contacts)
                    if uses:
                        above[talk.miner] = min(above.get(talk.miner, party), party)
        for talk in talks:
            if talk.pool.address in proxies:
                found.append(
                    _service(talk, talk.pool.address, above.get(talk.pool.address, ""), Kind.UPSTREAM)
                )
        for (client, server), contact in contacts.found().items():
            ja4 = self._hellos.get((client, server))
            if ja4 is not None and client in mining and contact.names:
                seen = min(contact.names.values(), key=lambda one: one.at_ns)
                found.append(Tie(client, "", Kind.JA4, ja4, contact.first_ns, contact.last_ns, 1, seen.where))
        mined = {talk: self._shares[talk] for talk in talks if talk in self._shares and talk.miner in mining}
        found += relay_ties(mined, self._parties, lambda talk: bool(_pools(talk, contacts)))
        return sorted(set(found), key=_order)

    def _parties(self, talk: Talk) -> dict[str, dict[_Name, _Use]]:
        """Return what was told by login; where none was read (mid-stream), what the conversation names."""
        told = self._of.get(talk)
        if told is not None and told.parties:
            return told.parties
        opening = talk.opening()
        wallets = talk.named(Sort.WALLET)
        names: list[_Name] = [(Kind.AGENT, agent) for agent in talk.named(Sort.AGENT)]
        names += [name for worker in talk.named(Sort.WORKER) if (name := scheme(worker)) is not None]
        if len(wallets) == 1:
            names += payees(min(wallets), min(wallets))
        paid = [name for name in names if name[0] is Kind.WALLET]
        return {party_of(paid): {name: _use(talk, opening.where) for name in sorted(names)[:NAME_LIMIT]}}

    def _of_party(self, talk: Talk, party: str, uses: dict[_Name, _Use], contacts: Contacts) -> Iterator[Tie]:
        pools = _pools(talk, contacts)
        for name, use in uses.items():
            kind, text = at_pool(name, pools)
            yield Tie(talk.miner, party, kind, text, use.first_ns, use.last_ns, use.count, use.at)
            if text != name[1]:  # elsewhere the same account's name tells less, and still something
                alike = namesake(name[1])
                yield Tie(talk.miner, party, *alike, use.first_ns, use.last_ns, use.count, use.at)
        if pools:
            for pool in sorted(pools):
                yield _service(talk, talk.miner, party, Kind.POOL, pool)
        else:
            yield _service(talk, talk.miner, party, Kind.HIDDEN if talk.sealed else Kind.UPSTREAM)
        ja4 = self._hellos.get((talk.miner, talk.pool))
        if ja4 is not None:
            yield _service(talk, talk.miner, party, Kind.JA4, ja4)


def _pools(talk: Talk, contacts: Contacts) -> set[str]:
    """Return the listed operators of a conversation's service."""
    hosts = [(host.lower(), talk.first_ns) for host in talk.named(Sort.POOL_HOST)]
    resolved = contacts.resolved(talk.pool.address, talk.first_ns, talk.last_ns)
    hosts += [(host, seen.at_ns) for host, seen in resolved]
    operators = (contacts.operator(host, at_ns) for host, at_ns in hosts)
    return {operator for operator in operators if operator is not None}


def _service(talk: Talk, address: Address, party: str, kind: Kind, name: str = "") -> Tie:
    where = talk.opening().where
    return Tie(address, party, kind, name or str(talk.pool), talk.first_ns, talk.last_ns, 1, where)


def _use(talk: Talk, where: Where) -> _Use:
    use = _Use(where, talk.first_ns)
    use.last_ns = talk.last_ns
    return use


@lru_cache(MEMO)
def _read(user: str, worker: str | None, wallet: str | None) -> tuple[str, tuple[_Name, ...]]:
    """Return the party and the names of a login: a miner repeats its own for ever."""
    paid = payees(user, wallet)
    own = rig(user, worker, wallet)
    return party_of(paid), tuple(paid) if own is None else (*paid, own)


def _order(tie: Tie) -> tuple[int, int, str, int, str, int, str, int]:
    address = tie.address
    where = tie.where
    return (
        address.version, int(address), tie.party, tie.kind, tie.name, tie.first_ns, where.source,
        where.frame or 0,
    )  # fmt: skip

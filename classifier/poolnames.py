"""Host names of pools: is this name a pool's, whose, and how sure is that? A name alone is a weak witness.

The table is classifier/data/pools.csv; docs/protocols/pool-names.md tells its columns, sources and rules.
"""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache, cached_property
from importlib.resources import files
from itertools import chain
from typing import NamedTuple

from facts.errors import RowError
from facts.instant import nanoseconds

COLUMNS = (
    "domain", "port", "protocol", "coin", "operator", "source", "valid_from", "valid_to", "kind", "last_seen",
)  # fmt: skip
HOST, SITE = "host", "site"
"""Kinds: a place where miners connect; a web site."""
DAY_NS = 86_400 * 1_000_000_000


class Likeness(StrEnum):
    """How a name matched, the surest first."""

    HOST = "host"
    """The name is listed as a place where miners connect."""
    SUBDOMAIN = "subdomain"
    """The name lies below a listed host that serves mining alone, e.g. below `mine.zpool.ca`."""
    PATTERN = "pattern"
    """The name differs from a listed sibling in its region, number or coin only: eu1 listed, us2 asked."""
    SITE = "site"
    """The name is a pool's registered domain, or its www: the web site, seldom a place to mine."""


@dataclass(frozen=True, slots=True)
class PoolHost:
    """What the table says of a name. Tuples are sorted; empty means that the table does not say."""

    name: str
    """As it was asked for, lower case, without a trailing dot."""
    likeness: Likeness
    listed: str
    """The row that matched: the name itself, the host above it, or the sibling."""
    operator: str | None
    coins: tuple[str, ...]
    ports: tuple[int, ...]
    """Ports of mining on that host; empty for a pattern."""
    protocols: tuple[str, ...]
    """`stratum+tcp`, `stratum+ssl`, `sv2`, `browser-ws`, `dns` (known by name alone)."""
    browser: bool
    """True for a service that lets visitors of web pages mine."""
    current: bool
    """True where the asked time lies within the row's validity; False before it began, which weighs less."""
    source: str


class _Row(NamedTuple):
    port: int | None
    protocol: str
    coin: str
    operator: str
    source: str
    from_ns: int | None
    to_ns: int | None
    kind: str


_WEB_LABELS = frozenset(
    {
        "www",
        "web",
        "api",
        "app",
        "docs",
        "help",
        "blog",
        "status",
        "support",
        "wiki",
        "forum",
        "cdn",
        "static",
    }
)
"""First labels of web sites: below a pool's domain they are not places to mine."""
_SHARED = frozenset({"ddns.net", "dyndns.org", "us.to", "mysrv.cloud", "ip28.net"})
"""Domains under which strangers have hosts: a sibling there says nothing."""
_SECOND_LEVELS = frozenset({"co.uk", "org.uk", "my.id", "com.cn", "com.br", "com.au", "co.jp", "co.kr"})
"""Public suffixes of two labels: the registered domain has three. (Not the whole list: those of the table
and the commonest.)"""
_REGIONS = frozenset(
    {
        *("eu", "eur", "euro", "europe", "de", "fr", "nl", "uk", "fi", "se", "pl", "ru", "kz", "tr"),
        *("us", "usa", "na", "ca", "east", "west", "central", "br", "ar", "latin", "sa", "la", "america"),
        *("asia", "ap", "sea", "cn", "hk", "tw", "jp", "kr", "sg", "in", "au", "apac", "africa", "global"),
    }
)
_COIN_NAMES = frozenset(
    {"bitcoin", "litecoin", "monero", "ethereum", "ergo", "kaspa", "ravencoin", "zcash", "doge"}
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WORD = re.compile(r"[a-z]+|[0-9]+|[^a-z0-9]+")


class PoolNames:
    """The table, ready to be asked; build it with `load`."""

    def __init__(self, rows: Iterable[Sequence[str]], source: str) -> None:
        """Take rows in the order of COLUMNS, behind the header of `source`; raises RowError."""
        self._hosts: dict[str, list[_Row]] = {}
        self._coins = set(_COIN_NAMES)
        for number, row in enumerate(rows, 2):
            if len(row) != len(COLUMNS):
                raise RowError(f"{len(row)} columns instead of {len(COLUMNS)}", source, number)
            domain, port, protocol, coin, operator, origin, valid_from, valid_to, kind, last_seen = row
            try:
                _day(last_seen)
                made = _Row(
                    port=int(port) if port else None,
                    protocol=protocol,
                    coin=coin,
                    operator=operator,
                    source=origin,
                    from_ns=_day(valid_from),
                    to_ns=_day(valid_to),
                    kind=kind,
                )
            except ValueError as error:
                raise RowError(str(error), source, number) from error
            self._hosts.setdefault(domain, []).append(made)
            self._coins.update(coin.lower().split("/"))

    @classmethod
    def load(cls, more: Iterable[Sequence[str]] = ()) -> "PoolNames":
        """Take the table that comes with the package (some milliseconds), and `more` rows behind it."""
        return cls(chain(shipped_rows(), more), "pools.csv")

    def match(self, name: str, at_ns: int) -> PoolHost | None:
        """Say what is known of a host name at a time; None where it is no pool's, or is so no longer.

        `name` is lower case without a trailing dot, as DNS and TLS events carry it; `at_ns` counts from 1970
        UTC. A name below a pool's domain that is neither listed nor like a listed sibling is not matched:
        the domain may serve other purposes.
        """
        if name in self._hosts:
            return self._answer(name, name, self._listed_likeness(name), at_ns)
        site = registered_domain(name)
        if site == name:
            return None
        label = name.split(".", 1)[0]
        if name == "www." + site and site in self._hosts:
            return self._answer(name, site, Likeness.SITE, at_ns)
        if label in _WEB_LABELS:
            return None
        above = name
        while above != site:
            above = above.split(".", 1)[1]
            if above in self._hosts and (above != site or self._browser(above)) and above not in _SHARED:
                return self._answer(name, above, Likeness.SUBDOMAIN, at_ns)
        sibling = self._siblings.get((site, self._skeleton(name, site)))
        return self._answer(name, sibling, Likeness.PATTERN, at_ns) if sibling else None

    @property
    def domains(self) -> frozenset[str]:
        """The registered domains of all hosts: `match` knows no name outside them."""
        return frozenset(registered_domain(host) for host in self._hosts)

    def by_operator(self, operator: str) -> tuple[str, ...]:
        """Return the listed hosts of an operator, sorted; the name in any case, empty where it is unknown."""
        return self._operators.get(operator.lower(), ())

    def _listed_likeness(self, name: str) -> Likeness:
        """A registered domain listed without a port comes from a block list: perhaps only the site."""
        rows = self._hosts[name]
        told = {row.kind for row in rows if row.kind}
        if told:
            return Likeness.HOST if HOST in told else Likeness.SITE
        ports = any(row.port is not None for row in rows)
        return Likeness.HOST if kind_of(name, ports, self._browser(name)) == HOST else Likeness.SITE

    def _browser(self, name: str) -> bool:
        return all(row.protocol == "browser-ws" for row in self._hosts[name])

    def _answer(self, name: str, listed: str, likeness: Likeness, at_ns: int) -> PoolHost | None:
        rows = [row for row in self._hosts[listed] if row.to_ns is None or at_ns < row.to_ns]
        if not rows:
            return None
        exact = likeness in (Likeness.HOST, Likeness.SUBDOMAIN)
        return PoolHost(
            name=name,
            likeness=likeness,
            listed=listed,
            operator=next((row.operator for row in rows if row.operator), None),
            coins=_words(coin for row in rows for coin in row.coin.split("/")) if exact else (),
            ports=tuple(sorted({row.port for row in rows if row.port is not None})) if exact else (),
            protocols=_words(row.protocol for row in rows),
            browser=self._browser(listed),
            current=any(row.from_ns is None or at_ns >= row.from_ns for row in rows),
            source=rows[0].source,
        )

    @cached_property
    def _siblings(self) -> Mapping[tuple[str, str], str]:
        """The forms of listed hosts, each with one host of that form, by registered domain."""
        found: dict[tuple[str, str], str] = {}
        for host in self._hosts:
            site = registered_domain(host)
            if site != host and site not in _SHARED and self._listed_likeness(host) is Likeness.HOST:
                found.setdefault((site, self._skeleton(host, site)), host)
        return found

    def _skeleton(self, host: str, site: str) -> str:
        """Return the labels before the registered domain with regions, coins and numbers made alike."""
        words = _WORD.findall(host[: -len(site) - 1])
        return "".join(
            "@" if word in _REGIONS else "#" if word.isdigit() else "$" if word in self._coins else word
            for word in words
        )

    @cached_property
    def _operators(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, set[str]] = {}
        for host, rows in self._hosts.items():
            for row in rows:
                if row.operator:
                    found.setdefault(row.operator.lower(), set()).add(host)
        return {operator: tuple(sorted(hosts)) for operator, hosts in found.items()}


def shipped_rows() -> list[list[str]]:
    """Return the rows of the table that comes with the package, in the order of COLUMNS."""
    reader = csv.reader(files("classifier").joinpath("data/pools.csv").read_text("utf-8").splitlines())
    if tuple(next(reader, ())) != COLUMNS:
        raise RowError(f"the columns are not {', '.join(COLUMNS)}", "pools.csv", 1)
    return list(reader)


def kind_of(name: str, mining_port: bool, browser: bool) -> str:
    """Return the kind of a listed name whose source does not tell it.

    A registered domain, or a web site's first label, without a port of mining is most likely a web site.
    """
    bare = name == registered_domain(name) or name.split(".", 1)[0] in _WEB_LABELS
    return SITE if bare and not mining_port and not browser else HOST


def registered_domain(name: str) -> str:
    """Return the part of a host name that its owner registered: its last two or three labels."""
    labels = name.split(".")
    size = 3 if ".".join(labels[-2:]) in _SECOND_LEVELS else 2
    return ".".join(labels[-size:])


def is_shared(site: str) -> bool:
    """Say whether strangers have hosts below a registered domain, as dynamic DNS services let them."""
    return site in _SHARED


def _words(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({value for value in values if value}))


@cache
def _day(text: str) -> int | None:
    """Return the beginning of a day, UTC, in nanoseconds; raises ValueError."""
    if not text:
        return None
    if _DAY.fullmatch(text) is None:  # fromisoformat reads more than days; strptime takes 5 ms to import
        raise ValueError(f"{text!r} is no day as 2026-03-01")
    return nanoseconds(datetime.fromisoformat(text).replace(tzinfo=UTC))

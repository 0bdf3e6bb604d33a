"""Clocks of services that nobody was heard to use in clear: what likely miners are told there, unread.

A sealed dependency that is likely to mine gets the same jobs at the same instants as others of its pool, and
new blocks with all of its coin. So others that are not yet suspected are held against it. What follows may be
another feed of the same kind, should the first have been taken for a miner wrongly: its kind counts less.
"""

from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from classifier.clocks import SAME_NS, Clock, clock_of
from classifier.distinct import distinct
from classifier.encrypted_flows import Dependency
from classifier.encrypted_learning import WITNESSES, groups
from classifier.poolclock import MIN_INSTANTS
from facts.endpoint import Endpoint

SERVICES = 256
"""Services whose clocks are made at most, those with the most clients first."""


def unread_clocks(sure: Iterable[Dependency]) -> list[Clock]:
    """Return a clock for each service of dependencies that are likely to mine; by its address, without a
    coin."""
    of_service: dict[Endpoint, list[Dependency]] = defaultdict(list)
    for one in sure:
        of_service[one.server].append(one)
    wanted = sorted(of_service.items(), key=lambda item: (-len(item[1]), str(item[0])))[:SERVICES]
    clocks = [_clock(server, group) for server, group in wanted]
    return [clock for clock in clocks if len(clock.at_ns) >= MIN_INSTANTS]


def _clock(server: Endpoint, group: list[Dependency]) -> Clock:
    """Return when a service spoke unasked: as its longest client heard it, or two of three and more."""
    heard = [np.sort(np.concatenate([lane.pushed for lane in one.lanes])) for one in group]
    if len(group) < WITNESSES:
        longest = max(range(len(group)), key=lambda n: group[n].last_ns - group[n].first_ns)
        return clock_of(str(server), None, "unread", heard[longest])
    at_ns = np.concatenate(heard)
    client = np.repeat(np.arange(len(group)), [len(times) for times in heard])
    order = np.argsort(at_ns, kind="stable")
    at_ns, client = at_ns[order], client[order]
    group_of = groups(at_ns, SAME_NS)
    votes = np.bincount(distinct(group_of * len(group) + client) // len(group))
    begins = np.searchsorted(group_of, np.arange(len(votes)))
    return clock_of(str(server), None, "unread", at_ns[begins[votes >= 2]])

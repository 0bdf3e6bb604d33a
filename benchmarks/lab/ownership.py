"""Generated ownership: farms, malware campaigns, insiders and strangers, as ties with the truth beside them.

What makes it hard is in it: proxies that rewrite user names, wallets shared by strangers (deposit addresses,
developers' shares), default names, colliding rig names, NAT with several owners, farms that use one account a
line, campaigns that reach into farms' networks. Training and test draws differ in their ranges, in
how names are built, and in how often each habit occurs: what was fitted on one is shown on the other.

    python -m benchmarks.lab.ownership --seed 5000 --split test
"""

import argparse
import random
import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address
from time import process_time
from typing import Literal

from classifier.ownership_model import Kind, Sort, Tie
from classifier.ownership_names import at_pool, namesake, party_of, payees, rig
from facts.where import Where
from protocols.wallets import read_account

Split = Literal["train", "test"]
DAY_NS = 86_400_000_000_000
START_NS = 1_767_225_600_000_000_000  # 2026-01-01
Party = tuple[IPv4Address, str]


@dataclass(frozen=True, slots=True)
class Habits:
    """Ranges and shares of one split."""

    lines: tuple[int, int]
    """Lines of a farm."""
    victims: tuple[int, int]
    schemes: float
    """Share of farms whose rigs have names of their own."""
    proxies: float
    """Share of farms behind a proxy that rewrites user names."""
    unseen: float
    """Share of such proxies whose own traffic to the pool is not in view."""
    mails: float
    """Share of owners who write an e-mail address."""
    per_line: float
    """Share of farms with one account a line."""
    developer: float
    """Share of private miners whose program works for its developer now and then."""
    registered: float
    """Share of addresses whose enterprise is registered."""
    style: int
    """How names are built."""
    infected: float
    """Share of victims behind an address that somebody else mines at."""


HABITS: dict[Split, Habits] = {
    "train": Habits((1, 24), (6, 120), 0.8, 0.3, 0.3, 0.15, 0.1, 0.3, 0.9, 0, 0.02),
    "test": Habits((2, 60), (5, 400), 0.7, 0.45, 0.4, 0.25, 0.15, 0.45, 0.8, 1, 0.04),
}
POOLS = {
    "train": [f"pool-{n}" for n in range(12)],
    "test": [f"mining-{n}" for n in range(30)],
}
AGENTS = {
    "train": [
        "xmrig/6.21.0",
        "xmrig/6.20.0",
        "cgminer/4.11.1",
        "bmminer/2.0.0",
        "t-rex/0.26.8",
        "lolminer 1.88",
    ],
    "test": [
        "xmrig/6.24.0",
        "xmrig/6.22.2",
        "cgminer/4.12.1",
        "bmminer/1.0.0",
        "whatsminer/v1.0",
        "srbminer/2.4.4",
        "bosminer-plus-tuner 0.9.0",
        "rigel/1.19",
        "xmr-stak/2.10.8",
    ],
}
COMMON_NAMES = ("x", "worker1", "rig", "rig01", "miner", "default", "gpu1", "pc", "1", "test", "home")
FAMILY = (
    "wang",
    "li",
    "zhang",
    "liu",
    "chen",
    "yang",
    "huang",
    "zhao",
    "wu",
    "zhou",
    "xu",
    "sun",
    "ma",
    "zhu",
)


@dataclass(slots=True)
class Scene:
    """One drawn world."""

    ties: list[Tie] = field(default_factory=list)
    owner: dict[Party, int] = field(default_factory=dict)
    """Who each party truly is; parties of developers' shares are left out: they are nobody's in view."""
    sort: dict[int, Sort] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    """Registered addresses of enterprises."""


class World:
    """Draws a scene."""

    def __init__(self, seed: int, split: Split, **habits: float) -> None:
        """`habits` take the place of the split's own: `proxies=1.0`, say."""
        self.rng = random.Random(f"{split} {seed}")
        self.habits = replace(HABITS[split], **habits)  # type: ignore[arg-type]
        self.split = split
        self.scene = Scene()
        self._addresses = 0
        self._owners = 0
        self._enterprises = 0
        self._lines = 0
        self._base = self.rng.getrandbits(20)
        self._used: set[str] = set()
        self._taken: list[tuple[IPv4Address, str, str]] = []
        self._developers = [self.wallet() for _ in range(3)]

    def draw(
        self, farms: int, campaigns: int, insiders: int, strangers: int, exchanges: int = 2, halls: int = 0
    ) -> Scene:
        """Draw so many of each."""
        for _ in range(farms):
            self.farm()
        for _ in range(strangers):
            self.stranger()
        for _ in range(exchanges):
            self.exchange()
        for _ in range(insiders):
            self.insider()
        for _ in range(campaigns):
            self.campaign()
        for _ in range(halls):
            self.hall()
        return self.scene

    def wallet(self) -> str:
        """Return a wallet that nobody else has: Ethereum's form, which needs no checksum in lower case."""
        return "0x" + "".join(self.rng.choices("0123456789abcdef", k=40))

    def word(self) -> str:
        """Return a word that somebody calls his rigs or accounts by; some collide."""
        rng = self.rng
        if rng.random() < 0.03:
            return rng.choice(FAMILY) + rng.choice(("farm", "mine", "kj"))
        while True:
            if self.habits.style == 0:
                word = rng.choice(FAMILY) + "".join(rng.choices(string.ascii_lowercase, k=rng.randint(2, 5)))
            else:
                word = "".join(rng.choices("bcdfghjklmnpqrstvwxyz", k=2)) + rng.choice(
                    ("hash", "kuang", "btc", "yun")
                )
                word += "".join(rng.choices(string.ascii_lowercase, k=rng.randint(1, 4)))
            if word not in self._used:
                self._used.add(word)
                return word

    def owner(self, sort: Sort) -> int:
        self._owners += 1
        self.scene.sort[self._owners] = sort
        return self._owners

    def enterprise(self, size: int) -> str:
        self._enterprises += 1
        code = f"91{self._base:07d}{self._enterprises:09d}"
        if self.rng.random() < self.habits.registered:
            self.scene.sizes[code] = size
            return code
        return ""

    def place(self, enterprise: str, near: IPv4Address | None = None) -> tuple[IPv4Address, str, str]:
        """Return (address, line, enterprise) of a line that was not there before."""
        self._addresses += 1
        self._lines += 1
        if near is not None:
            address = IPv4Address(int(near) + self._addresses % 200 + 1)
        else:
            address = IPv4Address(((self._addresses * 2654435761) & 0x7FFFFF) * 251 % 0xDFFF0000 + 0x0B000000)
        line = f"line-{self._lines}" if enterprise else ""
        return address, line, enterprise

    def works(
        self,
        owner: int | None,
        place: tuple[IPv4Address, str, str],
        user: str,
        agent: str = "",
        upstream: str = "",
        pool: str = "",
        ja4: str = "",
        hidden: bool = False,
        workers: Sequence[str] = (),
    ) -> Party:
        """Write down what a probe would have read of one miner that logs in as `user`."""
        address, line, enterprise = place
        account = read_account(user)
        paid = payees(user, account.wallet)
        party = (address, "" if hidden else party_of(paid))
        names = [] if hidden else list(paid)
        for worker in (*workers, account.worker):
            if worker and not hidden and (told := rig(user, worker, account.wallet)):
                names.append(told)
        if not hidden and not workers and (told := rig(user, account.worker, account.wallet)):
            names.append(told)
        if agent and not hidden:
            names.append((Kind.AGENT, agent))
        if ja4:
            names.append((Kind.JA4, ja4))
        if pool:
            names.append((Kind.POOL, pool))
        elif upstream:
            names.append((Kind.HIDDEN if hidden else Kind.UPSTREAM, upstream))
        if line:
            names.append((Kind.LINE, line))
            names.append((Kind.ENTERPRISE, enterprise))
        first = START_NS + self.rng.randrange(60 * DAY_NS)
        where = Where("generated", len(self.scene.ties) + 1)
        names += [namesake(name) for kind, name in names if kind is Kind.ACCOUNT and pool]
        for kind, name in dict.fromkeys(at_pool(one, [pool] if pool else []) for one in names):
            self.scene.ties.append(Tie(address, party[1], kind, name, first, first + DAY_NS, 10, where))
        if not names:
            self.scene.ties.append(
                Tie(address, party[1], Kind.POOL, "unknown", first, first + DAY_NS, 10, where)
            )
        if owner is not None:
            self.scene.owner.setdefault(party, owner)
        return party

    def farm(self) -> None:
        """One operator: lines, perhaps several enterprises, coins, a proxy."""
        rng, habits = self.rng, self.habits
        owner = self.owner(Sort.OPERATOR)
        lines = rng.randint(*habits.lines)
        fronts = [self.enterprise(rng.randint(4, 64)) for _ in range(rng.randint(1, min(6, lines)))]
        places = []
        for _ in range(lines):
            at = self.place(rng.choice(fronts))
            places.append(at)
            places += [(self.place("", at[0])[0], at[1], at[2]) for _ in range(rng.randint(0, 2))]
        word = self.word()
        named = rng.random() < habits.schemes
        wallets = [self.wallet() if rng.random() < 0.6 else word for _ in range(rng.choice((1, 1, 1, 2, 3)))]
        mail = f"{word}@qq.com" if rng.random() < habits.mails else ""
        agents = rng.sample(AGENTS[self.split], rng.randint(1, 3))
        pools = rng.sample(POOLS[self.split], rng.randint(1, 2))
        a_line = rng.random() < habits.per_line
        own = [self.wallet() for _ in range(lines)] if a_line else []
        style = (word + "{:03d}", word + "-{}", word[:5] + "x{}", "hall2-" + word + "{:02d}")[
            rng.randrange(4)
        ]
        if rng.random() < habits.proxies:
            self._behind_proxy(owner, places, wallets[0], style if named else "rig{:02d}", agents, pools[0])
            return
        for number, at in enumerate(places):
            wallet = own[number % lines] if own else wallets[0]
            extra = wallets[1:] if rng.random() < 0.5 else []
            for user in (wallet, *extra):
                name = style.format(rng.randint(1, 900)) if named else rng.choice(COMMON_NAMES)
                full = f"{user}/{name}/{mail}" if mail and user.startswith("0x") else f"{user}.{name}"
                self.works(owner, at, full, rng.choice(agents), pool=rng.choice(pools))
            self._taken.append(at)

    def _behind_proxy(
        self,
        owner: int,
        places: Sequence[tuple[IPv4Address, str, str]],
        wallet: str,
        style: str,
        agents: Sequence[str],
        pool: str,
    ) -> None:
        """The wallet appears above the proxy alone; below it rigs send their names, or `x`."""
        rng = self.rng
        seen = rng.random() >= self.habits.unseen
        proxy = self.place(places[0][2] if seen else "")
        port = rng.choice((3333, 8888, 5555))
        upstream = f"{proxy[0]}:{port}"
        for at in places:
            user = style.format(rng.randint(1, 900)) if rng.random() < 0.9 else "x"
            self.works(owner, at, user, rng.choice(list(agents)), upstream=upstream)
            self._taken.append(at)
        if seen:
            party = self.works(owner, proxy, f"{wallet}.{style.format(1)}", "xmrig-proxy/6.22.0", pool=pool)
            where = Where("generated", len(self.scene.ties) + 1)
            self.scene.ties.append(
                Tie(proxy[0], party[1], Kind.UPSTREAM, upstream, START_NS, START_NS + DAY_NS, 10, where)
            )

    def campaign(self) -> None:
        """Malware: one wallet, many enterprises, nothing in common but the program."""
        rng = self.rng
        owner = self.owner(Sort.CAMPAIGN)
        low, high = self.habits.victims
        count = min(high, int(low * (high / low) ** rng.random()))
        wallets = [self.wallet() for _ in range(rng.choice((1, 1, 1, 2)))]
        agent = rng.choice(AGENTS[self.split][:2]) if rng.random() < 0.8 else ""
        names = rng.choice(("none", "default", "host", "user"))
        through = (
            f"203.0.113.{rng.randrange(250)}:{rng.choice((443, 80, 14444))}" if rng.random() < 0.25 else ""
        )
        pool = rng.choice(POOLS[self.split])
        for _ in range(count):
            at = self.place(self.enterprise(int(4 * 500 ** rng.random())))
            if self._taken and rng.random() < self.habits.infected:
                at = rng.choice(self._taken)
            name = {
                "none": "",
                "default": rng.choice(COMMON_NAMES),
                "host": "DESKTOP-" + "".join(rng.choices(string.ascii_uppercase + string.digits, k=7)),
                "user": rng.choice(FAMILY) + rng.choice(("", "pc", "-pc", "01")),
            }[names]
            for wallet in wallets:
                user = f"{wallet}.{name}" if name else wallet
                self.works(owner, at, user, agent, upstream=through, pool="" if through else pool)

    def insider(self) -> None:
        """One address inside a large enterprise."""
        rng = self.rng
        at = self.place(self.enterprise(rng.randint(400, 20000)))
        user = f"{self.wallet()}.{self._own_name()}"
        self.works(
            self.owner(Sort.INSIDER),
            at,
            user,
            rng.choice(AGENTS[self.split]),
            pool=rng.choice(POOLS[self.split]),
        )
        self._taken.append(at)

    def stranger(self) -> None:
        """A private miner: a line, a wallet or two, a program that may work for its developer too."""
        rng = self.rng
        owner = self.owner(Sort.SINGLE)
        at = self.place("")
        at = (at[0], f"line-{self._lines}", "") if rng.random() < 0.0 else at
        agent, pool = rng.choice(AGENTS[self.split]), rng.choice(POOLS[self.split])
        user = self.wallet() if rng.random() < 0.7 else self.word()
        for _ in range(rng.choice((1, 1, 1, 2))):
            self.works(owner, at, f"{user}.{self._own_name()}", agent, pool=pool)
            user = self.wallet()
        if rng.random() < self.habits.developer:
            self.works(
                None, at, f"{rng.choice(self._developers)}.donate", agent, pool=rng.choice(POOLS[self.split])
            )
        self._taken.append(at)

    def exchange(self) -> None:
        """A deposit address or a pool's own account that strangers use."""
        rng = self.rng
        wallet = self.wallet()
        form = rng.choice(("payment", "mail", "names"))
        for _ in range(rng.randint(6, 40)):
            owner = self.owner(Sort.SINGLE)
            at = self.place(self.enterprise(rng.randint(4, 64)))
            name = self._own_name() if form != "names" else self.word() + str(rng.randint(1, 9))
            user = {
                "payment": f"{wallet}.{''.join(rng.choices('0123456789abcdef', k=16))}",
                "mail": f"{wallet}/{name}/{self.word()}@163.com",
                "names": f"{wallet}.{name}",
            }[form]
            self.works(owner, at, user, rng.choice(AGENTS[self.split]), pool=rng.choice(POOLS[self.split]))

    def hall(self) -> None:
        """A hall that houses the machines of others, each under a name and a wallet of his own."""
        rng = self.rng
        enterprise = self.enterprise(rng.randint(16, 200))
        for _ in range(rng.randint(4, 12)):
            owner, user, word = self.owner(Sort.OPERATOR), self.wallet(), self.word()
            named = rng.random() < self.habits.schemes
            agent, pool = rng.choice(AGENTS[self.split]), rng.choice(POOLS[self.split])
            for number in range(rng.randint(1, 6)):
                name = f"{word}{number}" if named else rng.choice(COMMON_NAMES)
                self.works(owner, self.place(enterprise), f"{user}.{name}", agent, pool=pool)

    def _own_name(self) -> str:
        rng = self.rng
        return rng.choice(COMMON_NAMES) if rng.random() < 0.6 else self.word() + str(rng.randint(1, 9))


@dataclass(frozen=True, slots=True)
class Outcome:
    """How well clusters are the truth, over pairs of parties, and their sorts over clusters."""

    precision: float
    recall: float
    wrong_merges: float
    """Share of joined pairs whose owners differ."""
    hit: int
    """Pairs that belong together and are."""
    joined: int
    belong: int
    sorts: Counter[tuple[str, str]]
    """(true sort, found sort) of each owner's largest cluster of two addresses or more, and of insiders."""

    @property
    def f1(self) -> float:
        """Return the pairwise F1."""
        return 2 * self.precision * self.recall / max(self.precision + self.recall, 1e-12)


def judge(scene: Scene, cluster_of: dict[Party, str], sort_of: dict[str, Sort]) -> Outcome:
    """Compare found clusters with the truth."""
    both = Counter((cluster_of[party], owner) for party, owner in scene.owner.items())
    found = Counter(cluster_of[party] for party in scene.owner)
    true = Counter(scene.owner.values())

    def pairs(counts: Counter[object]) -> int:
        return sum(n * (n - 1) // 2 for n in counts.values())

    hit, joined, belong = (pairs(Counter(one)) for one in (both, found, true))
    best: dict[int, tuple[int, str]] = {}
    for (cluster, owner), count in both.items():
        best[owner] = max(best.get(owner, (0, "")), (count, cluster))
    sorts = Counter(
        (scene.sort[owner].value, sort_of[cluster].value)
        for owner, (count, cluster) in best.items()
        if count > 1 or scene.sort[owner] is Sort.INSIDER
    )
    precision, recall = hit / max(joined, 1), hit / max(belong, 1)
    return Outcome(precision, recall, 1 - precision, hit, joined, belong, sorts)


def measured(scene: Scene) -> tuple[Outcome, float, int]:
    """Return how well a scene is told apart, the CPU seconds that took, and how many nodes it has."""
    from classifier.ownership import described
    from classifier.ownership_graph import build
    from classifier.ownership_merge import merge

    began = process_time()
    graph = build(scene.ties)
    found = list(described(graph, merge(graph, scene.sizes), scene.sizes))
    spent = process_time() - began
    cluster_of = {(m.address, m.party): c.id for c in found for m in c.members}
    outcome = judge(scene, cluster_of, {c.id: c.sort for c in found})  # type: ignore[arg-type]
    nodes = len(graph.parties) + len(graph.names) + int(graph.address.max(initial=-1)) + 1
    return outcome, spent, nodes


def main() -> None:
    """Print how well generated worlds are told apart."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--split", choices=("train", "test"), default="train")
    parser.add_argument("--worlds", type=int, default=5)
    parser.add_argument("--scale", type=int, default=1, help="times 40 farms, 8 campaigns, 30 insiders, ...")
    given = parser.parse_args()
    many = given.scale
    for seed in range(given.seed, given.seed + given.worlds):
        scene = World(seed, given.split).draw(40 * many, 8 * many, 30 * many, 200 * many, 2 * many, 2 * many)
        outcome, spent, nodes = measured(scene)
        print(
            f"seed {seed}: {nodes:,} nodes, {len(scene.ties):,} ties, F1 {outcome.f1:.4f},"
            f" recall {outcome.recall:.4f}, wrong {outcome.wrong_merges:.4%}, {spent:.2f} CPU s"
        )
        for (true, told), count in sorted(outcome.sorts.items()):
            print(f"    {true:9} told {told:9} {count}")


if __name__ == "__main__":
    main()

"""Draws a province: its sites one after the other, from a seed."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from ipaddress import IPv4Address, IPv6Address
from itertools import islice

from benchmarks.lab.draw import Draw, Split
from benchmarks.lab.fleet import Arrangement
from benchmarks.lab.province import PROVINCE, Company, Policy, Province, Site, Sort
from registry.uscc import completed

LEARNED, SEEN = 70, 20
"""Days before a private line begins, so that what its plant delivers can be learned, and days after it, where
the curves are long enough for both."""
_BODY = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CITIES = "甲乙丙丁戊己庚辛壬癸"
SHARES: tuple[tuple[Sort, float], ...] = (
    (Sort.FARM, 0.36),
    (Sort.HIDDEN, 0.1),
    (Sort.BESIDE, 0.1),
    (Sort.MISPLACED, 0.06),
    (Sort.THIEF, 0.08),
    (Sort.PRIVATE_LINE, 0.06),
    (Sort.RELET, 0.08),
    (Sort.HOME, 0.1),
    (Sort.LEFT, 0.06),
)
LOOKALIKES = (
    *("ai_hall", "data_centre", "cold_store", "aluminium", "chemical", "telecom", "commerce", "office"),
    "factory",
)
TRADES = {
    "ai_hall": ("智算中心", "I65"),
    "data_centre": ("数据中心", "I64"),
    "cold_store": ("冷链物流", "G59"),
    "aluminium": ("铝业", "C32"),
    "chemical": ("化工", "C26"),
    "telecom": ("通信", "I63"),
    "commerce": ("商贸", "F52"),
    "office": ("咨询", "L72"),
    "factory": ("机械制造", "C34"),
    "plant": ("水电", "D44"),
    "farm": ("数据服务", "I65"),
}


def province(
    seed: int,
    split: Split = "train",
    mining: int = 16,
    honest: int = 24,
    victims: int = 4,
    days: int = 28,
    captured: date = date(2026, 3, 18),
    cities: int = 3,
    largest: int = 400,
) -> Province:
    """Draw a province with so many sites that mine or did, honest ones, and offices that a campaign uses.

    `largest`: machines of the largest farm. Raises ValueError for more cities than it has names for.
    """
    drawn = drawn_province(seed, split, mining, honest, victims, days, captured, cities, largest)
    policies = (
        Policy("0.50", captured - timedelta(days=400)),
        Policy("1.00", captured - timedelta(days=60)),
    )
    start = captured - timedelta(days=days)
    return Province(seed, split, drawn.divisions, tuple(drawn.sites), policies, start, captured, days)


def drawn_province(
    seed: int,
    split: Split,
    mining: int,
    honest: int,
    victims: int,
    days: int,
    captured: date,
    cities: int,
    largest: int,
) -> "Drawn":
    """Draw the sites of `province`, so that more can be drawn beside them."""
    if not 1 <= cities <= len(_CITIES):
        raise ValueError(f"1 to {len(_CITIES)} cities, not {cities}")
    drawn = Drawn(Draw([seed, 99], split), captured, days, cities, largest)
    for number in range(mining):
        drawn.mining(number, mining)
    for number in range(honest):
        drawn.honest(LOOKALIKES[number % len(LOOKALIKES)])
    drawn.campaign(victims)
    return drawn


class Drawn:
    """Draws sites one after the other."""

    def __init__(self, draw: Draw, captured: date, days: int, cities: int, largest: int) -> None:
        self.draw, self.rng = draw, draw.rng
        self.captured, self.days, self.largest = captured, days, largest
        self.sites: list[Site] = []
        self.divisions = _divisions(cities)
        self.counties = [code for code, _ in self.divisions if not code.endswith("00")]
        self._companies = 0
        self._v4 = iter(_v4())
        self._v6 = 0
        self._shared: tuple[IPv4Address, int] | None = None

    def mining(self, number: int, count: int) -> None:
        """Draw a site that mines; every sort comes in its share, in the same order for a seed."""
        place, at = (number + 0.5) / count * sum(share for _, share in SHARES), 0.0
        sort = SHARES[-1][0]
        for one, share in SHARES:
            at += share
            if place < at:
                sort = one
                break
        trade = "farm"
        if sort is Sort.BESIDE:
            trade = self.draw.pick("province.beside", ("office", "commerce", "factory", "cold_store"))
        if sort is Sort.RELET:
            trade = "data_centre"
        owner = self.company(trade)
        miner = self.company("farm") if sort is Sort.RELET else owner
        until = None
        if sort is Sort.LEFT:
            until = self.captured - timedelta(days=int(self.rng.integers(1, max(2, self.days // 2))))
        seen = {Sort.THIEF: 0.0, Sort.PRIVATE_LINE: 0.05}.get(sort, 1.0)
        if sort is Sort.THIEF:
            seen = self.draw.one("province.thief", 0.02, 0.4)
        site = self.site(sort, owner, miner, trade, seen=seen, until=until)
        if sort is Sort.PRIVATE_LINE:  # it begins within the curves, so that the plant's energy falls there
            learned = self.days - LEARNED if self.days >= LEARNED + SEEN else self.days * 2 // 3
            site = replace(site, since=self.captured - timedelta(days=learned))
        self.sites.append(site)
        if sort is Sort.MISPLACED:
            self._really_at(site)
        if sort is Sort.PRIVATE_LINE:
            plant = self.site(Sort.PLANT, self.company("plant"), None, "plant", division=site.division)
            self.sites.append(plant)

    def honest(self, trade: str) -> None:
        """Draw a site that does not mine."""
        self.sites.append(self.site(Sort.HONEST, self.company(trade), None, trade))

    def campaign(self, victims: int) -> None:
        """Draw offices that one campaign uses."""
        seed = int(self.rng.integers(2**31))
        for _ in range(victims):
            self.sites.append(
                self.site(Sort.VICTIM, self.company("office"), None, "office", campaign=1, seed=seed)
            )

    def _really_at(self, site: Site) -> None:
        """Draw the place where a misplaced farm stands: its account counts the power, its line is unknown."""
        real = self.site(Sort.HONEST, self.company("commerce"), None, "commerce", division=site.division)
        self.sites[-1] = replace(site, stands_at=real.id)
        self.sites.append(real)

    def site(
        self,
        sort: Sort,
        owner: Company,
        miner: Company | None,
        trade: str,
        seen: float = 1.0,
        until: date | None = None,
        division: str = "",
        campaign: int = 0,
        seed: int = 0,
        machines: int = 0,
    ) -> Site:
        """Draw a site; with `machines` so many of Bitcoin, each with an address of its own."""
        number = len(self.sites) + 1
        ticker, drawn, arrangement = self._machines(sort)
        if machines:
            ticker, arrangement = "BTC", "direct"
        machines = machines or drawn
        ports = None
        if sort is Sort.HOME:
            address, ports = self._block()
            addresses: tuple[IPv4Address | IPv6Address, ...] = (address,)
        else:
            addresses = self._addresses(machines if arrangement == "direct" and machines else 1)
        meters = tuple(f"gm{number:05d}{turn}" for turn in range(1 + int(self.rng.random() < 0.15)))
        return Site(
            id=f"gsite-{number:04d}",
            sort=sort,
            division=division or self.counties[int(self.rng.integers(len(self.counties)))],
            owner=owner,
            miner=miner,
            trade=trade,
            machines=machines,
            ticker=ticker,
            arrangement=arrangement,
            addresses=addresses,
            ports=ports,
            line=f"gline-{number:05d}",
            account=f"9900{number:09d}",
            meters=meters,
            seen=seen,
            since=self.captured - timedelta(days=int(self.rng.integers(self.days // 2, 400))),
            until=until,
            seed=seed or int(self.rng.integers(2**31)),
            campaign=campaign,
        )

    def _machines(self, sort: Sort) -> tuple[str, int, Arrangement]:
        if sort in (Sort.HONEST, Sort.PLANT):
            return "", 0, "direct"
        if sort is Sort.VICTIM:
            return "XMR", 1, "direct"
        if sort is Sort.HOME:
            ticker = self.draw.pick("province.home", ("ETC", "XMR", "ETC", "XMR"))
            return ticker, int(self.rng.integers(1, 4)), "nat"
        machines = int(self.draw.one("province.machines", 4, self.largest, log=True))
        ways: tuple[Arrangement, ...] = ("nat", "proxy", "agent", "nat", "proxy", "renaming")
        arrangement: Arrangement = self.draw.pick("province.way", ways) if machines > 6 else "direct"
        if arrangement == "agent":
            return "BTC", machines, arrangement
        if arrangement == "nat" and machines > 60:  # hundreds of connections: a farm of this size has a proxy
            arrangement = "proxy"
        ticker = self.draw.weighted(("BTC", "LTC", "BCH"), (6, 2, 1), 1)[0]
        return ticker, machines, arrangement

    def company(self, trade: str) -> Company:
        self._companies += 1
        number, body = self._companies, ""
        rest = number * 31 + 7
        while len(body) < 5:
            body = _BODY[rest % 31] + body
            rest //= 31
        county = self.counties[int(self.rng.integers(len(self.counties)))]
        word, industry = TRADES[trade]
        return Company(
            completed("9", "1", county, f"GEN{body}"),
            f"示例{word}{number:04d}有限公司",
            f"示例省{county}示例路{number}号",
            industry,
        )

    def _addresses(self, count: int) -> tuple[IPv4Address | IPv6Address, ...]:
        found = list(islice(self._v4, count))
        if len(found) == count:
            return tuple(found)
        self._v6 += 1
        base = int(IPv6Address("2001:db8::")) + (self._v6 << 64)
        return tuple(IPv6Address(base + turn + 1) for turn in range(count))

    def _block(self) -> tuple[IPv4Address, tuple[int, int]]:
        """Return a public address and a block of 2,016 of its ports."""
        if self._shared is None or self._shared[1] >= 31:
            self._shared = (next(self._v4), 0)
        address, used = self._shared
        self._shared = (address, used + 1)
        first = 1024 + used * 2016
        return address, (first, first + 2015)


def _divisions(cities: int) -> tuple[tuple[str, str], ...]:
    found = [(PROVINCE, "示例省")]
    for city in range(1, cities + 1):
        found.append((f"99{city:02d}00", f"示例{_CITIES[city - 1]}市"))
        found += ((f"99{city:02d}{n:02d}", f"{_CITIES[city - 1]}市{'东西'[n - 1]}区") for n in (1, 2))
    return tuple(found)


def _v4() -> Iterator[IPv4Address]:
    """Yield addresses of clients: two of the three documentation prefixes, the third is the pools'."""
    for prefix in ("192.0.2.0", "198.51.100.0"):
        yield from (IPv4Address(int(IPv4Address(prefix)) + host) for host in range(1, 255))

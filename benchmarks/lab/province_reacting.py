"""A province through its policy dates: notice, price, deadline, and what each who mines does about them.

    python -m benchmarks.lab.province_made --calendar hainan --reacting 8 --out DIR

gives captures of five days: before the notice, after it, after the price began, after the deadline, and five
weeks later; curves from four weeks before the notice on.
"""

from dataclasses import replace
from datetime import date, timedelta

from benchmarks.lab.draw import Draw, Split
from benchmarks.lab.province import Policy, Province, Site, Sort
from benchmarks.lab.province_dates import CALENDARS, Calendar, Dates, Phase, Reacting, Reaction
from benchmarks.lab.province_draw import Drawn, drawn_province

BEFORE, AFTER = 28, 35
"""Days of curves before the notice, and from the deadline to the last captures."""


def reacting_province(
    seed: int,
    split: Split = "train",
    calendar: str = "hainan",
    reacting: int = len(Reaction),
    mining: int = 8,
    honest: int = 8,
    victims: int = 0,
    cities: int = 2,
    largest: int = 40,
) -> Province:
    """Draw a province whose last `reacting` farms react, each reaction in turn; the others are as elsewhere.

    Raises KeyError for a calendar that there is not.
    """
    draw, one = Draw([seed, 97], split), CALENDARS[calendar]
    deadline = one.tariff + timedelta(days=round(draw.one("dates.deadline", 25, 60)))
    captured = deadline + timedelta(days=AFTER)
    start = one.noticed - timedelta(days=BEFORE)
    drawn = drawn_province(
        seed, split, mining, honest, victims, (captured - start).days, captured, cities, largest
    )
    drawn.sites[:] = [_on_a_line(site, draw, one) for site in drawn.sites]
    found = []
    for turn in range(reacting):
        found += _react(drawn, draw, tuple(Reaction)[turn % len(Reaction)], one, deadline, start)
    captures = (
        one.noticed - timedelta(days=7),
        one.noticed + timedelta(days=21),
        one.tariff + timedelta(days=18),
        deadline + timedelta(days=3),
        captured,
    )
    return Province(
        seed,
        split,
        drawn.divisions,
        tuple(drawn.sites),
        (Policy(one.rate, one.tariff),),
        start,
        captured,
        (captured - start).days,
        Dates(one, deadline, captures, tuple(found)),
    )


def _on_a_line(site: Site, draw: Draw, calendar: Calendar) -> Site:
    """Return a site; one with a line to a plant took it, and began, when the price of the grid had risen."""
    if site.sort is not Sort.PRIVATE_LINE:
        return site
    return replace(site, since=calendar.tariff + timedelta(days=round(draw.one("dates.line", 9, 15))))


def _react(
    drawn: Drawn, draw: Draw, reaction: Reaction, calendar: Calendar, deadline: date, start: date
) -> list[Reacting]:
    """Draw one farm and what it does; of one that moves also the place that it moves to."""
    site = _farm(drawn, draw, start)
    drawn.sites.append(site)
    whole = Phase(date.min, site.machines)
    on, back = _days(draw, reaction, calendar, deadline)
    if on is None:
        return [Reacting(site.id, reaction, None, phases=(whole,))]
    none = Phase(on, 0)
    match reaction:
        case Reaction.SAVES:
            left = max(1, round(site.machines * draw.one("dates.left", 0.2, 0.6)))
            return [Reacting(site.id, reaction, on, phases=(whole, Phase(on, left)))]
        case Reaction.HIDES:
            sealed = Phase(on, site.machines, sealed=True)
            return [Reacting(site.id, reaction, on, phases=(whole, sealed))]
        case Reaction.MOVES:
            other = _elsewhere(drawn, site)
            drawn.sites[-1:] = [replace(site, until=on), other]
            there = Phase(date.min, 0), Phase(back or on, site.machines)
            return [
                Reacting(site.id, reaction, on, back, other.id, (whole, none)),
                Reacting(other.id, reaction, back, phases=there),
            ]
        case Reaction.LEAVES:
            drawn.sites[-1] = replace(site, until=on)
            return [Reacting(site.id, reaction, on, phases=(whole, none))]
        case _:
            hidden = reaction is Reaction.RETURNS_HIDDEN
            again = Phase(back or on, site.machines, sealed=hidden)
            if reaction is Reaction.REOCCUPIED:
                drawn.sites[-1] = replace(site, miner=drawn.company("farm"))
            return [Reacting(site.id, reaction, on, back, phases=(whole, none, again))]


def _farm(drawn: Drawn, draw: Draw, start: date) -> Site:
    """Draw a farm whose machines each have an address of their own, so that a part of them can be seen."""
    owner = drawn.company("farm")
    machines = round(draw.one("dates.machines", 8, 22))
    site = drawn.site(Sort.FARM, owner, owner, "farm", machines=machines)
    return replace(site, since=start - timedelta(days=60))


def _elsewhere(drawn: Drawn, site: Site) -> Site:
    """Draw the place that a farm moves to: the same machines and enterprise in another county."""
    counties = [code for code in drawn.counties if code != site.division]
    county = counties[int(drawn.rng.integers(len(counties)))]
    made = drawn.site(
        Sort.FARM, site.owner, site.owner, "farm", division=county, seed=site.seed, machines=site.machines
    )
    return replace(made, since=site.since)


def _days(
    draw: Draw, reaction: Reaction, calendar: Calendar, deadline: date
) -> tuple[date | None, date | None]:
    """Return when a site is different, and when it or another mines again."""

    def after(day: date, name: str, low: int, high: int) -> date:
        return day + timedelta(days=round(draw.one(f"dates.{name}", low, high)))

    match reaction:
        case Reaction.KEEPS:
            return None, None
        case Reaction.SAVES:
            return after(calendar.tariff, "saves", 0, 4), None
        case Reaction.LEAVES:
            return after(deadline, "leaves", -18, -1), None
        case Reaction.MOVES:
            on = after(calendar.tariff, "moves", 0, 8)
            return on, after(on, "arrives", 3, 10)
        case Reaction.HIDES:
            return after(calendar.noticed, "hides", 2, 12), None
        case _:
            on = after(deadline, "exits", -10, 0)
            return on, after(deadline, "returns", 9, 20)

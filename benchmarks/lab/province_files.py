"""A province as files: registries to import, its rules, its market and support ledgers, and the truth."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from benchmarks.lab.province import MARK, PROVINCE, Province, Site, Sort
from benchmarks.lab.province_dates import Reaction
from benchmarks.lab.province_power import Power
from benchmarks.lab.province_traffic import Mined

SINCE = "2020-01-01"
_LINED = ("ai_hall", "data_centre", "aluminium", "chemical", "factory")
"""Trades that buy power at the market."""


def write_registry(made: Province, curves: Mapping[str, Power], folder: Path) -> list[Path]:
    """Write the registry's tables, named so that `minescope registry import FOLDER` reads them."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = _tables(made, curves)
    for name, (header, rows) in tables.items():
        _csv(folder / f"{name}.csv", header, rows)
    return [folder / f"{name}.csv" for name in tables]


def _tables(
    made: Province, curves: Mapping[str, Power]
) -> dict[str, tuple[Sequence[str], Iterable[Sequence[Any]]]]:
    own = [site for site in made.sites if site.ports is None]
    shared = sorted({site.addresses[0] for site in made.sites if site.ports is not None})
    return {
        "divisions": (
            ("code", "name", "valid_from", "source"),
            [(code, name, SINCE, MARK) for code, name in made.divisions],
        ),
        "enterprises": (
            ("uscc", "name", "address", "legal_form", "industry", "status", "source"),
            [
                (one.uscc, one.name, one.address, "有限责任公司", one.industry, "存续", MARK)
                for one in made.companies
            ],
        ),
        "sites": (
            ("id", "name", "division", "address", "longitude", "latitude", "datum", "meters", "source"),
            [
                (
                    site.id,
                    f"{site.owner.name}场所",
                    site.division,
                    f"示例省{site.division}示例路{place}号",
                    f"{0.01 * (place % 100):.4f}",
                    f"{0.01 * (place // 100) + 0.1:.4f}",
                    "WGS-84",
                    ";".join(site.meters),
                    MARK,
                )
                for place, site in enumerate(made.sites, 1)
            ],
        ),
        "lines": (
            ("line", "uscc", "site", "valid_from", "valid_to", "source"),
            [
                (site.line, uscc, site.id, first, after, MARK)
                for site in made.sites
                for uscc, first, after in _holders(made, site)
            ],
        ),
        "hosting": (
            ("site", "operator", "tenant", "place", "valid_from", "source"),
            [
                (site.id, site.owner.uscc, site.miner.uscc, "B区", site.since, MARK)
                for site in made.sites
                if site.sort is Sort.RELET and site.miner is not None
            ],
        ),
        "assignments": (
            ("prefix", "line", "use", "valid_from", "source"),
            [
                *((str(one), site.line, "", SINCE, MARK) for site in own for one in site.addresses),
                *((str(one), "", "nat", SINCE, MARK) for one in shared),
            ],
        ),
        "nat": (
            ("public", "first_port", "last_port", "line", "valid_from", "valid_to", "source"),
            [
                (
                    str(site.addresses[0]),
                    *site.ports,
                    site.line,
                    made.captured - timedelta(days=1),
                    made.captured + timedelta(days=2),
                    MARK,
                )
                for site in made.sites
                if site.ports is not None
            ],
        ),
        "power-accounts": (
            (
                *("number", "uscc", "site", "division", "customer_class", "contracted_kva"),
                *("meters", "valid_from", "valid_to", "source"),
            ),
            [
                (
                    site.account,
                    uscc,
                    site.id,
                    site.division,
                    "E" if site.sort is Sort.HOME else "A",
                    f"{curves[site.id].contracted_kva:g}",
                    ";".join(site.meters),
                    first,
                    after,
                    MARK,
                )
                for site in made.sites
                for uscc, first, after in _holders(made, site)
            ],
        ),
    }


def _holders(made: Province, site: Site) -> Iterator[tuple[str, str, str]]:
    """Yield who has a site's line and account, from which day, until before which one; empty: until now."""
    for one in made.dates.reacting if made.dates else ():
        if one.site == site.id and one.reaction is Reaction.REOCCUPIED and one.back and site.miner:
            taken = one.back - timedelta(days=5)  # who moves in has the line before the machines run
            yield site.owner.uscc, SINCE, str(taken)
            yield site.miner.uscc, str(taken), ""
            return
    yield site.owner.uscc, SINCE, ""


def write_rules(made: Province, path: Path) -> None:
    """Write the province's rules of the differential price, in the form of supervision/tariff/rules.toml."""
    said = []
    for place, one in enumerate(made.policies):
        after = made.policies[place + 1].valid_from if place + 1 < len(made.policies) else None
        said.append(
            "\n".join(
                (
                    "[[rule]]",
                    f'id = "generated-{one.valid_from}"',
                    f'jurisdiction = "{PROVINCE}"',
                    f'rate = "{one.rate}"',
                    'tax = "unstated"',
                    'scope = "account"',
                    f"valid_from = {one.valid_from}",
                    *([] if after is None else [f"valid_to = {after}"]),
                    'start = "mining"',
                    'part_period = "daily-average"',
                    f'document = "{MARK}"',
                    'status = "in-force"',
                    'mark = "R"',
                )
            )
        )
    path.write_text("\n\n".join(said) + "\n", "utf-8")


def write_ledgers(made: Province, folder: Path) -> list[Path]:
    """Write participants of the power market and support given, named after their ledgers."""
    folder.mkdir(parents=True, exist_ok=True)
    market, support = [], []
    for place, site in enumerate(made.sites, 1):
        trades = site.trade in _LINED or (site.sort is Sort.FARM and place % 4 == 0)
        if trades:
            market.append(
                (
                    f"gp-{place:04d}",
                    "示例电力交易中心",
                    site.owner.uscc,
                    site.owner.name,
                    site.account,
                    f"示例法人{place % 17:02d}",
                    SINCE,
                    site.division,
                )
            )
        if site.sort is Sort.FARM and place % 3 == 0:
            granted = made.captured - timedelta(days=300)
            amount = f"{100_000 * place}.00"
            row = (
                f"gs-{place:04d}",
                site.owner.uscc,
                "loan",
                amount,
                granted,
                "示例银行",
                "bank",
                site.division,
            )
            support.append(row)
    files: dict[str, tuple[Sequence[str], Sequence[Sequence[Any]]]] = {
        "market": (
            ("participant", "exchange", "uscc", "name", "accounts", "legal_person", "entered", "division"),
            market,
        ),
        "support": (
            ("id", "uscc", "kind", "amount", "granted", "body", "body_kind", "division"),
            support,
        ),
    }
    for name, (header, rows) in files.items():
        _csv(folder / f"{name}.csv", header, rows)
    return [folder / f"{name}.csv" for name in files]


def write_truth(
    made: Province,
    true: Mapping[str, Mined],
    curves: Mapping[str, Power],
    path: Path,
    dates: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write what is true of every site on the day of the captures, and of the dates; return it."""
    told: dict[str, Any] = {
        "generated": MARK,
        "seed": made.seed,
        "split": made.split,
        "captured": str(made.captured),
        "curves": {"first": str(made.first), "days": made.days},
        "sites": [],
    }
    for site in made.sites:
        own, power = true.get(site.id), curves[site.id]
        told["sites"].append(
            {
                "site": site.id,
                "sort": site.sort.value,
                "trade": site.trade,
                "division": site.division,
                "owner": site.owner.uscc,
                "miner": None if site.miner is None else site.miner.uscc,
                "account": site.account,
                "addresses": [str(one) for one in site.addresses],
                "ports": site.ports,
                "stands_at": site.stands_at or None,
                "campaign": site.campaign or None,
                "since": str(site.since),
                "until": None if site.until is None else str(site.until),
                "machines": 0 if own is None else own.machines,
                "algorithm": None if own is None else own.algorithm,
                "hashrate": None if own is None else own.hashrate,
                "watts": None if own is None else own.watts,
                "hidden_watts": None if own is None else own.hidden_watts,
                "clear_machines": 0 if own is None else own.clear_machines,
                "clear_hashrate": None if own is None else own.clear_hashrate,
                "mining_kwh_last_day": round(float(power.mining[-1].sum()) / 4, 3),
                "metered_kwh_last_day": round(_day(power), 3),
            }
        )
    if dates is not None:
        told["dates"] = dates
    path.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return told


def dates_told(made: Province, days: Mapping[date, Mapping[str, Mined]]) -> dict[str, Any] | None:
    """Return the policy dates, and what each site that reacts did; None where there are none.

    `days`: what mined on each day of captures.
    """
    if made.dates is None:
        return None
    dates = made.dates
    told: dict[str, Any] = {
        "calendar": dates.calendar.id,
        "noticed": str(dates.calendar.noticed),
        "tariff": str(dates.calendar.tariff),
        "rate": dates.calendar.rate,
        "deadline": str(dates.deadline),
        "captures": [str(day) for day in dates.captures],
        "reacting": [],
    }
    for one in dates.reacting:
        seen = {}
        for day, true in days.items():
            own, phase = true.get(one.site), dates.phase(one.site, day)
            seen[str(day)] = {
                "machines": 0 if own is None else own.machines,
                "watts": 0.0 if own is None else own.watts,
                "sealed": phase is not None and phase.sealed,
            }
        told["reacting"].append(
            {
                "site": one.site,
                "reaction": one.reaction.value,
                "on": None if one.on is None else str(one.on),
                "back": None if one.back is None else str(one.back),
                "to": one.to or None,
                "days": seen,
            }
        )
    return told


def _day(power: Power) -> float:
    points = power.metered[-1]
    return float(points[points == points].mean() * 24)


def _csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)

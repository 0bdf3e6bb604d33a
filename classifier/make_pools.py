"""Make classifier/data/pools.csv from a list of pool hosts: `python -m classifier.make_pools LIST.csv`.

The list has the columns domain, port, protocol, coin, operator, source. Rows are checked, cleaned and given
their validity; what is dropped is printed with its row and reason. docs/protocols/pool-names.md says how.
"""

import csv
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from classifier.pool_lists import DOMAIN, PROTOCOLS
from classifier.poolnames import COLUMNS, is_shared, kind_of, registered_domain
from facts.errors import RowError

SNAPSHOTS = {
    "AdamYoung71/mining-pool-domain-intel": "2026-04-21",
    "RainbowMiner/RainbowMiner": "2026-07-24",
    "bitaxeorg/ESP-Miner": "2026-08-22",
    "btccom/btcagent": "2022-09-15",
    "demand-open-source/demand-cli": "2026-08-05",
    "ethereum-mining/ethminer": "2022-02-20",
    "xmrig/xmrig": "2026-03-28",
    "xmrig/xmrig-proxy": "2026-03-28",
}
"""The day of the copy that was read, by repository; other sources gave no day."""

NOT_POOLS = frozenset({"miningrigrentals.com"})
"""Listed by a source, but a market for rented machines: its visitors do not mine with it."""
PLACEHOLDERS = frozenset({"pool", "solo", "web miner"})
"""Operators that are no names."""

_TICKERS = re.compile(r"[A-Z0-9]{2,9}(?:/[A-Z0-9]{2,9})*")
_REMARK = re.compile(r"\s*\([^)]*\)\Z")


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The table to write, and what was left out of it."""

    rows: tuple[tuple[str, ...], ...]
    """In the order of COLUMNS, sorted."""
    dropped: tuple[RowError, ...]


def clean(rows: Iterable[Mapping[str, str]], source: str) -> Cleaned:
    """Check and clean the rows of a list; rows count from 2, behind the header of `source`."""
    dropped: list[RowError] = []
    kept: dict[tuple[str, ...], tuple[str, ...]] = {}
    listed = [(number, dict(row)) for number, row in enumerate(rows, 2)]
    operators = _operators(row for _, row in listed)
    for number, row in listed:
        why = _fault(row)
        if not why:
            made = _row(row, operators)
            if made[:4] not in kept:
                kept[made[:4]] = made
                continue
            why = "the same host, port, protocol and coin once more"
        dropped.append(RowError(why, source, number))
    return Cleaned(tuple(sorted(_kinds(list(_adopted(list(kept.values())))))), tuple(dropped))


def _kinds(rows: list[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """Give each row its kind, which depends on all rows of its host."""
    of_host: dict[str, list[tuple[str, ...]]] = {}
    for row in rows:
        of_host.setdefault(row[0], []).append(row)
    for name, same in of_host.items():
        browser = all(row[2] == "browser-ws" for row in same)
        kind = kind_of(name, any(row[1] for row in same), browser)
        yield from ((*row[:8], kind, row[9]) for row in same)


def _adopted(rows: list[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """Give a row without an operator the one that all other hosts of its registered domain have."""
    known: dict[str, set[str]] = {}
    for row in rows:
        known.setdefault(registered_domain(row[0]), set()).add(row[4])
    for row in rows:
        site = registered_domain(row[0])
        others = known[site] - {""}
        if not row[4] and len(others) == 1 and not is_shared(site):
            row = (*row[:4], *others, *row[5:])
        yield row


def _fault(row: Mapping[str, str]) -> str:
    """Return why a row is no pool host, or an empty string."""
    domain, port = row["domain"].strip().lower().rstrip("."), row["port"].strip()
    if not domain:
        return "no domain"
    if "*" in domain:
        return f"{domain!r} is a wildcard"
    try:
        ip_address(domain)
        return f"{domain!r} is an address, not a name"
    except ValueError:
        pass
    if not DOMAIN.fullmatch(domain):
        return f"{domain!r} is not a domain name"
    if domain in NOT_POOLS:
        return f"{domain!r} is not a pool"
    if port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65_536):
        return f"{port!r} is not a port"
    if row["protocol"] not in PROTOCOLS:
        return f"{row['protocol']!r} is not a protocol of this table"
    return ""


def _row(row: Mapping[str, str], operators: Mapping[str, str]) -> tuple[str, ...]:
    coin = _REMARK.sub("", row["coin"].strip())
    day = SNAPSHOTS.get(row["source"].split(":")[0].strip(), "")
    return (
        row["domain"].strip().lower().rstrip("."),
        row["port"].strip(),
        row["protocol"],
        coin if _TICKERS.fullmatch(coin) else "",
        operators[_REMARK.sub("", row["operator"].strip())],
        row["source"].strip(),
        day,
        "",
        "",
        day,
    )


def _operators(rows: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return one name for all spellings of an operator.

    Remarks in brackets go, case is made one, and an operator known by its domain takes the name that another
    row gives a host under that domain: `2miners.com` becomes `2Miners`, `solopool.eu` is not `Solopool`.
    """
    counted: Counter[str] = Counter()
    hosts: dict[str, set[str]] = {}
    for row in rows:
        name = _REMARK.sub("", row["operator"].strip())
        counted[name] += 1
        hosts.setdefault(name, set()).add(row["domain"])
    best: dict[str, str] = {}
    for name in sorted(counted, key=lambda each: (-counted[each], each)):
        if not _is_domain(name):
            best.setdefault(name.lower(), name)
    names = {name: "" if name.lower() in PLACEHOLDERS else best.get(name.lower(), name) for name in counted}
    for domain in filter(_is_domain, counted):
        label = domain.rsplit(".", 1)[0].replace(".", "")
        for name, named in list(names.items()):
            same = not _is_domain(name) and re.sub(r"[^a-z0-9]", "", name.lower()) == label
            if named and same and any(host == domain or host.endswith("." + domain) for host in hosts[name]):
                names[domain] = named
    return names


def _is_domain(name: str) -> bool:
    return DOMAIN.fullmatch(name) is not None


def _read(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)


def main(arguments: list[str]) -> int:
    """Write the table beside this file; 0 when it was written, 3 for wrong usage."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 3
    path = Path(arguments[0])
    cleaned = clean(_read(path), path.name)
    target = Path(__file__).parent / "data" / "pools.csv"
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(cleaned.rows)
    for error in cleaned.dropped:
        print(error, file=sys.stderr)
    print(f"{len(cleaned.rows)} rows written, {len(cleaned.dropped)} dropped", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`minescope registry history|imports|divisions|convert`: what the registry knows, asked by hand."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from minescope.exits import EXIT_NOTHING, EXIT_USAGE
from minescope.language import Lang, chosen

if TYPE_CHECKING:
    from registry.division_table import DivisionTable, Named

_CHINA_NS = 8 * 3600 * 10**9

AsJson = Annotated[bool, typer.Option("--json", help="Write one JSON object a line.")]


def history(
    key: Annotated[
        str,
        typer.Argument(
            help="A credit code, a site's id, a line, a division's code, or a prefix.", show_default=False
        ),
    ],
    known_at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="What was believed at this time only.", show_default=False),
    ] = None,
    valid_at: Annotated[
        str | None, typer.Option(metavar="TIME", help="What was true at this time only.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Show what is and was believed of KEY: when it was true, and from when to when it was believed.

    Exits 0, 2 when the database cannot be read, 3 where nothing was ever known of KEY.
    """
    from facts.instant import rfc3339
    from pipeline.lookup import read_time
    from pipeline.settings import load_settings
    from store.database import open_database
    from store.registry_history import history as history_of

    times = [None if text is None else read_time(text) for text in (known_at, valid_at)]
    with open_database(load_settings().database_url) as database:
        found = history_of(database, key, *times)
    for entry in found:
        shown = {
            name.removesuffix("_ns"): value if not name.endswith("_ns") or value is None else rfc3339(value)
            for name, value in entry.items()
        }
        if as_json:
            typer.echo(json.dumps(shown, ensure_ascii=False))
            continue
        known, valid = (shown["known_from"], shown["known_to"]), (shown["valid_from"], shown["valid_to"])
        if chosen(None) is Lang.ZH:
            since = f"知悉 {known[0]} 至 {known[1] or '今'}"
            true = f"有效 {valid[0] or '不限'} 至 {valid[1] or '不限'}"
        else:
            since = f"known {known[0]} to {known[1] or 'now'}"
            true = f"true {valid[0] or 'ever'} to {valid[1] or 'on'}"
        record = ", ".join(
            f"{name} {value}"
            for name, value in entry["record"].items()
            if value not in (None, "", "[]", []) and not name.endswith("_ns")
        )
        typer.echo(f"{shown['kind']} {shown['key']}: {since}; {true}: {record}")
    if not found:
        nothing = f"从未有过 {key} 的记录" if chosen(None) is Lang.ZH else f"nothing was ever known of {key}"
        typer.echo(f"minescope: {nothing}", err=True)
        return EXIT_USAGE
    return EXIT_NOTHING


def imports(as_json: AsJson = False) -> int:
    """List the imports: when, which file, how many rows, what they changed."""
    from sqlalchemy import select

    from facts.instant import rfc3339
    from pipeline.settings import load_settings
    from store.database import open_database
    from store.registry_tables import ImportRow

    names = ("id", "kind", "name", "digest", "known_ns", "rows", "refused", "added", "changed", "ended")
    with open_database(load_settings().database_url) as database, database.reading() as connection:
        query = select(*(getattr(ImportRow, name) for name in names)).order_by(ImportRow.id)
        found = [dict(row) for row in connection.execute(query).mappings()]
    for row in found:
        row["known"] = rfc3339(row.pop("known_ns"))
        if as_json:
            typer.echo(json.dumps(row, ensure_ascii=False))
        else:
            line = _IMPORT_ZH if chosen(None) is Lang.ZH else _IMPORT
            typer.echo(line.format(**{**row, "name": row["name"] or "-"}))
    return EXIT_NOTHING


_IMPORT = (
    "{id}  {known}  {kind} {name}: {rows:,} rows, {refused:,} refused, {added:,} added, {changed:,} changed, "
    "{ended:,} ended"
)
_IMPORT_ZH = (
    "{id}  {known}  {kind} {name}：行 {rows:,}，拒绝 {refused:,}，"
    "新增 {added:,}，变更 {changed:,}，终止 {ended:,}"
)


def divisions(
    codes: Annotated[
        list[str],
        typer.Argument(metavar="CODE|NAME...", help="Codes, or parts of names.", show_default=False),
    ],
    as_json: AsJson = False,
) -> int:
    """Tell what division codes mean and meant, what took their place, and what a right on them covers.

    Asked are the codes that come with minescope (the end of 2025, and changes since 2009) and, over them, the
    table that was imported.

    **Examples**: `minescope registry divisions 371202`, `minescope registry divisions 余杭`

    Exits 0, 2 when the database cannot be read, 3 where no list has a code or a name.
    """
    from registry.division_table import shipped

    table = shipped().over(_imported())
    unknown = []
    for asked in codes:
        found = [asked] if asked.isdigit() else [code for code in table if asked in _full_name(table, code)]
        named = [one for code in found if (one := table.named(code)) is not None]
        if not named:
            unknown.append(asked)
        for one in named:
            typer.echo(_json(one, table) if as_json else _told(one, table))
    for asked in unknown:
        lost = f"行政区划表中没有 {asked}" if chosen(None) is Lang.ZH else f"no list of divisions has {asked}"
        typer.echo(f"minescope: {lost}", err=True)
    return EXIT_USAGE if unknown else EXIT_NOTHING


def _imported() -> Any:
    from pipeline.home import has_database
    from pipeline.settings import load_settings
    from store.database import open_database
    from store.registry_rows import DIVISIONS

    if not has_database():
        return ()
    with open_database(load_settings().database_url) as database, database.reading() as connection:
        return tuple(DIVISIONS.read(connection))


def _full_name(table: "DivisionTable", code: str) -> str:
    named = table.named(code)
    return "" if named is None else named.full_name


def _told(one: "Named", table: "DivisionTable") -> str:
    covered = ", ".join(_whole(digits) for digits in table.covers(one.code))
    if chosen(None) is Lang.ZH:
        return _told_zh(one, table, covered)
    told = f"{one.code} {one.full_name} ({one.level}"
    told += f" in {one.parent})" if one.parent else ")"
    for period in one.periods:
        begin, end = _day(period.valid_from_ns), _day(period.valid_to_ns)
        told += f"; {period.name}" + (f" from {begin}" if begin else "") + (f" to {end}" if end else "")
        told += f" [{period.source}]"
    if one.successors:
        told += f"; then {', '.join(table.shown(code) for code in one.successors)}"
    return f"{told}; a right on it covers {covered}"


def _told_zh(one: "Named", table: "DivisionTable", covered: str) -> str:
    told = f"{one.code} {one.full_name}（{_LEVELS_ZH.get(one.level, one.level)}"
    told += f"，属 {one.parent}）" if one.parent else "）"
    for period in one.periods:
        begin, end = _day(period.valid_from_ns), _day(period.valid_to_ns)
        told += f"；{period.name}" + (f"，自 {begin} 起" if begin else "") + (f"，至 {end} 前" if end else "")
        told += f" [{period.source}]"
    if one.successors:
        told += f"；其后为 {'、'.join(table.shown(code) for code in one.successors)}"
    return f"{told}；对其授权覆盖 {covered}"


_LEVELS_ZH = {"province": "省级", "prefecture": "地级", "county": "县级"}


def _json(one: "Named", table: "DivisionTable") -> str:
    periods = [
        {
            "name": period.name,
            "valid_from": _day(period.valid_from_ns),
            "valid_to": _day(period.valid_to_ns),
            "successors": [part for part in period.successor.split(";") if part],
            "source": period.source,
        }
        for period in one.periods
    ]
    return json.dumps(
        {
            "code": one.code,
            "name": one.name,
            "full_name": one.full_name,
            "level": one.level,
            "parent": one.parent,
            "in_force": one.in_force,
            "successors": list(one.successors),
            "periods": periods,
            "covers": [_whole(digits) for digits in table.covers(one.code)],
        },
        ensure_ascii=False,
    )


def _day(at_ns: int | None) -> str | None:
    """Return the day, in China, on which a period begins or ended; divisions change at midnight there."""
    from facts.instant import rfc3339
    from registry.division_table import SINCE_EVER

    return None if at_ns is None or at_ns == SINCE_EVER else rfc3339(at_ns + _CHINA_NS)[:10]


def _whole(digits: str) -> str:
    """Return the code of a subtree."""
    return digits.ljust(6, "0")


def convert(
    longitude: Annotated[float, typer.Argument(min=-180, max=180, help="Degrees east.")],
    latitude: Annotated[float, typer.Argument(min=-90, max=90, help="Degrees north.")],
    given: Annotated[str, typer.Option("--from", help="WGS-84, GCJ-02 or CGCS2000.")] = "GCJ-02",
    wanted: Annotated[str, typer.Option("--to", help="WGS-84, GCJ-02 or CGCS2000.")] = "WGS-84",
) -> int:
    """Convert coordinates from one datum to another (put `--` before a negative number)."""
    from facts.errors import UsageError
    from registry.cells import parse_datum
    from registry.geodesy import convert as converted

    try:
        place = converted((longitude, latitude), parse_datum(given), parse_datum(wanted))
    except ValueError as error:
        raise UsageError(str(error)) from error
    typer.echo(f"{place[0]:.9f} {place[1]:.9f}")
    return EXIT_NOTHING

"""`minescope owners`: who belongs together, over addresses, lines and enterprises."""

import json
import sys
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from minescope.exits import EXIT_NOTHING, EXIT_UNREADABLE
from minescope.language import Lang, chosen

if TYPE_CHECKING:
    from classifier.ownership_model import Cluster, Tie
    from store.clusters import ClusterStore
    from store.database import Database

owners = typer.Typer(
    name="owners",
    no_args_is_help=True,
    help="Who belongs together: clusters of addresses by wallets, accounts, rig names, proxies.",
)

AsJson = Annotated[bool, typer.Option("--json", help="Write one JSON object a line.")]
Language = Annotated[
    Lang | None, typer.Option(help="Language of sentences: en or zh. Default: from LANG.", show_default=False)
]
PAGE = 500


class Format(StrEnum):
    """What `export` writes."""

    GRAPHML = "graphml"
    JSON = "json"


class Wanted(StrEnum):
    """Sorts of clusters that can be asked for."""

    OPERATOR = "operator"
    CAMPAIGN = "campaign"
    INSIDER = "insider"


@owners.command("list")
def list_(
    sort: Annotated[
        Wanted | None, typer.Option(help="Only clusters of this sort.", show_default=False)
    ] = None,
    at_least: Annotated[int, typer.Option(min=2, help="Addresses that a cluster has at least.")] = 2,
    limit: Annotated[int, typer.Option(min=1, help="Clusters that are listed.")] = 100,
    as_json: AsJson = False,
    lang: Language = None,
) -> int:
    """List clusters, those with most addresses first; insiders only where they are asked for.

    Exits 0, or 2 when the database cannot be read.
    """
    from classifier.ownership_words import link_words, sort_words
    from pipeline.ownership_json import cluster_json
    from store.clusters import ClusterStore

    language = _language(lang)
    listed = False
    with _opened() as database:
        for cluster, size in _pages(ClusterStore(database), sort, at_least, limit):
            listed = True
            if as_json:
                _line(cluster_json(cluster, language, size))
                continue
            because = link_words(cluster.links[0], language) if cluster.links else ""
            says = sort_words(cluster.sort, language)
            typer.echo(f"{cluster.id}  {size:>6,}  {cluster.certainty:4.0%} {says}; {because}".rstrip("; "))
    if not listed:
        none = f"no cluster of {at_least:,} addresses or more is held"
        typer.echo(
            {"en": f"minescope: {none}", "zh": f"minescope: 没有包含 {at_least:,} 个及以上地址的关联簇"}[
                language
            ],
            err=True,
        )
    return EXIT_NOTHING


@owners.command()
def show(
    what: Annotated[
        str, typer.Argument(help="An address, a wallet, an account, or a cluster's id.", show_default=False)
    ],
    as_json: AsJson = False,
    lang: Language = None,
) -> int:
    """Show the clusters of an address, of a wallet or account, or one by its id, with members and reasons.

    Exits 0, or 2 when there is none or the database cannot be read.
    """
    from classifier.ownership_words import grade_words, link_words, reason_words, sort_words
    from pipeline.campaigns import of_cluster
    from pipeline.ownership_json import cluster_json, members_json, suspicion_json
    from store.clusters import ClusterStore

    language = _language(lang)
    with _opened() as database:
        store = ClusterStore(database)
        found = [one for name in _ids(store, what) if (one := store.read(name)) is not None]
        thought = {one.id: of_cluster(database, one.id) for one in found if len(one.addresses) > 1}
    if not found:
        typer.echo(f"minescope: no cluster of {what}", err=True)
        return EXIT_UNREADABLE
    for cluster in found:
        if as_json:
            told = suspicion_json(thought.get(cluster.id), language)
            members = members_json(cluster.members)
            _line({**cluster_json(cluster, language), "campaign": told, "members": members})
            continue
        typer.echo(f"{cluster.id}: {sort_words(cluster.sort, language)} ({cluster.certainty:.0%})")
        for text in (
            *(reason_words(reason, language) for reason in cluster.reasons),
            *(link_words(link, language) for link in cluster.links),
        ):
            typer.echo(f"  - {text}")
        if (suspicion := thought.get(cluster.id)) is not None and suspicion.is_victim:
            typer.echo(f"  {grade_words(suspicion.kind.value, language)} ({suspicion.probability:.0%})")
            for reason in suspicion.reasons:
                typer.echo(f"  - {reason_words(reason, language)}")
        for member in cluster.members:
            held = " ".join(part for part in (member.enterprise, member.line) if part)
            typer.echo(f"  {member.address!s:39} {member.score:+6.1f} {member.party} {held}".rstrip())
    return EXIT_NOTHING


@owners.command()
def export(
    format: Annotated[
        Format, typer.Option(help="graphml, or json with one cluster a line.")
    ] = Format.GRAPHML,
    out: Annotated[
        Path | None, typer.Option(help="File to write; default: standard output.", show_default=False)
    ] = None,
    sort: Annotated[
        Wanted | None, typer.Option(help="Only clusters of this sort.", show_default=False)
    ] = None,
    at_least: Annotated[int, typer.Option(min=2, help="Addresses that a cluster has at least.")] = 2,
    lang: Language = None,
) -> int:
    """Write clusters with all their ties, times and places: GraphML for a graph program, or JSON lines.

    Exits 0, or 2 when the database cannot be read or the file cannot be written.
    """
    from facts.errors import ReadError
    from facts.where import Where
    from pipeline.ownership_json import cluster_json, graphml, members_json, ties_json
    from store.clusters import ClusterStore

    language = _language(lang)
    with _opened() as database:
        store = ClusterStore(database)

        def whole() -> "Iterator[Cluster]":
            for cluster, _ in _pages(store, sort, at_least, None):
                if (one := store.read(cluster.id)) is not None:
                    yield one

        def parts() -> Iterator[str]:
            if format is Format.GRAPHML:
                yield from graphml(whole(), lambda cluster: _ties(database, cluster))
                return
            for one in whole():
                told = {**cluster_json(one, language), "members": members_json(one.members)}
                told["ties"] = ties_json(_ties(database, one))
                yield json.dumps(told, ensure_ascii=False, separators=(",", ":")) + "\n"

        if out is None:
            for part in parts():
                sys.stdout.write(part)
            return EXIT_NOTHING
        making = out.with_name(f".{out.name}.part")
        try:
            with making.open("w", encoding="utf-8", errors="replace", newline="\n") as file:
                file.writelines(parts())
            making.replace(out)
        except OSError as error:
            raise ReadError(error.strerror or str(error), Where(str(out))) from error
        finally:
            making.unlink(missing_ok=True)
    return EXIT_NOTHING


@owners.command()
def rebuild() -> int:
    """Make all clusters anew, with lines and enterprises as the registry has them now.

    Each `replay --store` makes those anew that it changed; after an import into the registry all may differ.

    Exits 0, or 2 when the database cannot be read.
    """
    from pipeline.ownership import rebuild as made_anew
    from pipeline.ownership import registered
    from pipeline.settings import load_settings

    settings = load_settings()
    with _opened() as database:
        done = made_anew(database, registered(database, settings))
    typer.echo(f"minescope: {done.clusters:,} clusters of {done.addresses:,} addresses made anew")
    return EXIT_NOTHING


@owners.command()
def relays(
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day, UTC.", show_default=False)
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day, UTC.", show_default=False)
    ] = None,
    probe: Annotated[str | None, typer.Option(help="Of this probe only.", show_default=False)] = None,
) -> int:
    """Find relays and port forwards in the flow lake by timing, sealed ones too, and join who is behind them.

    Exits 0, or 2 when the database or the lake cannot be read.
    """
    from pipeline.ownership import registered, update
    from pipeline.relays_of_lake import keep_relays
    from pipeline.settings import load_settings
    from store.lake import Lake, Wanted

    settings = load_settings()
    wanted = Wanted(since and since.date(), until and until.date(), probe)
    with _opened() as database:
        found = keep_relays(database, Lake(settings.lake), wanted)
        done = update(database, registered(database, settings))
    told = f"{sum(found.values()):,} relays in {len(found):,} days of probes"
    typer.echo(f"minescope: {told}, {done.clusters:,} clusters made anew")
    return EXIT_NOTHING


def _language(given: Lang | None) -> Literal["en", "zh"]:
    return "zh" if chosen(given) is Lang.ZH else "en"


def _opened() -> "Database":
    from pipeline.settings import load_settings
    from store.database import open_database

    return open_database(load_settings().database_url)


def _pages(
    store: "ClusterStore", sort: Wanted | None, at_least: int, limit: int | None
) -> "Iterator[tuple[Cluster, int]]":
    from classifier.ownership_model import Sort

    wanted = None if sort is None else Sort(sort.value)
    after, left = None, limit
    while left is None or left > 0:
        page = store.page(after, min(PAGE, left or PAGE), wanted, at_least)
        yield from zip(page.clusters, page.sizes, strict=True)
        left = None if left is None else left - len(page.clusters)
        after = page.next
        if after is None:
            return


def _ids(store: "ClusterStore", what: str) -> list[str]:
    from facts.endpoint import parse_address

    try:
        return store.ids_of(parse_address(what))
    except ValueError:
        pass
    if store.read(what, 0) is not None:
        return [what]
    names = dict.fromkeys((what, what.lower()))
    return sorted({found for name in names for found in store.ids_naming(name)})


def _ties(database: "Database", cluster: "Cluster") -> "list[Tie]":
    from store.ties import ties_of_parties

    with database.reading() as connection:
        return ties_of_parties(connection, {(one.address, one.party) for one in cluster.members})


def _line(value: object) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")

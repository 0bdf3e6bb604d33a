"""`minescope lookup`: what the store and the registry know of addresses."""

import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from facts.evidence import Evidence
from facts.names import LEVEL_ORDER, MINING_ROLES, Level
from minescope.exits import EXIT_FOUND, EXIT_NOTHING, EXIT_USAGE
from minescope.language import Lang, chosen
from minescope.refused_rows import noticed

if TYPE_CHECKING:
    from pipeline.lookup import Answer, Ask
    from registry.attribution import Attribution

BATCH = 500  # addresses answered together: a reader of a long list sees answers early

CSV_COLUMNS = (
    "address", "at", "port", "known", "role", "level", "score", "roles", "protocols", "coins", "pools",
    "first_seen", "last_seen", "because", "source", "frame", "enterprise", "uscc", "line", "site", "division",
    "site_address", "longitude", "latitude", "datum", "candidates", "missing",
)  # fmt: skip

WORDS: dict[str, tuple[str, str]] = {
    "nothing": (
        "no capture has shown it, and the registry has never held it",
        "流量中没有出现过，登记库中也没有",
    ),
    "unseen": ("no capture has shown it", "流量中没有出现过"),
    "unregistered": ("not in the registry", "登记库中无此地址"),
    "perhaps": ("perhaps held by {names}; missing: {missing}", "可能的使用者：{names}；缺少：{missing}"),
    "one_of": ("one of {count} holders; missing: {missing}", "{count} 个可能的使用者之一；缺少：{missing}"),
    "held": ("held by", "使用者"),
}
"""Every word of the answer that the table of verdicts does not bring: (English, Simplified Chinese)."""

Sentence = Callable[[Evidence], str]
Write = Callable[["Answer"], None]


def lookup(
    addresses: Annotated[
        list[str],
        typer.Argument(
            metavar="ADDRESS...",
            help="IPv4 or IPv6 addresses, or `-` for standard input: one a line, # begins a comment.",
            show_default=False,
        ),
    ],
    at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Whose it was at this time, e.g. 2026-03-01T08:00:00Z. Default: when it was last seen.",
            show_default=False,
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help="Public source port, where many share an address.", show_default=False
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write one JSON object an address, as the API does.")
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Write one row an address, with a header.")] = False,
    purpose: Annotated[
        str,
        typer.Option(
            help="Why you ask: a case number or a reason, for the audit. Wanted where there are accounts.",
            show_default=False,
        ),
    ] = "",
    lang: Annotated[
        Lang | None,
        typer.Option(help="Language of sentences: en or zh. Default: from LANG.", show_default=False),
    ] = None,
) -> int:
    """Say of each ADDRESS whether it mines, how that is known, whose it is and where it stands.

    Answers from the verdicts that `replay --store` kept, and from the registry that `registry` loaded (or the
    folder that MINESCOPE_REGISTRY names). Addresses are answered in the order given. What is asked, by whom
    and why is in the audit before it is answered.

    **Whose it is** depends on the time: each verdict tells who held the address when it was last seen, --at
    asks for another moment. Where that is not certain, the possible holders are counted and what is missing
    is named.

    **Examples**

        minescope lookup 203.0.113.7 --purpose "case 2026-017"

        minescope lookup 2001:db8::7 --at 2026-03-01T08:00:00Z --json

        cut -f1 flows.tsv | minescope lookup - --csv > answers.csv

    **Exit codes**: 0 no mining role found; 1 a mining role at likely or more; 2 the database or the registry
    cannot be read; 3 wrong usage, or a line of standard input that is no address (the others are answered).
    """
    from classifier.phrases import render
    from facts.errors import UsageError
    from minescope.trail import Trail
    from pipeline.lookup import look_up, read_time
    from pipeline.services import build_services
    from pipeline.settings import load_settings

    if as_json and as_csv:
        raise UsageError("--json and --csv exclude each other")
    at_ns = None if at is None else read_time(at, "--at")
    spoken = chosen(lang)
    asks = _Asks(addresses, at_ns, port)
    write = _writer(as_json, as_csv, spoken, lambda evidence: render(evidence, spoken.value))
    found = False
    with build_services(load_settings()) as services:
        noticed(services.notices)
        trail = Trail(services.database, purpose)
        for batch in _batches(asks):
            trail.keep("lookup", batch)
            for answer in look_up(services, batch):
                found |= any(_mines(stored.verdict.role, stored.verdict.level) for stored in answer.verdicts)
                write(answer)
            sys.stdout.flush()
    if asks.refused:
        return EXIT_USAGE
    return EXIT_FOUND if found else EXIT_NOTHING


class _Asks:
    """The questions of a command line, standard input read as it comes."""

    def __init__(self, addresses: Sequence[str], at_ns: int | None, port: int | None) -> None:
        from facts.errors import UsageError
        from pipeline.lookup import AskError, read_address

        self._at_ns = at_ns
        self._port = port
        self.refused = 0
        """Lines of standard input that were no addresses so far."""
        self._given: list[Ask | None] = []  # None: standard input, at its place
        for text in addresses:
            if text == "-":
                self._given.append(None)
                continue
            try:
                self._given.append(self._ask(read_address(text)))
            except AskError as error:
                raise UsageError(f"{text}: {error}") from error
        if self._given.count(None) > 1:
            raise UsageError("standard input can be read once")

    def _ask(self, address: object) -> "Ask":
        from pipeline.lookup import Ask

        return Ask(address, self._at_ns, self._port)  # type: ignore[arg-type]

    def __iter__(self) -> Iterator["Ask"]:
        for ask in self._given:
            if ask is None:
                yield from self._from_input()
            else:
                yield ask

    def _from_input(self) -> Iterator["Ask"]:
        from pipeline.lookup import AskError, read_address

        for number, raw in enumerate(sys.stdin.buffer, 1):
            text = raw.decode("utf-8", "replace").partition("#")[0].strip()
            if not text:
                continue
            try:
                yield self._ask(read_address(text))
            except AskError as error:
                self.refused += 1
                shown = ascii(text[:100])
                typer.echo(f"minescope: standard input, line {number}: {shown}: {error}", err=True)


def _batches(asks: Iterable["Ask"]) -> Iterator[list["Ask"]]:
    left = iter(asks)
    while batch := list(islice(left, BATCH)):
        yield batch


def _mines(role: str, level: Level) -> bool:
    return role in MINING_ROLES and LEVEL_ORDER.index(level) >= LEVEL_ORDER.index(Level.LIKELY)


def _writer(as_json: bool, as_csv: bool, lang: Lang, sentence: Sentence) -> Write:
    from pipeline.lookup import answer_json

    if as_json:
        return lambda answer: print(
            json.dumps(answer_json(answer, sentence), ensure_ascii=False, separators=(",", ":"))
        )
    if as_csv:
        rows = csv.writer(sys.stdout, lineterminator="\n")
        rows.writerow(CSV_COLUMNS)
        return lambda answer: rows.writerow(map(_cell, _row(answer, sentence)))
    return lambda answer: _print(answer, sentence, lang)


def _row(answer: "Answer", sentence: Sentence) -> Iterator[object]:
    from pipeline.lookup import answer_json, strongest

    told = answer_json(answer, sentence)
    best = strongest([stored.verdict for stored in answer.verdicts])
    heaviest = best.evidence[0].evidence if best and best.evidence else None
    owner = told["attribution"]
    own = (told["verdict"] or {}) | {
        "because": sentence(heaviest) if heaviest else None,
        "source": heaviest.where.source if heaviest else None,
        "frame": heaviest.where.frame if heaviest else None,
        "enterprise": owner["enterprise"],
        "site": owner["site"],
        "site_address": owner["address"],
        "candidates": [candidate["enterprise"] for candidate in owner["candidates"]],
        "missing": owner["missing"],
    }
    for column in CSV_COLUMNS:
        value = own.get(column, told.get(column, owner.get(column)))
        yield ";".join(map(str, value)) if isinstance(value, list) else value


def _cell(value: object) -> object:
    # A spreadsheet would run a cell that begins with one of these; names come from captures.
    return (
        f"'{value}"
        if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
        else value
    )


def _print(answer: "Answer", sentence: Sentence, lang: Lang) -> None:
    from rich.console import Console

    from minescope.table import verdict_table
    from pipeline.contract import Hit

    console = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 150)
    said = [str(answer.ask.address)]
    if not answer.known:
        said.append(_word("nothing", lang))
    else:
        said += [] if answer.verdicts else [_word("unseen", lang)]
        said.append(_held(answer.attribution, lang))
    console.print(": ".join(said[:1]) + ": " + "; ".join(said[1:]), soft_wrap=True)
    if answer.verdicts:
        hits = [
            Hit(stored.verdict, held) for stored, held in zip(answer.verdicts, answer.holders, strict=True)
        ]
        console.print(verdict_table(hits, sentence, lang))


def _held(attribution: "Attribution", lang: Lang) -> str:
    from registry.division_table import in_force

    if attribution.certain:
        place = in_force().placed(attribution.division, attribution.address)
        parts = (attribution.enterprise, attribution.uscc, attribution.site, place)
        named = ", ".join(part for part in parts if part)
        return f"{_word('held', lang)} {named}"
    if not attribution.candidates:
        return _word("unregistered", lang)
    from registry.answers import missing_words

    missing = missing_words(attribution.missing, lang.value)
    names = ", ".join(candidate.enterprise for candidate in attribution.candidates[:3])
    if (count := len(attribution.candidates)) == 1:
        return _word("perhaps", lang).format(names=names, missing=missing)
    told = _word("one_of", lang).format(count=count, missing=missing)
    return f"{told}{'：' if lang is Lang.ZH else ': '}{names}"


def _word(key: str, lang: Lang) -> str:
    return WORDS[key][1 if lang is Lang.ZH else 0]

"""`minescope screen`: who trades power and mines, or belongs to who mines (伪装、挂靠)."""

import csv
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from minescope.exits import EXIT_NOTHING, EXIT_UNREADABLE
from minescope.ledgers_shared import AsJson, AsOf, Purpose, Tongue, day_of, keep, line, speech

if TYPE_CHECKING:
    from supervision.ledgers.screened import Screened
    from supervision.ledgers.weights import Weights

screen = typer.Typer(
    name="screen",
    no_args_is_help=True,
    help="Screen the power market for mining enterprises, disguise and attachment.",
)

SUM = {
    "en": "{participants:,} participants, {mining:,} enterprises known to mine, {found:,} findings",
    "zh": "{participants:,} 个市场主体，{mining:,} 家已知涉挖矿企业，{found:,} 项结果",
}
KEPT = {"en": ", kept", "zh": "，已保存"}
NOBODY = {
    "en": "no participant of the power market was imported yet: minescope ledgers import market.csv",
    "zh": "尚未导入电力市场主体名单：minescope ledgers import market.csv",
}
NO_PARTICIPANT = {"en": "{uscc} is no participant", "zh": "{uscc} 不是市场主体"}
WeightsFile = Annotated[
    Path | None,
    typer.Option("--weights", help="Your own weights, over those shipped.", show_default=False),
]
AtLeast = Annotated[float, typer.Option(min=0.0, max=1.0, help="Findings of this probability or more.")]


@screen.command()
def run(
    as_of: AsOf = None,
    store: Annotated[
        bool, typer.Option("--store", help="Keep it: the API and `ledgers alarms` answer from the latest.")
    ] = False,
    at_least: AtLeast = 0.5,
    weights: WeightsFile = None,
    out: Annotated[
        Path | None, typer.Option(help="Also write a CSV file of all findings.", show_default=False)
    ] = None,
    as_json: AsJson = False,
    lang: Tongue = None,
    purpose: Purpose = "",
) -> int:
    """Screen all participants of a day; tell each finding with its way, tie by tie, and the day to leave by.

    Exits 0, 2 when the database or a file cannot be read or written, 3 for wrong usage.
    """
    from pipeline.services import build_services
    from pipeline.settings import load_settings
    from store.ledgers_screening import ScreeningStore
    from supervision.ledgers.answers import Nothing
    from supervision.ledgers.answers_findings import FINDING_ROW, finding_json, finding_row
    from supervision.ledgers.gather import rulebook_in_use
    from supervision.ledgers.screened import kept, save

    language, day, used = speech(lang), day_of(as_of), _weights(weights)
    with build_services(load_settings()) as services:
        keep(services.database, purpose, "screenMarket", day.isoformat())
        done = _screened(services, day, used)
        rules = rulebook_in_use(services.database)
        found = [finding_json(one, Nothing(), language) for one in kept(done, rules)]
        if store:
            save(ScreeningStore(services.database), done, rules, used, time.time_ns())
    for told in found:
        if told["score"] >= at_least:
            line(told) if as_json else _tell(told)
    if out is not None:
        _write(out, FINDING_ROW, [finding_row(one) for one in found])
    mining = len({seed.uscc for seed in done.seeds})
    text = SUM[language] + (KEPT[language] if store else "")
    counts = {"participants": len(done.held.participants), "mining": mining, "found": len(found)}
    typer.echo("minescope: " + text.format(**counts), err=True)
    if not done.held.participants:
        typer.echo(f"minescope: {NOBODY[language]}", err=True)
    return EXIT_NOTHING


@screen.command()
def show(
    uscc: Annotated[str, typer.Argument(help="A credit code.", show_default=False)],
    as_of: AsOf = None,
    weights: WeightsFile = None,
    as_json: AsJson = False,
    lang: Tongue = None,
    purpose: Purpose = "",
) -> int:
    """Say what the screening makes of one enterprise, or what it shares with who mines and why it is none.

    Exits 0, 2 when the enterprise is no participant or the database cannot be read, 3 for wrong usage.
    """
    from pipeline.services import build_services
    from pipeline.settings import load_settings
    from supervision.ledgers.answers import Nothing
    from supervision.ledgers.answers_findings import finding_json
    from supervision.ledgers.gather import rulebook_in_use
    from supervision.ledgers.screened import kept, step_record, why_not
    from supervision.ledgers.words import tie_words

    language, day = speech(lang), day_of(as_of)
    with build_services(load_settings()) as services:
        keep(services.database, purpose, "screenMarket", uscc)
        done = _screened(services, day, _weights(weights))
        rules = rulebook_in_use(services.database)
    found = [one for one in kept(done, rules) if one.uscc == uscc]
    if not found and uscc not in {one.uscc for one in done.held.participants}:
        typer.echo("minescope: " + NO_PARTICIPANT[language].format(uscc=uscc), err=True)
        return EXIT_UNREADABLE
    for one in found:
        told = finding_json(one, Nothing(), language)
        line(told) if as_json else _tell(told)
    if found:
        return EXIT_NOTHING
    shared = why_not(done, uscc)
    if as_json:
        line({"uscc": uscc, "finding": None, "shared": [step_record(step) for step in shared]})
        return EXIT_NOTHING
    typer.echo({"en": f"{uscc}: nothing was found", "zh": f"{uscc}：未发现异常"}[language])
    for step in shared:
        typer.echo(f"  {step.begin} ({step.probability:.2f})")
        for tie in step.ties:
            typer.echo(f"    - {tie_words(tie, language)}")
    return EXIT_NOTHING


def _screened(services: Any, day: Any, weights: "Weights") -> "Screened":
    from supervision.ledgers.screened import screen_day

    return screen_day(services, day, weights)


def _weights(path: Path | None) -> "Weights":
    from importlib.resources import files

    from facts.errors import ReadError
    from facts.where import Where
    from supervision.ledgers.weights import parse, shipped

    if path is None:
        return shipped()
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ReadError(str(error), Where(str(path))) from error
    base = files("supervision.ledgers").joinpath("screening.toml").read_text("utf-8")
    return parse(text, str(path), base)


def _tell(told: dict[str, Any]) -> None:
    typer.echo(f"{told['uscc']}  {told['name'] or '-'}  {told['division']}  {told['says']}")
    mining = told["mining"]["enterprise"]
    typer.echo(
        f"  {mining['name'] or mining['uscc']}  {told['mining']['since']}  {told['mining']['because']}"
    )
    for step in told["steps"]:
        end = step["to"]["name"] or step["to"]["uscc"]
        typer.echo(f"  -> {end} ({step['probability']:.2f})")
        for tie in step["ties"]:
            typer.echo(f"       - {tie['because']}")
    for one in told["participations"]:
        typer.echo(f"  {one['exchange']} {one['participant']}: {one['leaving']['says']}")


def _write(out: Path, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    from facts.errors import ReadError
    from facts.where import Where

    making = out.with_name(f".{out.name}.part")
    try:
        with making.open("w", encoding="utf-8-sig", newline="") as file:  # a mark: spreadsheets show Chinese
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows([_cell(value) for value in row] for row in rows)
        making.replace(out)
    except OSError as error:
        raise ReadError(error.strerror or str(error), Where(str(out))) from error
    finally:
        making.unlink(missing_ok=True)


def _cell(value: Any) -> Any:
    """Return a cell that no spreadsheet runs."""
    text = "; ".join(map(str, value)) if isinstance(value, list) else value
    return f"'{text}" if isinstance(text, str) and text.startswith(("=", "+", "-", "@")) else text

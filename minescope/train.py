"""`minescope train`: make the shape model anew, and put it in the old one's place unless it is worse."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from facts.errors import UsageError
from minescope.exits import EXIT_NOTHING

if TYPE_CHECKING:
    import numpy.typing as npt

    from pipeline.shape_labels import Seen

EXIT_REFUSED = 1
"""The candidate is worse than the current model, which stays."""
LEAST_LABELS = 20
"""Labelled dependencies of each kind from which on calibration is looked at."""
LEAST_ROWS = 500
"""Dependencies from which on drift is looked at: with fewer the index is mostly chance."""
MOST_TOLD = 12
"""Measures whose drift is told one by one."""


def train(
    seed: Annotated[int, typer.Option(help="Of the lab networks to train on.")] = 2,
    benign: Annotated[int, typer.Option(help="Benign lab flows.")] = 288_000,
    miners: Annotated[int, typer.Option(help="Mining lab hosts.")] = 14_400,
    labels: Annotated[
        bool, typer.Option("--labels/--no-labels", help="Learn from analysts' decisions and the lake, too.")
    ] = True,
    folder: Annotated[
        Path | None, typer.Option(help="Where measured lab traffic is kept.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the model; by default that of the program.", show_default=False),
    ] = None,
    part: Annotated[
        float, typer.Option("--frozen-part", min=0.01, max=1.0, help="Compare on a part of the frozen set.")
    ] = 1.0,
    compare_only: Annotated[
        bool, typer.Option("--report", help="Train nothing: report the drift of inputs and calibration.")
    ] = False,
) -> int:
    """Rebuild the model of encrypted mining from a seed and from analysts' decisions.

    Needs a source checkout (`benchmarks/`). The candidate and the current model are compared on a frozen set
    of test networks; exits 0 where the candidate took its place, 1 where it was refused as worse.
    """
    try:
        from benchmarks.evaluate import training
        from benchmarks.evaluate.shards import training as plans
        from classifier import shape, shape_compare, shape_ship
        from classifier.shape_fit import Recipe
    except ModuleNotFoundError as error:
        raise UsageError(f"train needs a source checkout with what development needs: {error}") from error
    place = out or shape.MODEL.parent
    known: Seen | None = None
    shards = folder or Path(training.__file__).parent.parent / "data" / "evaluate"
    current = shape.read(place / shape.MODEL.name) if (place / shape.MODEL.name).exists() else None
    learned = training.NO_LABELS
    if labels or compare_only:
        known = _known(current)
        if known is not None:
            told = known.label >= 0
            learned = training.Labelled(known.table[told].astype("f4"), known.label[told] == 1)
            _report_calibration(known)
    if compare_only:
        if known is not None and len(known.table):
            _report_drift(training.rows(shards, plans(seed, benign, miners), _say)[0], known.table)
        return EXIT_NOTHING
    fitted, facts = training.built(shards, seed, benign, miners, Recipe(), learned, _say)
    if labels and known is not None and len(known.table):
        _report_drift(training.rows(shards, plans(seed, benign, miners), _say)[0], known.table)
    table, about = training.frozen(shards, _say, part)
    shown = shape_compare.showing(training.worth(fitted.model, table)[0], about["mines"])
    _told("candidate", shown)
    if current is not None:
        now = shape_compare.showing(training.worth(current, table)[0], about["mines"])
        _told("current", now)
        verdict = shape_compare.compared(now, shown)
        if verdict.worse:
            typer.echo(f"refused: {'; '.join(verdict.worse)}")
            return EXIT_REFUSED
    facts["frozen set"] = {
        "benign": shown.benign,
        "mining": shown.mining,
        "recall": round(shown.recall, 5),
        "false alarms": shown.false_alarms,
        "loss": round(shown.loss, 5),
        "calibration off by": round(shown.off, 3),
    }
    place.mkdir(parents=True, exist_ok=True)
    identity = shape_ship.ship(place, fitted, facts, shape.MODEL.stem)
    typer.echo(f"written: {place / shape.MODEL.name}, SHA-256 {identity}")
    return EXIT_NOTHING


def _say(what: str) -> None:
    typer.echo(what, err=True)


def _known(current: Any) -> "Seen | None":
    """Return what lake and store know; None where there is neither."""
    from pipeline.home import has_database, home_folder
    from pipeline.settings import load_settings
    from pipeline.shape_labels import decided, seen
    from store.database import open_database
    from store.lake import Lake

    settings = load_settings()
    if current is None or not settings.lake.exists():
        return None
    decisions = {}
    if has_database():
        with open_database(settings.database_url) as database:
            decisions = decided(database)
    found = seen(Lake(settings.lake), decisions, current)
    _say(
        f"{len(found.table):,} dependencies in the lake of {home_folder()}, "
        f"{int((found.label == 1).sum()):,} confirmed, {int((found.label == 0).sum()):,} rejected"
    )
    if found.damaged:
        _say(f"{found.damaged} damaged files left out")
    return found


def _report_drift(reference: "npt.NDArray[Any]", now: "npt.NDArray[Any]") -> None:
    """Say which measures moved since training: population stability index, 0.25 and more."""
    from classifier.shape_compare import SHIFTED, stability
    from classifier.shape_features import NAMES

    if len(now) < LEAST_ROWS:
        typer.echo(f"drift: fewer than {LEAST_ROWS} dependencies in the lake, nothing to say")
        return
    found = stability(reference, now)
    moved = sorted(
        ((value, name) for value, name in zip(found, NAMES, strict=True) if value >= SHIFTED), reverse=True
    )
    typer.echo(f"drift: {len(moved)} of {len(NAMES)} measures moved (stability index {SHIFTED} or more)")
    for value, name in moved[:MOST_TOLD]:
        typer.echo(f"  {name:<18} {value:6.2f}")


def _report_calibration(known: "Seen") -> None:
    """Say how far the current model's log-odds are from what analysts decided."""
    from classifier.shape_compare import showing

    told = known.label >= 0
    mines = known.label[told] == 1
    if mines.sum() < LEAST_LABELS or (~mines).sum() < LEAST_LABELS:
        typer.echo(f"calibration: fewer than {LEAST_LABELS} decisions of each kind, nothing to say")
        return
    _told("on decisions, current", showing(known.log_odds[told], mines))


def _told(name: str, shown: Any) -> None:
    typer.echo(
        f"{name}: recall {shown.recall:.4f} of {shown.mining:,}, {shown.false_alarms} false alarms of "
        f"{shown.benign:,}, separation {shown.separation:.5f}, loss {shown.loss:.4f} nats, "
        f"calibration off by {shown.off:.2f} nats"
    )

"""What the routes of judged loads may be asked: filters, pages, parts of a curve, files."""

from typing import Annotated, Literal

from fastapi import Path
from pydantic import Field

from api.records import MAX_PAGE, Asking, Day, FileFormat, Region
from supervision.power.curve import MOST_POINTS, Step

USUAL_DAYS = 31
"""Days of a curve where none are asked for."""
AccountPath = Annotated[
    str, Path(alias="account", max_length=100, description="Account number (户号).", examples=["3300001"])
]


class Selection(Asking):
    """Filters; all that are given must hold."""

    region: Region = None
    run: int | None = Field(None, ge=1, description="Of this run; default: the latest word on each.")
    uscc: str | None = Field(
        None, pattern="^[0-9A-HJ-NPQRTUWXY]{18}$", description="Unified social credit code."
    )
    site: str | None = Field(None, max_length=100, description="Id of the site.")
    known: str | None = Field(
        None,
        max_length=40,
        description="As known at this RFC 3339 time (+ is %2B), or by the end of this day; default: now.",
        examples=["2026-11-22"],
    )


class PowerPage(Selection):
    """Filters and the page."""

    limit: int = Field(100, ge=1, le=MAX_PAGE, description="Records a page.")
    cursor: str | None = Field(None, max_length=300, description="`next` of the page before.")


class ScoresQuery(PowerPage):
    """Filters and the page."""

    level: Literal["likely", "suspected", "unusual", "none", "unknown"] | None = Field(
        None, description="Judged so; default: all of which something is told."
    )
    least: float | None = Field(None, ge=0, le=1, description="Probability from which on.")


class SitesQuery(PowerPage):
    """Filters and the page."""

    kind: Literal["mining_farm", "data_centre", "undecided"] | None = Field(None, description="Judged so.")


class ReconciliationsQuery(PowerPage):
    """Filters and the page."""

    finding: (
        Literal[
            "agree", "hidden_machines", "other_load", "wrong_attribution", "private_line_or_theft", "unknown"
        ]
        | None
    ) = Field(None, description="Judged so; default: all that do not agree.")


class LinesQuery(PowerPage):
    """Filters and the page."""

    level: Literal["suspected", "unexplained"] | None = Field(None, description="Judged so.")


class PeersQuery(PowerPage):
    """Filters and the page."""

    level: Literal["high", "usual"] = Field("high", description="Judged so.")


class FileQuery(Selection):
    """Which file."""

    what: Literal["scores", "sites", "reconciliations", "lines", "peers"] = Field(
        "scores", description="What it holds."
    )
    format: FileFormat = Field(FileFormat.CSV, description="Kind of file.")


class CurveQuery(Asking):
    """Which part of the curve, how fine, as known when."""

    since: Day | None = Field(None, description=f"First day; default: {USUAL_DAYS} days before the last.")
    until: Day | None = Field(None, description="Last day; default: the last judged one, else today.")
    step: Step | None = Field(None, description=f"Default: the finest with at most {MOST_POINTS:,} points.")
    known: str | None = Field(
        None, max_length=40, description="As known at this time, or by the end of this day; default: now."
    )

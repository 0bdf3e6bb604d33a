"""Clocks of pools as the API tells them: names and times, nothing of who was told."""

from typing import Literal

from pydantic import Field

from api.models import Model, Time

Told = Literal["jobs", "blocks", "file"]


class ClockModel(Model):
    """One clock."""

    name: str = Field(description="The pool; the address of its server where it has no name; or a coin.")
    coin: str | None
    told: Told = Field(description="By a pool's jobs, by new blocks, or by a file of block times.")
    instants: int
    first: Time
    last: Time


class ClocksModel(Model):
    """All clocks, by name."""

    clocks: list[ClockModel]


class ClockJobsModel(ClockModel):
    """One clock with its latest instants."""

    jobs: list[Time] = Field(description="When clients were told of work, the latest first.")


class ClockFilesModel(Model):
    """The clocks of one name."""

    clocks: list[ClockJobsModel]


class SharedClockModel(Model):
    """One clock in a file for another site."""

    name: str = Field(min_length=1, max_length=255)
    coin: str | None
    told: Told
    at_ns: list[int] = Field(description="Nanoseconds since 1970, UTC.")


class ClockFileModel(Model):
    """A file of clocks, as `minescope clocks export` writes it and `minescope clocks import` reads it."""

    format: Literal["minescope-clocks-1"]
    clocks: list[SharedClockModel]


class ClocksTakenModel(Model):
    """What became of a file."""

    clocks: int = Field(description="In the file, those of one name, coin and source as one.")
    changed: int = Field(description="Of them new here, or longer than before.")

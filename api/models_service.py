"""What the API says of itself: runs of probes, counts, health."""

from typing import Literal

from pydantic import Field

from api.models import Model, Time


class RunModel(Model):
    """One run of a probe or a replay."""

    name: str
    started: Time
    verdicts: int = Field(description="Current ones that it made.")
    sources: int
    last_seen: Time | None


class ProbesModel(Model):
    """What reached the store."""

    runs: list[RunModel]


class CountsModel(Model):
    """How much the service holds. Verdicts are the current ones."""

    runs: int
    verdicts: int
    addresses: int
    evidence: int
    enterprises: int
    assignments: int


class HealthModel(Model):
    """The service is able to answer."""

    status: Literal["ok"]
    version: str
    database: Literal["reachable"]
    counts: CountsModel

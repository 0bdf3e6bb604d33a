"""The shapes of bulk look-ups: entries, the lines of those that could not be read, jobs."""

from typing import Literal

from pydantic import Field

from api.models import Model, Port, Time
from api.models_problems import ProblemModel


class JobModel(Model):
    """A bulk look-up that runs on its own."""

    id: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    entries: int
    invalid: int = Field(description="Entries that could not be read: their lines are errors.")
    done: int
    created: Time
    finished: Time | None
    result: str | None = Field(description="Path of the lines; null until it is done.")


class EntryErrorModel(Model):
    """The line that answers a bulk entry which could not be."""

    type: Literal["error"]
    input: str = Field(description="The entry as it was sent, cut at 100 characters.")
    error: ProblemModel


class EntryModel(Model):
    """One entry of a bulk look-up that says more than its address."""

    address: str = Field(examples=["2001:db8::7"])
    at: Time | None = Field(default=None, description="RFC 3339, with its zone.")
    port: Port | None = Field(default=None, description="Public source port.")

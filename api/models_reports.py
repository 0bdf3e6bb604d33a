"""Models of reports."""

from typing import Literal

from pydantic import Field

from api.models import Model, Time


class ReportFileModel(Model):
    """One file of a report."""

    name: str
    language: Literal["zh", "en"]
    format: Literal["html", "docx", "xlsx", "pdf"]
    bytes: int
    sha256: str
    path: str = Field(description="Where it is taken.")


class ReportModel(Model):
    """A report that is made on its own."""

    id: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    kind: str
    region: str = Field(description="GB/T 2260 code of what it speaks of.")
    subject: str | None = Field(description="Credit code or site, where it speaks of one.")
    week: str | None
    month: str | None
    as_of: str = Field(description="As known at the end of this day, China's time.")
    created: Time
    finished: Time | None
    files: list[ReportFileModel] = Field(description="Empty until it is done.")
    missing: dict[str, str] = Field(description="By format that could not be written, why.")
    unread: list[str] = Field(
        description="Damaged files whose readings are in no figure, each with its place and reason."
    )

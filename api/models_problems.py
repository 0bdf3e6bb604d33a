"""The shape of what went wrong: problem details of RFC 9457."""

from pydantic import BaseModel, Field

from api.models import Model


class FaultModel(Model):
    """One wrong part of a request."""

    detail: str
    pointer: str = Field(description="JSON pointer into {path, query, body} of the request: `#/query/limit`.")


class ProblemModel(BaseModel):
    """Problem details of RFC 9457."""

    type: str = Field(description="`urn:minescope:problem:...`, or `about:blank` for a plain HTTP error.")
    title: str = Field(description="The kind of problem, in the language asked for.")
    status: int
    detail: str = Field(description="What happened this time.")
    instance: str = Field(description="The path that was asked for.")
    errors: list[FaultModel] | None = Field(default=None, description="What is wrong, part by part.")

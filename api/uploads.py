"""Files that are sent as the body of a request: read up to a limit, kept only while they are imported."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from api.problems import Problem, ProblemError

MAX_UPLOAD = 32 * 1024 * 1024
"""Bytes of one file: some 200,000 rows."""
UPLOAD_S = 120
"""Seconds in which it must have come."""


@asynccontextmanager
async def uploaded(request: Request, name: str) -> AsyncIterator[Path]:
    """Give the body as a file of this name, in a folder that goes away. Raises ProblemError."""
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise ProblemError(Problem.UNSUPPORTED_MEDIA_TYPE)
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length) > MAX_UPLOAD:
        raise ProblemError(Problem.BODY_TOO_LARGE, limit=MAX_UPLOAD)
    with tempfile.TemporaryDirectory(prefix="minescope-") as folder:
        path, size = Path(folder) / name, 0
        try:
            with path.open("wb") as file:
                async with asyncio.timeout(UPLOAD_S):
                    async for chunk in request.stream():
                        size += len(chunk)
                        if size > MAX_UPLOAD:
                            raise ProblemError(Problem.BODY_TOO_LARGE, limit=MAX_UPLOAD)
                        await run_in_threadpool(file.write, chunk)
        except TimeoutError as error:
            slow = {"Connection": "close"}
            raise ProblemError(Problem.BODY_TOO_SLOW, seconds=UPLOAD_S, headers=slow) from error
        yield path

"""Several files at once, each worker a process: results in the order of the files, a crash costs its file.

`concurrent.futures` gives up its whole pool when one process dies and cannot say over which task; hostile
captures are just what may kill a process, so each worker has its own pipe here.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Generic, TypeVar

from facts.errors import MineScopeError

R = TypeVar("R")

AHEAD = 8  # results a worker may be ahead of the oldest unfinished file: bounds what waits for its turn


@dataclass(frozen=True, slots=True)
class Crash:
    """A file that was not read to its end, and why; the others are not touched by it."""

    path: str
    why: str


@dataclass(slots=True)
class _Worker(Generic[R]):
    process: SpawnProcess
    pipe: Connection
    task: int | None = None


@dataclass(slots=True)
class _Pool(Generic[R]):
    function: Callable[[str], R]
    paths: Sequence[str]
    workers: list[_Worker[R]] = field(default_factory=list)
    results: dict[int, R | Crash] = field(default_factory=dict)


def each_file(function: Callable[[str], R], paths: Sequence[str], jobs: int) -> Iterator[R | Crash]:
    """Yield `function(path)` for each path, in the order of the paths, from `jobs` processes.

    `function` and what it returns must be picklable, since the processes are spawned; with one job it is
    called in this process. MineScopeError and, with more than one job, the death of a process become a Crash.
    """
    if jobs <= 1 or len(paths) <= 1:
        for path in paths:
            yield _call(function, path)
        return
    pool = _Pool(function, paths)
    waiting = deque(range(len(paths)))
    try:
        for due in range(len(paths)):
            while due not in pool.results:
                _hand_out(pool, waiting, due, jobs)
                _collect(pool)
            yield pool.results.pop(due)
    finally:
        for worker in pool.workers:
            worker.pipe.close()  # an idle worker ends by itself; one in the middle of a file is stopped
            if worker.task is not None:
                worker.process.terminate()
            worker.process.join()


def each_file_in_threads(
    function: Callable[[str], R], paths: Sequence[str], threads: int
) -> Iterator[R | Crash]:
    """Do the same in threads of this process: kernels and decompressors run side by side, Python takes turns.

    There is nothing to start and nothing to send, but what kills the process ends all of it.
    """
    from concurrent.futures import Future, ThreadPoolExecutor

    with ThreadPoolExecutor(threads, "read") as pool:
        waiting: deque[Future[R | Crash]] = deque()
        try:
            for path in paths:
                waiting.append(pool.submit(_call, function, path))
                if len(waiting) >= AHEAD * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _hand_out(pool: _Pool[R], waiting: deque[int], due: int, jobs: int) -> None:
    """Give every idle worker a file, starting workers up to `jobs`, unless too many results wait already."""
    while waiting and waiting[0] < due + AHEAD * jobs:
        worker = next((worker for worker in pool.workers if worker.task is None), None)
        if worker is None:
            if len(pool.workers) >= jobs:
                return
            worker = _start(pool.function)
            pool.workers.append(worker)
        worker.task = waiting.popleft()
        try:
            worker.pipe.send(pool.paths[worker.task])
        except OSError:  # it died while idle, which is not this file's fault
            waiting.appendleft(worker.task)
            worker.task = None
            _bury(pool, worker)


def _collect(pool: _Pool[R]) -> None:
    """Wait until at least one worker has answered or died."""
    busy = {worker.pipe: worker for worker in pool.workers if worker.task is not None}
    for ready in wait(list(busy)):
        worker = busy[ready]  # type: ignore[index]  # only connections were given to wait for
        try:
            result = worker.pipe.recv()
        except (EOFError, OSError):
            _bury(pool, worker)
            continue
        if worker.task is not None:
            pool.results[worker.task] = result
            worker.task = None


def _start(function: Callable[[str], R]) -> _Worker[R]:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(function, theirs), daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, ours)


def _bury(pool: _Pool[R], worker: _Worker[R]) -> None:
    """Take a dead worker out of the pool, and its file for lost."""
    worker.pipe.close()
    worker.process.join()
    pool.workers.remove(worker)
    if worker.task is not None:
        code = worker.process.exitcode
        ended = f"by signal {-code}" if code is not None and code < 0 else f"with exit code {code}"
        pool.results[worker.task] = Crash(pool.paths[worker.task], f"its worker process ended {ended}")


def _serve(function: Callable[[str], R], pipe: Connection) -> None:
    """Answer path after path until the other end is closed; anything unforeseen ends the process."""
    while True:
        try:
            path = pipe.recv()
        except EOFError:
            return
        pipe.send(_call(function, path))


def _call(function: Callable[[str], R], path: str) -> R | Crash:
    try:
        return function(path)
    except MineScopeError as error:
        return Crash(path, str(error))

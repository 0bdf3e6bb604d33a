import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

KERNELS = """
from capture.compiled import announce_compilation, compiled, CHECKED
from capture.words import int64, uint8
from {helper} import LIMIT
announce_compilation(lambda: print("announced"))

@compiled(uint8(uint8[::1], int64))
def element(d, p):
    return d[p]

@compiled(int64(int64))
def limited(n):
    return min(n, LIMIT)
"""

USE = """
import numpy as np
from kernels_here import element, limited, CHECKED
print("checked", CHECKED, "limited", limited(1000))
try:
    element(np.zeros(4, np.uint8), 1 << 40 if CHECKED else 2)
    print("read")
except IndexError:
    print("IndexError")
"""

SIFT = """
import sys
from capture.sieve.sieve import Sieve
from capture.sieve.names import interest
from tests.capture.sieve.builder import Builder
from tests.capture.sieve.frames import SYN, tcp, udp
from tests.capture.sieve.located import located, sift
builder = Builder(11)
made = [builder.packet()[:2] for _ in range(120)]
line = b'{"id":1,"method":"mining.subscribe","params":[]}\\n'
hello = bytes.fromhex("16030100410100003d0303") + bytes(32) + b"\\0\\0\\2\\x13\\1\\1\\0\\0\\x12"
hello += bytes.fromhex("0000000e000c00000970") + b"ool.test"
question = bytes.fromhex("123401000001000000000000") + b"\\4pool\\4test\\0\\0\\1\\0\\1"
made += [(1, tcp(flags=SYN, seq=7)), (1, tcp(line, seq=8))]
made += [(1, tcp(hello, dport=443)), (1, udp(question, dport=53))]
made += [(1, tcp(line[:9] + bytes(40), seq=0xFFFFFFF0 + n)) for n in range(4)]
made += [(1, raw[: 3 * n]) for n, (_, raw) in enumerate(made[:40])]
sieve = Sieve(seed=3, names=interest(["pool.test"]))
rows = sift(sieve, located([raw for _, raw in made], [link for link, _ in made]))
assert len(rows) >= 3, len(rows)
print(sieve.flows.tobytes().hex(), rows.tobytes().hex(), sieve.skipped, sieve.places)
"""


def python(code: str, folder: Path, **settings: str) -> str:
    environment = {**os.environ, "PYTHONPATH": f"{folder}:{ROOT}", **settings}
    for name in ("NUMBA_CACHE_DIR", "NUMBA_DISABLE_JIT", "MINESCOPE_UNCHECKED"):
        if name not in settings:
            environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "kernels_here.py").write_text(KERNELS.format(helper="limit_here"))
    (tmp_path / "limit_here.py").write_text("LIMIT = 10\n")
    return tmp_path


def test_reading_out_of_bounds_raises_from_a_cached_kernel_too(folder: Path) -> None:
    cache = str(folder / "cache")
    cold = python(USE, folder, NUMBA_CACHE_DIR=cache)
    assert cold.split("\n")[:3] == ["announced", "checked True limited 10", "IndexError"]
    warm = python(USE, folder, NUMBA_CACHE_DIR=cache)
    assert warm.split("\n")[:2] == ["checked True limited 10", "IndexError"]


def test_an_unchecked_build_has_a_cache_of_its_own(folder: Path) -> None:
    cache = folder / "cache"
    python(USE, folder, NUMBA_CACHE_DIR=str(cache))
    checked = {index.relative_to(cache) for index in cache.rglob("*.kernel")}
    assert "checked False" in python(USE, folder, NUMBA_CACHE_DIR=str(cache), MINESCOPE_UNCHECKED="1")
    unchecked = {index.relative_to(cache) for index in cache.rglob("*.kernel")} - checked
    assert len(checked) == len(unchecked) == 2
    assert not {index.parts[0] for index in checked} & {index.parts[0] for index in unchecked}
    assert "IndexError" in python(USE, folder, NUMBA_CACHE_DIR=str(cache))


def test_a_kernel_is_compiled_anew_when_a_file_of_this_project_that_it_uses_changes(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "capture").mkdir(parents=True)
    (project / "capture" / "__init__.py").write_text("")
    for name in ("compiled", "compiling", "machine_code", "object_file", "processor", "words"):
        (project / "capture" / f"{name}.py").write_text((ROOT / "capture" / f"{name}.py").read_text())
    (project / "capture" / "limits.py").write_text("LIMIT = 10\n")
    kernels = KERNELS.format(helper="capture.limits")
    (project / "capture" / "kernels.py").write_text(kernels)
    use = "import capture.kernels as k; print(k.limited(1000))"
    warm = "from capture.compiled import is_warm; print(is_warm())"

    def run(code: str) -> list[str]:
        environment = {**os.environ, "PYTHONPATH": str(project), "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            cwd=project,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    assert run(warm) == ["False"]
    assert run(use) == ["announced", "10"]
    assert run(warm) == ["True"]
    assert run(use) == ["10"]
    cache = tmp_path / "cache"
    (made,) = cache.iterdir()
    os.utime(made, (2_000_000_000, 2_000_000_000))
    for age in range(5):
        (cache / f"capture.kernels-{age}").mkdir()
        os.utime(cache / f"capture.kernels-{age}", (age, age))
    (project / "capture" / "limits.py").write_text("LIMIT = 20\n")
    assert run(warm) == ["False"]
    assert run(use) == ["announced", "20"]
    names = {folder.name for folder in cache.iterdir()}
    assert len(names) == 4, "the new one and the newest three of the others stay"
    assert {made.name, "capture.kernels-4", "capture.kernels-3"} < names


def test_a_kernel_from_the_cache_runs_without_numba(folder: Path) -> None:
    told = "import sys; print('numba' in sys.modules)"
    assert python(f"{USE}\n{told}", folder, NUMBA_CACHE_DIR=str(folder / "cache")).endswith("True\n")
    assert python(f"{USE}\n{told}", folder, NUMBA_CACHE_DIR=str(folder / "cache")).endswith("False\n")


@pytest.mark.parametrize(
    "given",
    [
        "np.zeros(4, np.int8), 0",
        "np.zeros((2, 2), np.uint8), 0",
        "np.zeros(8, np.uint8)[::2], 0",
        "np.frombuffer(b'1234', np.uint8), 0",
        "b'1234', 0",
        "np.zeros(4, np.uint8), 'one'",
        "np.zeros(4, np.uint8)",
    ],
)
def test_a_kernel_takes_nothing_that_it_was_not_made_for(folder: Path, given: str) -> None:
    use = f"""
import numpy as np
from kernels_here import element
try:
    print(element({given}))
except (TypeError, ValueError) as error:
    print("refused", type(error).__name__)
"""
    assert "refused" in python(use, folder, NUMBA_CACHE_DIR=str(folder / "cache"))


def test_the_kernels_give_the_same_as_plain_python(tmp_path: Path) -> None:
    plain = python(SIFT, tmp_path, NUMBA_DISABLE_JIT="1")
    assert plain == python(SIFT, tmp_path)
    assert len(plain) > 10_000

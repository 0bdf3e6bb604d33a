"""What the program imports is there after `make demo`: locked for the runtime, or of an extra."""

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = (
    *("facts", "protocols", "capture", "classifier", "registry", "store", "pipeline", "supervision"),
    *("api", "minescope"),
)
EXTRAS = {
    "api/oidc": {"jwt", "httpx", "cryptography"},
    "pipeline/hints.py": {"maxminddb"},
    "minescope/train.py": {"benchmarks"},
}
"""By place: what `pip install minescope[...]` or a checkout brings, and nothing before it is asked for."""


def imported(path: Path) -> Iterator[str]:
    """Yield the packages that a file imports anywhere, also inside of functions; not those of types alone."""
    tree = ast.parse(path.read_text("utf-8"))
    typed = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in typed:
            continue
        if isinstance(node, ast.Import):
            yield from (one.name.partition(".")[0] for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield from (
                one.value.partition(".")[0]
                for one in node.args[:1]
                if isinstance(one, ast.Constant) and isinstance(one.value, str)
            )


@pytest.mark.parametrize("room", ROOMS)
def test_every_package_is_locked_for_the_runtime_or_an_extra(room: str) -> None:
    text = (ROOT / "requirements" / "runtime.txt").read_text("utf-8")
    locked = {re.sub(r"[-_.]+", "-", one).lower() for one in re.findall(r"(?m)^([\w.-]+)(?:\[.*\])?==", text)}
    made_of = packages_distributions()
    lost = set()
    for path in sorted((ROOT / room).rglob("*.py")):
        place = path.relative_to(ROOT).as_posix()
        extra = {one for begin, names in EXTRAS.items() if place.startswith(begin) for one in names}
        for name in set(imported(path)) - extra - set(ROOMS) - sys.stdlib_module_names:
            names = {re.sub(r"[-_.]+", "-", one).lower() for one in made_of.get(name, ())}
            if not names & locked:
                lost.add((place, name))
    assert lost == set()

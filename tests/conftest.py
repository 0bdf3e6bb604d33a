"""Where the tests find captures, and what is deselected where the corpus is absent."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parent.parent

# A busy machine is no failure: speed lives in benchmarks/ and in `make prove`, and so does the search for new
# inputs. What every change must pass is the same each time.
_CALM: dict[str, Any] = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("same", derandomize=True, database=None, **_CALM)
settings.register_profile("search", **_CALM)


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("search" if config.option.markexpr == "prove" else "same")


def corpus_folder() -> Path | None:
    """The folder that MINESCOPE_CORPUS names, else ../shared/captures; None where neither holds an index."""
    folder = Path(os.environ.get("MINESCOPE_CORPUS", ROOT.parent / "shared" / "captures"))
    return folder if (folder / "index.csv").is_file() else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if corpus_folder() is not None:
        return
    without = [item for item in items if item.get_closest_marker("corpus")]
    if without:
        config.hook.pytest_deselected(items=without)
        items[:] = [item for item in items if item not in without]


def pytest_report_header(config: pytest.Config) -> str:
    folder = corpus_folder()
    return (
        f"corpus: {folder}" if folder else "corpus: absent (set MINESCOPE_CORPUS); its cases are deselected"
    )


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home of the tests' own: what the developer keeps in his must change no result."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("home")
        patch.setenv("MINESCOPE_HOME", str(folder))
        yield folder


@pytest.fixture(scope="session")
def corpus() -> Path:
    folder = corpus_folder()
    assert folder is not None, "a test that uses `corpus` needs the mark of that name"
    return folder


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden", action="store_true", help="rewrite the golden files beside pcaps/")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--golden"))

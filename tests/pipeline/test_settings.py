"""Settings: what holds over what, and how a wrong one is named."""

from pathlib import Path

import pytest

from facts.errors import SettingsError
from pipeline.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def _empty_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith("MINESCOPE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("MINESCOPE_HOME", str(tmp_path))


def test_the_database_lies_in_the_home_folder_unless_named(tmp_path: Path) -> None:
    assert load_settings().database_url == f"sqlite:///{tmp_path}/minescope.db"
    assert load_settings(database_url="sqlite:////elsewhere.db").database_url == "sqlite:////elsewhere.db"


def test_a_command_line_holds_over_the_environment_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "minescope.toml").write_text('port = 1111\nhost = "127.0.0.9"\nlang = "zh"\n')
    monkeypatch.setenv("MINESCOPE_PORT", "2222")
    monkeypatch.setenv("MINESCOPE_HOST", "127.0.0.8")
    settings = load_settings(port=3333)
    assert (settings.port, settings.host, settings.lang) == (3333, "127.0.0.8", "zh")


@pytest.mark.parametrize(
    ("given", "environment", "file", "named"),
    [
        ({"port": 0}, {}, "", "--port"),
        ({}, {"MINESCOPE_PORT": "many"}, "", "MINESCOPE_PORT"),
        ({}, {"MINESCOPE_PROT": "1"}, "", "MINESCOPE_PROT"),
        ({}, {"MINESCOPE_CONFIG": "/nowhere/at/all.toml"}, "", "MINESCOPE_CONFIG"),
        ({}, {}, "port = 99999", "minescope.toml: port"),
        ({}, {}, "prot = 1", "minescope.toml: prot"),
        ({}, {}, "port = ", "minescope.toml"),
    ],
)
def test_a_wrong_setting_is_named_as_its_user_wrote_it(
    given: dict[str, object],
    environment: dict[str, str],
    file: str,
    named: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "minescope.toml").write_text(file)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings(**given)
    assert caught.value.name.endswith(named)


def test_every_setting_is_in_the_readme() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    missing = [name for name in Settings.model_fields if f"MINESCOPE_{name.upper()}" not in readme]
    assert not missing

"""Where MineScope keeps its files, found without reading all settings: `replay` starts on it."""

import os
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

PREFIX = "MINESCOPE_"
DATABASE = "minescope.db"
"""The default database, in the home folder."""


def default_home(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the user's data folder for MineScope (XDG; ~/Library or %LOCALAPPDATA% elsewhere)."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "minescope"
    if sys.platform == "win32":
        return Path(environ.get("LOCALAPPDATA", Path.home())) / "minescope"
    return Path(environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "minescope"


def config_file(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the settings file's place, whether or not it exists."""
    if named := environ.get(f"{PREFIX}CONFIG"):
        return Path(named).expanduser()
    return Path(environ.get(f"{PREFIX}HOME") or default_home(environ)).expanduser() / "minescope.toml"


def home_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the home folder as the settings have it; to refuse a settings file that is wrong is theirs."""
    if given := environ.get(f"{PREFIX}HOME"):
        return Path(given).expanduser().absolute()
    path = config_file(environ)
    if path.is_file():
        try:
            told = tomllib.loads(path.read_text("utf-8")).get("home")
        except (OSError, ValueError):
            told = None
        if isinstance(told, str) and told:
            return Path(told).expanduser().absolute()
    return default_home(environ).expanduser().absolute()


def plain_database(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return the file of the default database; None where settings may name another, or it is not there."""
    if environ.get(f"{PREFIX}DATABASE_URL") or config_file(environ).is_file():
        return None
    file = home_folder(environ) / DATABASE
    return file if file.is_file() else None


def has_database(environ: Mapping[str, str] = os.environ) -> bool:
    """Say whether a database may have been made: the default one is there, or another one is set."""
    set_elsewhere = bool(environ.get(f"{PREFIX}DATABASE_URL")) or config_file(environ).is_file()
    return set_elsewhere or (home_folder(environ) / DATABASE).is_file()

"""Settings: defaults in code, then a file, then the environment; read once, by a door.

The file is `minescope.toml` in the home folder, or the one that MINESCOPE_CONFIG names. Every name below is
also an environment variable with the prefix MINESCOPE_, e.g. MINESCOPE_DATABASE_URL.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from capture.timeouts import Timeouts, timeouts_of
from facts.errors import SettingsError
from pipeline.home import PREFIX as PREFIX  # part of this file's interface
from pipeline.home import config_file as config_file
from pipeline.home import default_home as default_home

_BESIDE = {
    "CONFIG",
    "CORPUS",
    "UNCHECKED",
}  # read elsewhere: the file's place, the tests' corpus, the kernels' build


class Settings(BaseSettings):
    """Everything that can be set; `minescope check` shows it."""

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        env_prefix=PREFIX, extra="forbid", frozen=True, env_ignore_empty=True
    )

    home: Path = Field(default_factory=default_home, description="Folder that holds the database and caches.")
    database_url: str = Field(
        default_factory=lambda known: f"sqlite:///{known.get('home', default_home()) / 'minescope.db'}",
        description="SQLAlchemy address of the database; default: SQLite in the home folder.",
    )
    registry: Path | None = Field(
        default=None,
        description="Folder of registry CSV files that `replay` resolves with when --registry is not given.",
    )
    clock_tolerance_s: float = Field(
        default=2.0,
        ge=0,
        le=3600,
        description="Seconds that clocks of captures and logs may be apart: an attribution holds that long.",
    )
    location_hint: Path | None = Field(
        default=None,
        description="An .mmdb file of your own, shown as a hint, never as the registered place.",
    )
    cap: int | None = Field(
        default=None,
        ge=1_024,
        le=1 << 26,
        description="Flows that `replay` and `probe` hold at once, where --cap is not given.",
    )
    idle: str = Field(
        default=str(Timeouts()),
        description="Seconds without a packet after which flows leave a probe's table, by kind.",
    )
    lake: Path = Field(
        default_factory=lambda known: known.get("home", default_home()) / "lake",
        description="Folder of the flow lake, which --store writes to; default: in the home folder.",
    )
    host: str = Field(default="127.0.0.1", description="Address that `serve` listens on.")
    port: int = Field(default=8765, ge=1, le=65535, description="Port that `serve` listens on.")
    lang: Literal["en", "zh"] | None = Field(
        default=None, description="Language of sentences; unset: from LANG, English otherwise."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least level of the log on standard error."
    )

    @field_validator("home", "registry", "location_hint", "lake")
    @classmethod
    def _expanded(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser().absolute()

    @field_validator("idle")
    @classmethod
    def _whole(cls, value: str) -> str:
        """Name all timeouts, those too that were not given."""
        return str(timeouts_of(value))

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources: what a caller gives, the environment, the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, config_file())


def load_settings(**given: Any) -> Settings:
    """Read the settings; `given` (from a command line, None: not given) holds over environment and file.

    Raises SettingsError with the name as its user wrote it: the environment variable or the key of the file.
    """
    path = config_file()
    if os.environ.get(f"{PREFIX}CONFIG") and not path.is_file():
        raise SettingsError(f"no such file: {path}", f"{PREFIX}CONFIG")
    known = {f"{PREFIX}{name}".upper() for name in [*Settings.model_fields, *_BESIDE]}
    for name in sorted(os.environ):
        if name.startswith(PREFIX) and name not in known:
            raise SettingsError(f"no such setting; known are {', '.join(sorted(known))}", name)
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "settings"
        raise SettingsError(first["msg"], _written_as(name, given, path)) from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"not valid TOML: {error}", str(path)) from error
    except OSError as error:  # a home folder or a file of another user
        raise SettingsError(f"cannot be read: {error.strerror}", str(path)) from error


def _written_as(name: str, given: Mapping[str, Any], path: Path) -> str:
    if given.get(name) is not None:
        return f"--{name.replace('_', '-')}"
    variable = f"{PREFIX}{name}".upper()
    return variable if os.environ.get(variable) else f"{path}: {name}"

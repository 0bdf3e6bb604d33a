"""What an operator's own .mmdb file says of an address: a hint, never the registered place."""

from pathlib import Path
from typing import Any

from facts.endpoint import Address
from facts.errors import ReadError, SettingsError
from facts.where import Where

_MAX_TEXT = 200  # characters of one value: the file is a stranger's


class Hints:
    """An open .mmdb file. Raises ReadError where it cannot be read, SettingsError without the library."""

    def __init__(self, file: Path) -> None:
        try:
            import maxminddb
        except ImportError as error:
            raise SettingsError(
                "reading .mmdb files needs the package maxminddb: install minescope[hints]", "location_hint"
            ) from error
        try:
            self._reader = maxminddb.open_database(str(file))
        except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
            raise ReadError(f"not an .mmdb file that can be read: {error}", Where(str(file))) from error
        self._name = file.name
        self._built_s = self._reader.metadata().build_epoch

    def of(self, address: Address) -> dict[str, Any] | None:
        """Return what the file says, flat and marked as a hint; None where it says nothing.

        Keys: `hint` (always true), `source` (the file's name), `built` (seconds since 1970), `country`,
        `region`, `city`, `organization`, `longitude`, `latitude`; null where the file does not say.
        """
        try:
            said = self._reader.get(str(address))
        except ValueError:  # an IPv6 question to a file of IPv4 addresses
            return None
        if not isinstance(said, dict):
            return None
        location = said.get("location")
        location = location if isinstance(location, dict) else {}
        regions = said.get("subdivisions")
        region = regions[0] if isinstance(regions, list) and regions else None
        return {
            "hint": True,
            "source": self._name,
            "built": self._built_s,
            "country": _name(said.get("country")) or _name(said.get("registered_country")),
            "region": _name(region),
            "city": _name(said.get("city")),
            "organization": _text(said.get("autonomous_system_organization") or said.get("organization")),
            "longitude": _number(location.get("longitude")),
            "latitude": _number(location.get("latitude")),
        }


def _name(part: object) -> str | None:
    """Return a place's name: Chinese, English, or its code."""
    if isinstance(part, str):
        return _text(part)
    if not isinstance(part, dict):
        return None
    names = part.get("names")
    names = names if isinstance(names, dict) else {}
    return _text(names.get("zh-CN") or names.get("en") or part.get("iso_code"))


def _text(value: object) -> str | None:
    return value[:_MAX_TEXT] if isinstance(value, str) and value else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

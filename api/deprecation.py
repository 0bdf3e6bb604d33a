"""What of the API is on its way out: told in its answers (RFC 9745, RFC 8594); docs/api.md has the policy."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An operation that will go."""

    since: datetime
    """UTC: since when it should not be used in new programs."""
    sunset: datetime
    """UTC: when it stops answering, MIN_NOTICE_DAYS after `since` at the earliest."""
    successor: str
    """Path of what takes its place."""

    def headers(self) -> dict[str, str]:
        """Return the headers of its answers."""
        return {
            "Deprecation": f"@{int(self.since.timestamp())}",
            "Sunset": format_datetime(self.sunset, usegmt=True),
            "Link": f'<{self.successor}>; rel="successor-version"',
        }


MIN_NOTICE_DAYS = 365
OUTGOING: Mapping[str, Outgoing] = {}
"""By operation id. Nothing of version 1 is on its way out."""

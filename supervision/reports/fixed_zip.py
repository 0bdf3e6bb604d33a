"""Zip containers without a clock: the same members give the same bytes."""

import zipfile
from datetime import datetime
from io import BytesIO

EARLIEST, LATEST = 1980, 2107
"""The years that a zip file can name."""


def rewritten(content: bytes, at: datetime) -> bytes:
    """Return a zip file with the time of every member set to `at`, members and their order kept."""
    year = min(max(at.year, EARLIEST), LATEST)
    stamp = (year, at.month, at.day, at.hour, at.minute, at.second)
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            info = zipfile.ZipInfo(member.filename, stamp)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            info.create_system = 3  # as on Unix: not what the machine at hand is
            new.writestr(info, old.read(member))
    return out.getvalue()

"""Time: nanoseconds since 1970-01-01 UTC, as an int, taken from the packets and never from a clock."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

NS = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_NS = 253_402_300_799 * NS  # 9999-12-31T23:59:59Z: what RFC 3339 can write


@lru_cache(8192)  # what one verdict tells of, its parts and its partners' verdicts tell again
def rfc3339(at_ns: int) -> str:
    """Return `at_ns` as RFC 3339 UTC with microseconds (truncated); clamped to years 1970 to 9999."""
    second, rest = divmod(min(max(at_ns, 0), _MAX_NS), NS)
    return f"{_second(second)}.{rest // 1000:06d}Z"


@lru_cache(4096)  # what happens together is told together
def _second(second: int) -> str:
    return (_EPOCH + timedelta(seconds=second)).isoformat(timespec="seconds").removesuffix("+00:00")


def instant(at_ns: int) -> datetime:
    """Return `at_ns` as an aware UTC datetime, truncated to microseconds."""
    return _EPOCH + timedelta(microseconds=at_ns // 1000)


def nanoseconds(at: datetime) -> int:
    """Return an aware datetime as nanoseconds; raises ValueError for a naive one."""
    if at.tzinfo is None:
        raise ValueError("a time needs its zone")
    return (at - _EPOCH) // timedelta(microseconds=1) * 1000

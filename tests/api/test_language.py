"""Accept-Language to one of two languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.language import negotiate


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("zh-CN", "zh"),
        ("zh", "zh"),
        ("ZH-hans-cn", "zh"),
        ("fr, de;q=0.8", "en"),
        ("en;q=0.5, zh-CN;q=0.9", "zh"),
        ("zh-CN;q=0.1, en-GB", "en"),
        ("zh;q=0", "en"),
        ("fr, zh;q=0.2, *;q=0.1", "zh"),
        ("*", "en"),
        ("zh;q=nan, en;q=0.1", "en"),
        ("zh, en", "zh"),
        ("en, zh", "en"),
    ],
)
def test_the_language_with_the_greatest_weight_is_taken(header: str | None, language: str) -> None:
    assert negotiate(header) == language


@given(st.text())
def test_any_header_gives_a_language(header: str) -> None:
    assert negotiate(header) in ("en", "zh")

"""Templates of several chains at a time, and what they leave unnamed."""

from typing import Any

import pytest

from protocols.template_coins import of_daemon, of_template

BITCOIN: dict[str, Any] = {
    "version": 0x20000000,
    "previousblockhash": "0" * 19 + "5" * 45,
    "bits": "17034219",
    "curtime": 1_713_571_767,
    "height": 840_000,
}


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({}, ("BTC", "sha256d")),
        ({"previousblockhash": "5" * 64}, ("BTC", "sha256d")),
        ({"version": None, "previousblockhash": None}, ("BTC", "sha256d")),
        ({"height": None}, (None, "sha256d")),
        ({"height": 100, "bits": "207fffff"}, (None, None)),
        ({"height": 2**40}, (None, "sha256d")),
        ({"height": True}, (None, "sha256d")),
        (
            {
                "height": 2_772_730,
                "curtime": 1_728_673_449,
                "bits": "19400000",
                "previousblockhash": "5" * 64,
            },
            ("LTC", "scrypt"),
        ),
        ({"height": 842_000, "bits": "1816a09e", "coinbasetxn": {"minerfund": {}}}, ("XEC", "sha256d")),
        ({"height": 842_000, "bits": "1816a09e", "coinbasetxn": {}}, (None, "sha256d")),
        ({"curtime": -1}, (None, None)),
        ({"curtime": "now"}, (None, None)),
        ({"curtime": 2**70}, (None, None)),
        ({"bits": "zz"}, (None, None)),
        ({"bits": 5}, (None, None)),
    ],
)
def test_a_template_is_named_by_height_and_work(changed: dict[str, Any], named: tuple[str, str]) -> None:
    assert of_template(BITCOIN | changed) == named


BLOB = "1010" + "f0d9ecb106" + "ab" * 32 + "00000000" + "cd" * 33  # version 16, 2024-05-07


@pytest.mark.parametrize(
    ("template", "named"),
    [
        ({"blockhashing_blob": BLOB, "height": 3_143_000, "seed_hash": "ef" * 32}, ("XMR", "rx/0")),
        ({"blocktemplate_blob": BLOB, "height": 3_143_000, "seed_hash": "ef" * 32}, ("XMR", "rx/0")),
        ({"blockhashing_blob": BLOB, "height": 300_000, "seed_hash": "ef" * 32}, (None, "rx")),
        ({"seed_hash": "ef" * 32}, (None, "rx")),
        ({"blockhashing_blob": 5, "height": "x"}, (None, None)),
        ({}, (None, None)),
    ],
)
def test_a_daemons_template_is_named_by_its_blob(
    template: dict[str, Any], named: tuple[str | None, str | None]
) -> None:
    assert of_daemon(template) == named

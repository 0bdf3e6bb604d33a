"""Clock files: what another site exported, and block times as CSV."""

from pathlib import Path

import numpy as np
import pytest

from classifier.clocks import clock_of, dumped
from facts.errors import MineScopeError
from facts.instant import NS
from pipeline.clocks import known_of, read_clocks


def test_block_times_are_read_by_coin_in_any_order_and_column(tmp_path: Path) -> None:
    path = tmp_path / "blocks.csv"
    path.write_text(
        "\ufeffheight,time,coin\n7,2026-05-01T00:10:00+00:00,btc\n5,2026-05-01T08:00:30.25+08:00,BTC\n\n"
        "1,1777593600,XMR\n2,1777593720.5,XMR\n",
        encoding="utf-8",
    )
    btc, xmr = read_clocks(path)
    assert (btc.name, btc.coin, btc.told) == ("BTC", "BTC", "file")
    begin = 1_777_593_600 * NS
    assert btc.at_ns.tolist() == [begin + 30 * NS + NS // 4, begin + 600 * NS]
    assert xmr.at_ns.tolist() == [begin, begin + 120 * NS + NS // 2]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("coin;time\n", "row 1: the columns are not coin and time"),
        ("coin,time\nBTC\n", "row 2: 1 columns instead of 2"),
        ("coin,time\nBTC,1777593600\nB TC,1777593600\n", "row 3, column coin: 'B TC' is no ticker"),
        ("coin,time\nBTC,yesterday\n", "row 2, column time: 'yesterday' is no time"),
        ("coin,time\nBTC,2026-05-01T00:10:00\n", "row 2, column time: .* needs its zone"),
        ("coin,time\nBTC,1777593600000\n", "row 2, column time: .* no time in seconds"),
        ('{"format": "other"}', "not a clock file"),
        ("{", "not JSON"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "clocks.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(MineScopeError, match=says):
        read_clocks(path)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(MineScopeError, match=r"gone\.json"):
        read_clocks(tmp_path / "gone.json")
    (tmp_path / "bytes").write_bytes(b"coin,time\n\xff")
    with pytest.raises(MineScopeError, match="not UTF-8"):
        read_clocks(tmp_path / "bytes")


def test_an_export_is_read_back_and_files_are_joined(tmp_path: Path) -> None:
    at = np.arange(5, dtype=np.int64) * 30 * NS
    for number in range(2):
        one = clock_of("Example Pool", "XMR", "jobs", at + number * 150 * NS)
        (tmp_path / f"{number}.json").write_text(dumped([one]), encoding="utf-8")
    known = known_of([tmp_path / "0.json", tmp_path / "1.json"])
    assert known is not None
    assert [len(clock.at_ns) for clock in known.clocks] == [10]
    assert known.before is None
    assert known_of([]) is None

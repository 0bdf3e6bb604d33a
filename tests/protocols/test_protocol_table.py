"""The table of docs/protocols/README.md against the code, the samples and their goldens."""

import json
import re
from pathlib import Path

import pytest

from protocols.table import PARSERS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "protocols" / "README.md"
TEXT = PAGE.read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.splitlines()
    if line.startswith("|") and not line.startswith(("|---", "| protocol name", "| name |"))
]
PLUMBING = {
    "parser.py", "events.py", "observe.py", "table.py", "jsonrpc.py", "lines.py", "framed.py", "__init__.py",
    "stratum_dialects.py", "stratum_session.py", "stratum_shapes.py",
}  # fmt: skip
"""Files that read no protocol of their own."""
_NAME = re.compile(
    r'"((?:stratum|bitcoin|monero|ethereum|kaspa|chia)-[a-z0-9-]+|btcagent|datum|getwork'
    r'|getblocktemplate|browser-mining|electrum)"'
)


def quoted(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))


def names() -> set[str]:
    """The protocol names that the code gives."""
    found: set[str] = set()
    for file in (ROOT / "protocols").glob("*.py"):
        found |= set(_NAME.findall(file.read_text("utf-8")))
    return found


def said(sample: str) -> set[str]:
    """The protocol names of a sample's verdicts and of their peers."""
    goldens = list((ROOT / "pcaps" / "golden").glob(f"{sample}.pcap*.json"))
    assert len(goldens) == 1, sample
    found: set[str] = set()
    for line in json.loads(goldens[0].read_text("utf-8")):
        found |= set(line.get("protocols", ()))
        found |= {peer["protocol"] for peer in line.get("peers", ())}
    return found


def test_every_parser_has_a_row() -> None:
    files = set().union(*(quoted(row[1]) for row in ROWS))
    for parser in PARSERS:
        assert f"{parser.__module__.rpartition('.')[2]}.py" in files, parser.__name__


def test_every_file_of_the_room_is_named_and_every_named_one_exists() -> None:
    here = {file.name for file in (ROOT / "protocols").glob("*.py")}
    named = {name for name in quoted(TEXT) if re.fullmatch(r"[a-z0-9_]+\.py", name)}
    assert here - PLUMBING - named == set()
    assert named - here == set()


def test_every_protocol_name_has_a_row() -> None:
    known = set().union(*(quoted(row[0]) for row in ROWS))
    assert names() - known == set()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_row_is_whole_and_its_page_and_samples_exist(row: list[str]) -> None:
    assert len(row) == 6
    assert all(row[:5])
    for page in re.findall(r"\]\(([^)]+)\)", row[0] + row[1]):
        assert (PAGE.parent / page).is_file(), page
    samples = quoted(row[3])
    assert samples
    protocols = {name for name in quoted(row[0]) if "<" not in name}
    if protocols:
        assert protocols <= set().union(*(said(sample) for sample in samples))


def test_every_sample_that_speaks_a_protocol_of_its_own_is_named() -> None:
    named = set().union(*(quoted(row[3]) for row in ROWS))
    general = {
        "cut_short", "lossy", "prober", "tunnels", "unanswered",
        "lookalike_logs", "lookalike_rpc", "lookalike_web",
    }  # fmt: skip
    here = {file.name.partition(".")[0] for file in (ROOT / "pcaps").glob("*.pcap*")}
    assert here - named - general == set()

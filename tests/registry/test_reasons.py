"""Every reason to refuse a row has a code and a sentence in Chinese."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from facts.errors import RowError
from minescope.refused_rows import folded
from registry.reasons import OTHER, code_of, noticed, reasons, worded

ROOT = Path(__file__).parents[2]
RAISING = (
    *("registry/cells.py", "registry/rows.py", "registry/table_specs.py", "registry/power_accounts.py"),
    *("registry/divisions.py", "registry/uscc.py", "registry/lease_log.py", "registry/nat_log.py"),
    *(
        "registry/log_lines.py",
        "registry/csv_import.py",
        "store/registry_import.py",
        "store/power_accounts.py",
    ),
    *("supervision/ledgers/rows.py", "supervision/ledgers/values.py", "supervision/ledgers/importing.py"),
    *("supervision/ledgers/support.py", "supervision/tariff/tables.py", "supervision/tariff/figures.py"),
    *("supervision/meters/judge.py", "supervision/meters/pieces.py", "supervision/meters/holders.py"),
    *("supervision/power/plant_files.py", "supervision/site_files.py"),
)
NOTICING = (
    *(
        "registry/rows.py",
        "registry/nat_log.py",
        "supervision/meters/intake.py",
        "supervision/meters/pieces.py",
    ),
    *("supervision/tariff/tables.py", "pipeline/registry_import.py"),
)
CALLED = {"RowError": 0, "ValueError": 0, "Contradiction": 0, "refuse": 1}


def said(node: ast.expr | None) -> Iterator[str]:
    """Yield the sentences that an expression may be, `{}` in the place of what they name."""
    if isinstance(node, ast.JoinedStr):
        yield "".join(str(p.value) if isinstance(p, ast.Constant) else "{}" for p in node.values)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from (*said(node.body), *said(node.orelse))
    elif isinstance(node, ast.Tuple):
        yield from (one for part in node.elts for one in said(part))


def sentences(path: Path) -> set[str]:
    """Return what a file raises of rows: given to a call of CALLED, or named `why`, or put on `lost`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Assign) and [ast.unparse(one) for one in node.targets] == ["why"]:
            found |= set(said(node.value))
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", None) or getattr(node.func, "id", "")
        place = 0 if ast.unparse(node.func) == "lost.append" else CALLED.get(name)
        if place is not None and len(node.args) > place:
            found |= set(said(node.args[place]))
    return {one for one in found if one.strip("{}: ")}


def notices_of(path: Path) -> set[str]:
    """Return what a file notices: given to `notice` or put on `notices`, or a list that it returns."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("notices.append", "notice")):
            found |= set(said(node.args[0]))
        if isinstance(node, ast.Return) and isinstance(node.value, ast.List):
            found |= {one for part in node.value.elts for one in said(part)}
    return {one for one in found if one.strip("{}: ")}


@pytest.mark.parametrize("name", NOTICING)
def test_every_notice_of_the_source_is_in_the_table(name: str) -> None:
    found = notices_of(ROOT / name)
    assert found
    assert [one for one in found if noticed(one.replace("{}", "7"), "zh") == one.replace("{}", "7")] == []


@pytest.mark.parametrize("name", RAISING)
def test_every_sentence_of_the_source_is_in_the_table(name: str) -> None:
    lost = [one for one in sentences(ROOT / name) if code_of(one.replace("{}", "7")) == OTHER]
    assert lost == []


def test_the_table_names_in_chinese_what_it_names_in_english() -> None:
    held = reasons()
    assert len({one.code for one in held}) == len(held)
    for one in held:
        count = one.english.count("{}")
        assert all(f"{{{n}}}" in one.chinese for n in range(count)), one.code
        assert f"{{{count}}}" not in one.chinese
        names = [f"n{n}" for n in range(count)]
        sentence = one.english
        for text in names:
            sentence = sentence.replace("{}", text, 1)
        assert code_of(sentence) == one.code  # none before it in the table takes it
        assert worded(sentence, "zh") == one.chinese.format(*names)
        assert worded(sentence, "en") == sentence


def test_a_refused_row_in_chinese() -> None:
    why = "check character 18 (of the code, GB 32100) is 'A', computed 'C'"
    error = RowError(why, "enterprises.csv", 3, "uscc")
    assert folded([error]) == [f"enterprises.csv, row 3, column uscc: {why}"]
    assert folded([error], "zh") == [
        "enterprises.csv，第3行，列 uscc：第18位校验码（GB 32100）为 'A'，应为 'C'"
    ]
    assert worded("meter M-1: '0' is no plain number above 0", "zh") == "电表 M-1：'0' 不是大于0的数"
    assert (code_of("the moon is down"), worded("the moon is down", "zh")) == (OTHER, "the moon is down")

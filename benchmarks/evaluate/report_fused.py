"""The judge's part of docs/evaluation.md: what clocks and shape together made of whole networks."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from benchmarks.evaluate.cells import interval, line, many, share

_LONG = "endpoints watched for 10 min or more"


def fused(told: Mapping[str, Any]) -> list[str]:
    """Return what the judge made of whole networks, clocks and shape together."""
    lines = [
        "### The judge, clock and shape together",
        "",
        f"{told['networks']} whole networks of 15 minutes, one "
        f"miner in ten in clear, {told['mining endpoints']:,} endpoints that hide among "
        f"{told['benign endpoints']:,} honest ones ({told['benign endpoints judged']:,} of them with rhythm "
        "enough to be judged), names absent. Of those that hide "
        f"{told['never judged']} have too little rhythm to be judged and count as missed.",
        "",
        _promise(told),
        "",
        "| level | counted | recall | precision at 1:1,300 of judged endpoints | of all endpoints |",
        "|---|---|---|---|---|",
    ]
    for level, found in told["levels"].items():
        for name, row in found["counted"].items():
            shares = interval(row["precision, of those judged"]), interval(row["precision, of all"])
            lines.append(line(f"{level} or more", many(name, row["recall"]), share(row["recall"]), *shares))
        clients = found["clients, as their verdicts say"]
        lines.append(line(f"{level} or more", many("clients, by verdict", clients), share(clients), "-", "-"))
    lines += ["", "| level | false positives | of judged endpoints | of all endpoints |", "|---|---|---|---|"]
    for level, found in told["levels"].items():
        strict, seen = found["false positives of those judged"], found["false positives of all"]
        lines.append(line(f"{level} or more", f"{strict['hits']}", share(strict, 5), share(seen, 5)))
    accused = told["addresses accused"]
    lines += ["", f"Honest addresses accused: {accused['hits']} of {accused['of']:,}."]
    if told["false positives by kind"]:
        kinds = ", ".join(f"{kind} {count}" for kind, count in told["false positives by kind"].items())
        lines[-1] += f" False positives by kind: {kinds}."
    parts = {"watched for": told["watched"]} | {
        f"{what} (watched for 10 min or more)": rows for what, rows in told["by"].items()
    }
    for what, rows in parts.items():
        lines += ["", line(what, "suspected or more", "likely or more"), "|---|---|---|"]
        lines += [line(many(name, row["suspected"]), *map(share, row.values())) for name, row in rows.items()]
    return lines + _hard(told.get("harder", {}))


def _promise(told: Mapping[str, Any]) -> str:
    """Hold the figures against what is promised of endpoints within 15 minutes, names hidden."""
    wanted, row = told["wanted"], told["levels"]["suspected"]["counted"][_LONG]
    recall, precision = row["recall"], row["precision, of those judged"]
    said = (
        f"**Against the promise** (recall {wanted['recall']:.1%}, precision {wanted['precision']:.0%} at "
        f"1:1,300 within 15 minutes of traffic): of {recall['of']:,} endpoints watched for 10 minutes or "
        f"more {recall['hits']:,} are suspected or more, {share(recall)}: {_kept(recall, wanted['recall'])}. "
        f"Precision {interval(precision)}: {_kept(precision, wanted['precision'])}."
    )
    missed = Counter(f"{one['dialect']} in {one['carrier']}" for one in told["missed"])
    if missed:
        said += " Missed: " + ", ".join(f"{name} ({count})" for name, count in missed.most_common()) + "."
    return said


def _kept(found: Mapping[str, Any], wanted: float) -> str:
    if found["value"] < wanted:
        return "not kept"
    if found["low"] < wanted:
        return "kept, though so few cannot show it: the interval's lower end is below"
    return "kept, the interval's lower end too"


def _hard(told: Mapping[str, Any]) -> list[str]:
    """Return what the judge made of harder networks."""
    if not told:
        return []
    names = (
        "the judge, harder",
        "judged",
        "recall",
        "of those judged",
        "false positives",
        "addresses accused",
    )
    lines = ["", line(*names), "|---|---|---|---|---|---|"]
    for name, row in told.items():
        shares = map(share, (row["judged"], row["recall"], row["recall of those judged"]))
        wrong = (row["false positives of those judged"], row["addresses accused"])
        counted = (f"{part['hits']} of {part['of']:,}" for part in wrong)
        lines.append(line(many(name, row["recall"]), *shares, *counted))
    return lines

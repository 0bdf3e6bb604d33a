"""docs/evaluation.md: tables between its markers, plots beside it, all figures in a JSON file."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.lab.windows import CANDIDATES

BEGIN, END = "<!-- figures: written by `make evaluate` -->", "<!-- end of figures -->"


def write(page: Path, told: Mapping[str, Any]) -> None:
    """Write figures beside the page, and its tables into it."""
    folder = page.with_suffix("")
    folder.mkdir(exist_ok=True)
    (folder / "figures.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    _plots(folder, told)
    text = page.read_text(encoding="utf-8") if page.exists() else f"# Evaluation\n\n{BEGIN}\n{END}\n"
    before, rest = text.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    page.write_text(f"{before}{BEGIN}\n\n{tables(told)}\n{END}{after}", encoding="utf-8")


def tables(told: Mapping[str, Any]) -> str:
    """Return the tables as Markdown."""
    lines = [
        f"Model {told['model']['sha256'][:12]}; {told['benign windows']:,} benign windows and "
        f"{told['mining endpoints']:,} mining endpoints of 15 minutes, SNI hidden, shape alone "
        f"(log-odds >= {told['verdict_log_odds']:.2f}: more likely mining than not at 1:1,300).",
        "",
        f"False positives: {_share(told['false positives'], 6)}.",
        "",
        _diverse(told["benign windows"], told["diversity"]),
        "",
        "| counted | recall at the verdict | recall at FPR 2.3e-5 | precision at 1:1,300 |",
        "|---|---|---|---|",
    ]
    for name, row in told["recall"].items():
        lines.append(
            f"| {name} ({row['at the verdict']['of']:,}) | {_share(row['at the verdict'])} "
            f"| {_share(row['at the budget'])} | {_interval(row['precision'])} |"
        )
    lines += [
        "",
        _row("false positives allowed", "log-odds", "recall, endpoints", "watched for 10 min or more"),
    ]
    lines.append("|---|---|---|---|")
    for allowed, row in told["allowed"].items():
        parts = _share(row["endpoints"]), _share(row["watched for 10 min or more"])
        lines.append(_row(allowed, f"{row['log_odds']:.2f}", *parts))
    for what, rows in told["by"].items():
        if what == "kind of false positive":
            continue
        lines += ["", f"| {what} (watched for 10 min or more) | recall |", "|---|---|"]
        lines += [f"| {name} ({row['of']:,}) | {_share(row)} |" for name, row in rows.items()]
    lines += [
        "",
        "| harder | endpoints kept | recall, endpoints | recall, hosts | false positives |",
        "|---|---|---|---|---|",
    ]
    for name, row in told["harder"].items():
        wrong = row["false positives"]
        parts = (row["kept by the rhythm log"], row["recall"], row["hosts"])
        lines.append(_row(name, *map(_share, parts), f"{wrong['hits']} of {wrong['of']:,}"))
    lines += ["", "| kind of honest traffic | false positives | greatest log-odds |", "|---|---|---|"]
    for name, row in told["by"]["kind of false positive"].items():
        lines.append(f"| {name} | {row['hits']} of {row['of']:,} | {row['greatest log-odds']:.2f} |")
    lines += [
        "",
        "| rule | threshold | recall | false positives | precision at 1:1,300 | recall at FPR 2.3e-5 |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in told["rules"].items():
        wrong = f"{row['false positives']['value']:.2e}"
        strict = _share(row["recall at the budget"])
        shares = (_share(row["recall"]), wrong, _interval(row["precision"]), strict)
        lines.append(_row(name, f"{row['threshold']:.3g}", *shares))
    if "ndpi" in told:
        row = told["ndpi"]
        lines.append(
            f"| nDPI {row['version']}, label Mining | - | {_share(row['recall'])} "
            f"| {row['false positives']['hits']} of {row['false positives']['of']:,} | - | - |"
        )
    if "fused" in told:
        lines += ["", *_fused(told["fused"])]
    lines += ["", "![ROC](evaluation/roc.svg)", "", "![Recall](evaluation/recall.svg)", ""]
    return "\n".join(lines)


def _fused(told: Mapping[str, Any]) -> list[str]:
    """Return what the judge made of whole networks, clocks and shape together."""
    lines = [
        f"**The judge, clock and shape together**: {told['networks']} whole networks of 15 minutes, one "
        f"miner in ten in clear, {told['mining endpoints']:,} endpoints that hide among "
        f"{told['benign endpoints']:,} honest ones ({told['benign endpoints judged']:,} of them with rhythm "
        "enough to be judged), names absent. Of those that hide "
        f"{told['never judged']} have too little rhythm to be judged and count as missed.",
        "",
        "| level | counted | recall | precision at 1:1,300 of judged endpoints | of all endpoints |",
        "|---|---|---|---|---|",
    ]
    for level, found in told["levels"].items():
        for name, row in found["counted"].items():
            shares = _interval(row["precision, of those judged"]), _interval(row["precision, of all"])
            lines.append(_row(f"{level} or more", _many(name, row["recall"]), _share(row["recall"]), *shares))
        clients = found["clients, as their verdicts say"]
        lines.append(
            _row(f"{level} or more", _many("clients, by verdict", clients), _share(clients), "-", "-")
        )
    lines += ["", "| level | false positives | of judged endpoints | of all endpoints |", "|---|---|---|---|"]
    for level, found in told["levels"].items():
        strict, seen = found["false positives of those judged"], found["false positives of all"]
        lines.append(_row(f"{level} or more", f"{strict['hits']}", _share(strict, 5), _share(seen, 5)))
    accused = told["addresses accused"]
    lines += ["", f"Honest addresses accused: {accused['hits']} of {accused['of']:,}."]
    if told["false positives by kind"]:
        kinds = ", ".join(f"{kind} {count}" for kind, count in told["false positives by kind"].items())
        lines[-1] += f" False positives by kind: {kinds}."
    parts = {"watched for": told["watched"]} | {
        f"{what} (watched for 10 min or more)": rows for what, rows in told["by"].items()
    }
    for what, rows in parts.items():
        lines += ["", _row(what, "suspected or more", "likely or more"), "|---|---|---|"]
        lines += [
            _row(_many(name, row["suspected"]), *map(_share, row.values())) for name, row in rows.items()
        ]
    return lines + _hard(told.get("harder", {}))


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
    lines = ["", _row(*names), "|---|---|---|---|---|---|"]
    for name, row in told.items():
        shares = map(_share, (row["judged"], row["recall"], row["recall of those judged"]))
        wrong = (row["false positives of those judged"], row["addresses accused"])
        counted = (f"{part['hits']} of {part['of']:,}" for part in wrong)
        lines.append(_row(_many(name, row["recall"]), *shares, *counted))
    return lines


def _diverse(windows: int, told: Mapping[str, Any]) -> str:
    """Say how many different things the honest windows are."""
    wrong = told["implementations that gave a false positive"]
    return (
        f"The honest windows are of {told['networks']:,} networks and {told['implementations']:,} "
        f"implementations of {len(CANDIDATES)} kinds, each window drawn by itself; "
        f"{told['windows whose measures no other has']:,} of {windows:,} have measures that no other window "
        "has. Windows of one implementation are kin, so the rate is also told by implementations: "
        f"{wrong['hits']} of {wrong['of']:,} gave a false positive, {_share(wrong, 5)}."
    )


def _many(name: str, row: Mapping[str, Any]) -> str:
    return f"{name} ({row['of']:,})"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _share(row: Mapping[str, Any], digits: int = 2) -> str:
    if row["value"] is None:
        return "-"
    part = f"{100 * row['value']:.{digits}f} %"
    return f"{part} ({100 * row['low']:.{digits}f} to {100 * row['high']:.{digits}f})"


def _interval(row: Mapping[str, Any]) -> str:
    if row["value"] is None:
        return "-"
    return f"{100 * row['value']:.1f} % ({100 * row['low']:.1f} to {100 * row['high']:.1f})"


def _plots(folder: Path, told: Mapping[str, Any]) -> None:
    """Draw the ROC on a log axis, and recall by carrier and dialect."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "minescope"  # the same figures give the same file
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.5))
    for name, row in told["rules"].items():
        axes.plot(row["roc"]["false"], row["roc"]["recall"], label=name, drawstyle="steps-post")
    if "fused" in told:
        row = told["fused"]["roc"]
        axes.plot(row["false"], row["recall"], label="the judge, clocks and shape", drawstyle="steps-post")
    axes.axvline(2.3e-5, color="grey", linestyle=":", label="FPR 2.3e-5")
    axes.set(xscale="log", xlim=(1e-6, 1), ylim=(0, 1.01), xlabel="false positive rate", ylabel="recall")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    figure.savefig(folder / "roc.svg", metadata={"Date": None}, bbox_inches="tight")
    plt.close(figure)
    figure, both = plt.subplots(1, 2, figsize=(9, 4.5))
    for axes, what in zip(both, ("carrier", "dialect"), strict=True):
        rows = {name: row for name, row in told["by"][what].items() if row["value"] is not None}
        values = [row["value"] for row in rows.values()]
        errors = [
            [max(0.0, row["value"] - row["low"]) for row in rows.values()],
            [max(0.0, row["high"] - row["value"]) for row in rows.values()],
        ]
        axes.barh(list(rows), values, xerr=errors, color="#4878a8")
        least = min([0.8, *(value for value in values if not math.isnan(value))]) - 0.02
        axes.set(xlim=(least, 1), xlabel=f"recall by {what}")
    figure.tight_layout()
    figure.savefig(folder / "recall.svg", metadata={"Date": None})
    plt.close(figure)

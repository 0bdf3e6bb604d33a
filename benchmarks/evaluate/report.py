"""docs/evaluation.md: tables between its markers, plots beside it, all figures in a JSON file."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.evaluate.cells import interval, line, share
from benchmarks.evaluate.report_fused import fused
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
    lines = [*fused(told["fused"]), ""] if "fused" in told else []
    lines += [
        "### The shape alone",
        "",
        f"Model {told['model']['sha256'][:12]}; {told['benign windows']:,} benign windows and "
        f"{told['mining endpoints']:,} mining endpoints of 15 minutes, SNI hidden, shape alone "
        f"(log-odds >= {told['verdict_log_odds']:.2f}: more likely mining than not at 1:1,300).",
        "",
        f"False positives: {share(told['false positives'], 6)}.",
        "",
        _diverse(told["benign windows"], told["diversity"]),
        "",
        "| counted | recall at the verdict | recall at FPR 2.3e-5 | precision at 1:1,300 |",
        "|---|---|---|---|",
    ]
    for name, row in told["recall"].items():
        lines.append(
            f"| {name} ({row['at the verdict']['of']:,}) | {share(row['at the verdict'])} "
            f"| {share(row['at the budget'])} | {interval(row['precision'])} |"
        )
    lines += [
        "",
        line("false positives allowed", "log-odds", "recall, endpoints", "watched for 10 min or more"),
    ]
    lines.append("|---|---|---|---|")
    for allowed, row in told["allowed"].items():
        recalls = share(row["endpoints"]), share(row["watched for 10 min or more"])
        lines.append(line(allowed, f"{row['log_odds']:.2f}", *recalls))
    for what, rows in told["by"].items():
        if what == "kind of false positive":
            continue
        lines += ["", f"| {what} (watched for 10 min or more) | recall |", "|---|---|"]
        lines += [f"| {name} ({row['of']:,}) | {share(row)} |" for name, row in rows.items()]
    lines += [
        "",
        "| harder | endpoints kept | recall, endpoints | of those kept: opening seen | not seen "
        "| false positives |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in told["harder"].items():
        wrong = row["false positives"]
        parts = (row["kept by the rhythm log"], row["recall"], *row["by opening"].values())
        lines.append(line(name, *map(share, parts), f"{wrong['hits']} of {wrong['of']:,}"))
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
        strict = share(row["recall at the budget"])
        shares = (share(row["recall"]), wrong, interval(row["precision"]), strict)
        lines.append(line(name, f"{row['threshold']:.3g}", *shares))
    if "ndpi" in told:
        row = told["ndpi"]
        lines.append(
            f"| nDPI {row['version']}, label Mining | - | {share(row['recall'])} "
            f"| {row['false positives']['hits']} of {row['false positives']['of']:,} | - | - |"
        )
    lines += ["", "![ROC](evaluation/roc.svg)", "", "![Recall](evaluation/recall.svg)", ""]
    return "\n".join(lines)


def _diverse(windows: int, told: Mapping[str, Any]) -> str:
    """Say how many different things the honest windows are."""
    wrong = told["implementations that gave a false positive"]
    return (
        f"The honest windows are of {told['networks']:,} networks and {told['implementations']:,} "
        f"implementations of {len(CANDIDATES)} kinds, each window drawn by itself; "
        f"{told['windows whose measures no other has']:,} of {windows:,} have measures that no other window "
        "has. Windows of one implementation are kin, so the rate is also told by implementations: "
        f"{wrong['hits']} of {wrong['of']:,} gave a false positive, {share(wrong, 5)}."
    )


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

"""`minescope power`, as a person types it, on a real store and lake."""

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmarks.lab.loads import loads
from minescope.main import run
from pipeline.settings import load_settings
from store.curve_lake import SCHEMA, CurveLake
from store.database import open_database
from store.power import RECONCILIATION, SCORE, SITE, KeptFinding, Wanted, every
from tests.supervision.filled import fill

DAYS = 45


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MINESCOPE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    with open_database(load_settings().database_url) as database:
        fill(database, tmp_path / "registry")
    return tmp_path


def keep(kw: np.ndarray, first: object, account: str = "ZJ1") -> None:
    """Put one account's curve, (days, 96), into the lake."""
    days = [first + timedelta(days=i) for i in range(len(kw))]  # type: ignore[operator]
    lake = CurveLake(load_settings().lake)
    by_month: dict[str, list[int]] = {}
    for i, day in enumerate(days):
        by_month.setdefault(f"{day:%Y-%m}", []).append(i)
    with lake.begin() as batch:
        for month, rows in by_month.items():
            frame = {
                "account": [account] * len(rows),
                "meter": [""] * len(rows),
                "day": [days[i] for i in rows],
                "quantity": [0] * len(rows),
                "of": [1] * len(rows),
                "known_ns": [1] * len(rows),
                "points": kw[rows].astype(np.float32),
                "energy": kw[rows].sum(axis=1) / 4,
                "missing": [0] * len(rows),
                "bridged": [0] * len(rows),
                "register": [float("nan")] * len(rows),
                "register_at": [0] * len(rows),
            }
            batch.add(month, pl.DataFrame(frame, schema_overrides={"points": SCHEMA["points"]}))
        batch.commit(f"{account}-test", 1, {})


def curve(kind: str) -> tuple[np.ndarray, object]:
    made = loads(3, "test", {kind: 1}, DAYS).curves
    return np.nan_to_num(made.kw[0]), made.first


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_farm_is_told_with_its_reasons_in_both_languages(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kw, first = curve("farm")
    keep(kw, first)
    last = first + timedelta(days=DAYS - 1)  # type: ignore[operator]
    asked = ["power", "score", "--since", str(first), "--until", str(last), "--account", "ZJ1", "--all"]
    capsys.readouterr()
    assert run([*asked, "--base-rate", "0.5", "--json"]) == 1
    [row] = lines(capsys.readouterr().out)
    assert (row["account"], row["level"]) == ("ZJ1", "likely")
    assert len(row["reasons"]) >= 3  # type: ignore[arg-type]
    assert run([*asked, "--base-rate", "0.5", "--lang", "zh"]) == 1
    assert "很可能存在挖矿负荷" in capsys.readouterr().out
    assert run([*asked, "--base-rate", "2"]) == 3
    assert "not between 0 and 1" in capsys.readouterr().err


def test_a_shop_is_nothing_and_a_short_time_is_refused(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kw, first = curve("commerce")
    keep(kw, first)
    until = first + timedelta(days=DAYS - 1)  # type: ignore[operator]
    assert run(["power", "score", "--since", str(first), "--until", str(until), "--account", "ZJ1"]) == 0
    assert "1 accounts, 0 told of" in capsys.readouterr().err
    assert run(["power", "score", "--since", str(first), "--until", str(first)]) == 3
    assert "14 are the least" in capsys.readouterr().err


def hours(path: Path, columns: dict[str, np.ndarray]) -> Path:
    names = list(columns)
    rows = [f"site,at,{','.join(names)}"]
    for i in range(len(columns[names[0]])):
        at = f"2025-03-{1 + i // 24:02d}T{i % 24:02d}:00:00Z"
        rows.append(f"S,{at}," + ",".join(f"{columns[name][i]:.4f}" for name in names))
    path.write_text("\n".join(rows) + "\n", "utf-8")
    return path


def test_network_and_meter_from_files(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kw = np.full(24 * 20, 100.0)
    for first in (40, 115, 200, 333):
        kw[first : first + 4] = 0
    network = hours(home / "n.csv", {"kw": kw, "low": kw * 0.8, "high": kw * 1.2, "hashrate": kw * 3e13})
    for part, finding, code in (
        (1.05, "agree", 0),
        (0.3, "private_line_or_theft", 1),
        (2.5, "hidden_machines", 1),
    ):
        meters = hours(home / "m.csv", {"kw": kw * part + 2})
        asked = [
            "power",
            "reconcile",
            str(network),
            "--meters",
            str(meters),
            "--algorithm",
            "sha256d",
            "--json",
        ]
        assert run(asked) == code
        [row] = lines(capsys.readouterr().out)
        assert row["finding"] == finding
        assert row["alarm"] is None if part == 1.05 else True
    (home / "bad.csv").write_text("site,at,kw,low,high\nS,2025-03-01T00:00:00Z,1,x,1\n", "utf-8")
    assert run(["power", "reconcile", str(home / "bad.csv"), "--meters", str(meters)]) == 2
    assert "bad.csv, row 2, column low: 'x' is not a number" in capsys.readouterr().err


def test_sites_from_both_sides(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "s.csv").write_text(
        "site,network_bytes_per_kwh,mining_share,clients,mining_kw,pue\nF,40000,0.9,0,480,\nD,8e9,0,9000,,1.4\n",
        "utf-8",
    )
    assert (
        run(
            [
                "power",
                "sites",
                str(home / "s.csv"),
                "--since",
                "2025-01-01",
                "--until",
                "2025-03-01",
                "--json",
            ]
        )
        == 1
    )
    found = {row["site"]: row["kind"] for row in lines(capsys.readouterr().out)}
    assert found == {"F": "mining_farm", "D": "data_centre"}


def test_what_is_found_is_kept_when_asked_for_and_cleared_by_a_later_run(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kw, first = curve("farm")
    keep(kw, first)
    keep(np.nan_to_num(curve("commerce")[0]), first, "ZJ2")
    last = first + timedelta(days=DAYS - 1)  # type: ignore[operator]
    until = ["--until", str(last)]
    asked = ["power", "score", "--since", str(first), *until, "--base-rate", "0.5", "--json"]
    run([*asked, "--threads", "2"])

    def kept(kind: str) -> list[KeptFinding]:
        with open_database(load_settings().database_url) as database, database.reading() as connection:
            return list(every(connection, Wanted(kind)))

    assert kept(SCORE) == []
    assert run([*asked, "--store"]) == 1
    found = {one.found.subject: one for one in kept(SCORE)}
    assert found["ZJ1"].found.level == "likely"
    assert (found["ZJ1"].run.as_of, found["ZJ1"].run.judged) == (str(last), 2)
    assert found["ZJ1"].found.division == "330102"
    assert len(found["ZJ1"].found.record["reasons"]) >= 3
    lowered = [*asked[:-2], "1e-12", "--store"]
    assert run(lowered) == 0
    [one] = [one for one in kept(SCORE) if one.found.subject == "ZJ1"]
    assert one.found.level in ("none", "unusual")
    assert "ZJ2" not in {one.found.subject for one in kept(SCORE)}

    sites = home / "sites.csv"
    sites.write_text("site,mining_share,clients,pue\nhz,0.9,0,1.02\n", "utf-8")
    assert run(["power", "sites", "--since", str(first), *until, str(sites), "--store"]) == 1
    [site] = kept(SITE)
    assert (site.found.level, site.found.division) == ("mining_farm", "330102")
    flat = np.full(24 * 20, 100.0)
    network = hours(home / "n.csv", {"kw": flat, "low": flat * 0.8, "high": flat * 1.2})
    meters = hours(home / "m.csv", {"kw": flat * 3})
    run(["power", "reconcile", str(network), "--meters", str(meters), "--store"])
    [apart] = kept(RECONCILIATION)
    assert (apart.found.subject, apart.found.weight, apart.run.first_day) == ("S", 200.0, "2025-03-01")
    capsys.readouterr()

"""`minescope meters` and `minescope tariff`, from files to a bill, as a person types them."""

import csv
import json
from datetime import date, timedelta
from io import StringIO
from pathlib import Path

import pytest

from minescope.main import run
from pipeline.settings import load_settings
from store.database import open_database
from tests.supervision.filled import fill

FORM = [
    *("--layout", "wide", "--value", "power", "--unit", "kw", "--stamp", "begin", "--by", "account"),
    *("--side", "primary", "--quantity", "active-import", "--column", "first-point=p1"),
]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MINESCOPE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    with open_database(load_settings().database_url) as database:
        fill(database, tmp_path / "registry")
    return tmp_path


def curves(path: Path, days: int = 31, kw: float = 4.0) -> Path:
    names = ",".join(f"p{n}" for n in range(1, 97))
    first = date(2025, 1, 1)
    rows = [f"ZJ1,{first + timedelta(days=n)}," + ",".join([str(kw)] * 96) for n in range(days)]
    path.write_text("\n".join([f"account,day,{names}", *rows]) + "\n", "utf-8")
    return path


def test_from_curves_to_a_bill_to_a_payment(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["meters", "import", str(curves(home / "m.csv")), *FORM]) == 0
    assert "31 days with 2,976 points and 0 gaps" in capsys.readouterr().out
    (home / "mining.csv").write_text("account,first,period\nZJ1,2025-01-01,p1\n", "utf-8")
    assert run(["tariff", "import", "mining", str(home / "mining.csv")]) == 0
    assert run(["tariff", "readings", "2025-01"]) == 0
    assert "a dry run" in capsys.readouterr().err
    assert run(["tariff", "readings", "2025-01", "--post"]) == 0
    assert "ZJ1: 2976 kWh" in capsys.readouterr().out
    assert run(["tariff", "bill", "--as-of", "2025-12-31"]) == 0
    assert "0 entries" in capsys.readouterr().err  # nobody confirmed the period
    assert run(["tariff", "decide", "p1", "confirmed", "--why", "40 machines seen"]) == 0
    assert run(["tariff", "bill", "--as-of", "2025-12-31", "--post"]) == 0
    assert "2,976.0000\t0.50\t1,488.00\tzhejiang-2022" in capsys.readouterr().out
    (home / "paid.csv").write_text("account,on,amount,reference\nZJ1,2026-01-05,1000,T1\n", "utf-8")
    assert run(["tariff", "pay", str(home / "paid.csv")]) == 0
    assert run(["tariff", "pay", str(home / "paid.csv"), "--post"]) == 0
    capsys.readouterr()
    assert run(["tariff", "arrears", "--on", "2099-01-01"]) == 1
    [row] = csv.DictReader(StringIO(capsys.readouterr().out.removeprefix("\ufeff")))
    assert (row["account"], row["due"], row["paid"], row["arrears"]) == (
        "ZJ1",
        "1488.00",
        "1000.00",
        "488.00",
    )
    for name in ("entries.csv", "arrears.xlsx", "collection.xlsx"):
        assert run(["tariff", "export", name.split(".")[0], str(home / name), "--lang", "zh"]) == 0
        assert (home / name).stat().st_size > 100
    assert "户号" in (home / "entries.csv").read_text("utf-8")
    capsys.readouterr()
    assert run(["audit", "verify"]) == 0


def test_a_gap_gives_no_reading_and_says_so(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["meters", "import", str(curves(home / "m.csv", days=30)), *FORM])
    capsys.readouterr()
    assert run(["tariff", "readings", "2025-01", "--account", "ZJ1", "--post"]) == 1
    assert "ZJ1: gaps on 1 of 31 days (96 points) in 2025-01" in capsys.readouterr().err


def test_a_bill_counts_before_the_curves_and_a_difference_is_told(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["meters", "import", str(curves(home / "m.csv")), *FORM])
    (home / "r.csv").write_text("account,month,kwh\nZJ1,2025-01,5000\n", "utf-8")
    assert run(["tariff", "import", "readings", str(home / "r.csv")]) == 0
    capsys.readouterr()
    assert run(["tariff", "readings", "2025-01", "--account", "ZJ1", "--post"]) == 1
    told = capsys.readouterr()
    assert "billed 5000 kWh, the curves say 2976 in 2025-01" in told.err
    assert "0 readings, 1 held" in told.err


def test_what_a_file_means_must_be_said(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(curves(home / "m.csv"))
    assert run(["meters", "import", path]) == 3
    assert run(["meters", "import", path, *FORM[:-2]]) == 2
    assert "name the first of the 96 points" in capsys.readouterr().err
    wrong = [word if word != "kw" else "kwh" for word in FORM]
    assert run(["meters", "import", path, *wrong]) == 3
    assert run(["meters", "import", path, *FORM, "--dry-run"]) == 0
    assert run(["meters", "info"]) == 0
    assert "2025-01" not in capsys.readouterr().out


def test_refused_rows_keep_a_file_out_and_lie_in_the_report(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = curves(home / "m.csv")
    path.write_text(path.read_text("utf-8").replace("ZJ1,2025-01-02,4.0", "ZJ1,2025-01-02,x"), "utf-8")
    assert run(["meters", "import", str(path), *FORM, "--report", str(home / "refused.csv")]) == 3
    assert "m.csv, row 3, column p1: 'x' is no number" in capsys.readouterr().err
    assert "'x' is no number" in (home / "refused.csv").read_text("utf-8")
    assert run(["meters", "import", str(path), *FORM, "--accept-good"]) == 0
    capsys.readouterr()
    assert run(["meters", "export", "ZJ1", "--since", "2025-01-01", "--until", "2025-01-02"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert rows[1].startswith("ZJ1,2025-01-01,4,4,")
    assert rows[2] == "ZJ1,2025-01-02" + "," * 96


def test_refused_rows_of_curves_are_told_in_chinese(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINESCOPE_LANG", "zh")
    path = curves(home / "m.csv")
    text = path.read_text("utf-8").replace("ZJ1,2025-01-02,4.0", "ZJ1,2025-01-02,x")
    text = text.replace("ZJ1,2025-01-03,", "ZJ7,2025-01-03,").replace(
        "ZJ1,2025-01-04,4.0", "ZJ1,2025-01-04,-4"
    )
    path.write_text(text, "utf-8")
    report = home / "refused.json"
    assert run(["meters", "import", str(path), *FORM, "--report", str(report)]) == 3
    said = capsys.readouterr()
    assert "拒绝：" in said.err
    assert "m.csv，第3行，列 p1：'x' 不是数" in said.err
    assert "第4行，列 account：登记信息中没有户号 'ZJ7'，请先导入" in said.err
    assert "第5行，列 p1：-4 为负" in said.err
    assert "未导入任何数据" in said.err
    assert "m.csv：31 行，3 条拒绝原因，28 天共 2,688 个点、0 个缺口" in said.out
    codes = {one["row"]: one["code"] for one in json.loads(report.read_text("utf-8"))}
    assert codes == {3: "number", 4: "account-unknown", 5: "negative"}
    assert run(["meters", "import", str(path), *FORM, "--accept-good"]) == 0
    assert run(["meters", "import", str(path), *FORM, "--accept-good"]) == 0
    assert "m.csv：此前已按同样方式导入，无需再做" in capsys.readouterr().err
    assert run(["meters", "import", str(path), *FORM[:-2]]) == 2
    assert "没有列 first-point：请用 --column first-point=列名 指定96点的第一列" in capsys.readouterr().err


def test_rules_are_shown_set_and_enacted(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["tariff", "rules", "330102"]) == 0
    assert '"id": "zhejiang-2022"' in capsys.readouterr().out
    assert run(["tariff", "rules", "--enact", "shandong-2022-draft"]) == 3
    assert run(["tariff", "rules", "--enact", "nothing", "--why", "a test"]) == 3
    assert run(["tariff", "rules", "370102", "--enact", "shandong-2022-draft", "--why", "in force"]) == 0
    assert '"bills": true' in capsys.readouterr().out


def test_back_pay_is_worked_out_and_kept_only_when_told(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask = [
        "tariff",
        "backpay",
        "ZJ1",
        "--first",
        "2025-01-01",
        "--last",
        "2025-01-31",
        "--kwh",
        "1000",
        "--difference",
        "0.2",
    ]
    assert run(ask) == 0
    assert "200.00 CNY back and 0.00 CNY penalty" in capsys.readouterr().out
    assert run([*ask, "--post"]) == 3
    assert run([*ask, "--post", "--why", "case 7"]) == 0
    assert run([word if word != "ZJ1" else "X" for word in ask]) == 3


@pytest.mark.parametrize(
    "command",
    [
        ["meters", "import", "none.csv", *FORM],
        ["tariff", "rules", "--set", "none.toml", "--why", "x"],
        ["tariff", "import", "mining", "none.csv"],
    ],
)
def test_a_file_that_is_not_there_is_named(
    home: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    assert run(command) == 2
    assert "none." in (said := capsys.readouterr().err)
    assert "No such file or directory" in said

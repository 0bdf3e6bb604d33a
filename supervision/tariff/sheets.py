"""Entries, arrears and collection as rows, for CSV and XLSX; decimals stay decimals."""

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import IO, Any, Final

from store.tariff_money import StoredEntry
from supervision.tariff.collection import Collected, Owed
from supervision.tariff.rows import cny

ENTRIES: Final = (
    "number", "kind", "account", "uscc", "division", "month", "first", "last", "days", "rule", "share", "kwh",
    "rate", "amount", "net", "made", "reverses", "why",
)  # fmt: skip
ARREARS: Final = (
    "account", "uscc", "division", "due", "paid", "credit", "not_yet_due", "overdue_30", "overdue_90",
    "overdue_more", "arrears", "collected",
)  # fmt: skip
COLLECTION: Final = ("division", "accounts", "due", "paid", "credit", "arrears", "rate")
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
_TITLES: Final = {
    "number": "编号", "kind": "类别", "account": "户号", "uscc": "统一社会信用代码", "division": "行政区划",
    "month": "电费月份", "first": "起日", "last": "止日", "days": "天数", "rule": "依据", "share": "比例",
    "kwh": "电量(kWh)", "rate": "加价(元/kWh)", "amount": "金额(元)", "net": "不含税金额(元)",
    "made": "记账日", "reverses": "冲销编号", "why": "理由", "due": "应收(元)", "paid": "实收(元)",
    "credit": "预收(元)", "not_yet_due": "未到期(元)", "overdue_30": "逾期30日内(元)",
    "overdue_90": "逾期31-90日(元)", "overdue_more": "逾期90日以上(元)", "arrears": "欠费(元)",
    "collected": "收缴率", "accounts": "户数", "rate_collected": "收缴率",
}  # fmt: skip


def titles(columns: Sequence[str], lang: str) -> list[str]:
    """Return the heads of columns in a language, `en` or `zh`."""
    if lang != "zh":
        return list(columns)
    of_collection = columns == COLLECTION
    return [_TITLES["rate_collected" if of_collection and name == "rate" else name] for name in columns]


def entry_row(entry: StoredEntry) -> list[Any]:
    """Return a row of ENTRIES."""
    line = entry.line
    decimals = (Decimal(line[name]) for name in ("share", "kwh", "rate", "amount"))
    net = None if line["net"] is None else Decimal(line["net"])
    return [
        *(entry.number, entry.kind, entry.account, entry.uscc, entry.division, entry.month),
        *(line["first"], line["last"], line["days"], line["rule"], *decimals, net),
        *(entry.made_day, entry.reverses, entry.why),
    ]


def owed_row(owed: Owed) -> list[Any]:
    """Return a row of ARREARS."""
    one = owed.standing
    return [
        *(one.account, owed.uscc, owed.division, one.due, one.paid, one.credit, one.not_yet_due),
        *(*one.overdue, one.arrears, None if one.collected is None else round(one.collected, 4)),
    ]


def collected_row(found: Collected) -> list[Any]:
    """Return a row of COLLECTION."""
    return [*(found.division, found.accounts, found.due, found.paid, found.credit, found.arrears, found.rate)]


def total(entries: Iterable[StoredEntry]) -> Decimal:
    """Return what entries add up to, CNY."""
    return cny(sum(entry.amount_fen for entry in entries))


def as_csv(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a CSV file with the byte order mark that spreadsheets need to show Chinese."""
    held = io.StringIO(newline="")
    writer = csv.writer(held)
    held.write("\ufeff")
    writer.writerow(heads)
    for row in rows:
        writer.writerow([_harmless(cell) for cell in row])
    return held.getvalue()


def write_xlsx(heads: Sequence[str], rows: Iterable[Sequence[Any]], file: IO[bytes], name: str) -> None:
    """Write a workbook with one sheet: money as numbers with two places, all else as text."""
    from xlsxwriter import Workbook

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(file, options) as book:
        sheet = book.add_worksheet(name)
        sheet.freeze_panes(1, 1)
        money = book.add_format({"num_format": "#,##0.00"})
        plain = book.add_format({"num_format": "0.######"})
        bold = book.add_format({"bold": True})
        for column, head in enumerate(heads):
            letters = sum(
                2 if ord(letter) > 0x2E7F else 1 for letter in head
            )  # Chinese ones are twice as wide
            sheet.set_column(column, column, max(14, letters + 3))
            sheet.write_string(0, column, head, bold)
        line = 0
        for line, row in enumerate(rows, 1):
            for column, cell in enumerate(row):
                if isinstance(cell, Decimal):
                    sheet.write_number(line, column, float(cell), money if _is_money(cell) else plain)
                elif isinstance(cell, int):
                    sheet.write_number(line, column, cell)
                elif cell is not None:
                    sheet.write_string(line, column, _writable(str(cell)))
        sheet.autofilter(0, 0, line, max(0, len(heads) - 1))


def _is_money(cell: Decimal) -> bool:
    return cell.as_tuple().exponent == -2


def _harmless(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_DANGEROUS) else cell


def _writable(text: str) -> str:
    return "".join(c if c.isprintable() or c in "\t\n" else "?" for c in text)[:32_767]

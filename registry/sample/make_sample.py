"""Makes the sample registry: `python -m registry.sample.make_sample` writes the same bytes again.

Nothing in it is real: documentation prefixes (RFC 5737, RFC 3849), names that say 示例, credit codes under a
division that GB/T 2260 never assigned, coordinates in the open sea around 0 N 0 E.
"""

import csv
import io
from pathlib import Path

from registry.divisions import SAMPLE_PROVINCE
from registry.uscc import completed

MARK = "generated sample"
"""Source of every row; a second source begins with it as well."""
SECOND_SOURCE = f"{MARK}, second source"

_ENTERPRISES = (
    ("甲", "示例企业甲数据服务有限公司", "示例省示例市东区示例路1号"),
    ("乙", "示例企业乙网络科技有限公司", "示例省示例市东区示例路2号"),
    ("丙", "示例企业丙农业发展有限公司", "示例省样例市样例县示例乡3号"),
    ("丁", "示例企业丁新能源有限公司", "示例省示例市西区示例路4号"),
    ("戊", "示例企业戊商贸有限公司", "示例省示例市西区示例路5号"),
    ("己", "示例企业己教育咨询有限公司", ""),
)
_CODES = {
    short: completed("9", "1", f"{SAMPLE_PROVINCE}0101", f"MADEUP{place:02d}")
    for place, (short, _, _) in enumerate(_ENTERPRISES, start=1)
}
_SITES = (
    (
        "site-east-1",
        "示例数据中心一号楼",
        "990101",
        "示例省示例市东区示例路1号1幢",
        "0.1012",
        "0.2034",
        "WGS-84",
    ),
    (
        "site-east-2",
        "示例园区二号厂房",
        "990101",
        "示例省示例市东区示例路2号",
        "0.1107",
        "0.2101",
        "CGCS2000",
    ),
    ("site-west-1", "示例商务楼", "990102", "示例省示例市西区示例路4号9层", "-0.0841", "0.1922", "GCJ-02"),
    (
        "site-hydro-1",
        "示例水电站旁机房",
        "990221",
        "示例省样例市样例县示例乡河口",
        "-0.4410",
        "-0.3075",
        "WGS-84",
    ),
    ("site-unmeasured", "示例库房", "990221", "示例省样例市样例县示例乡3号", "", "", ""),
)
# prefix, line, enterprise, site, valid from, valid to, source
_ASSIGNMENTS = (
    ("192.0.2.0/24", "line-1001", "甲", "site-east-1", "2015-01-01", "", MARK),
    ("192.0.2.64/26", "line-1002", "乙", "site-east-2", "2016-01-01", "2021-07-01", MARK),
    ("192.0.2.64/26", "line-1003", "丙", "site-hydro-1", "2021-07-01", "", MARK),
    ("192.0.2.200", "line-1004", "丁", "site-west-1", "2018-03-01T08:00:00+08:00", "", MARK),
    ("198.51.100.0/24", "line-2001", "乙", "site-east-2", "2015-01-01", "2020-01-01", MARK),
    ("198.51.100.0/24", "line-2002", "丁", "site-west-1", "2020-07-01", "", MARK),
    ("198.51.100.128/25", "line-2003", "戊", "site-west-1", "2015-01-01", "2022-01-01T00:00:00Z", MARK),
    ("198.51.100.128/25", "line-2004", "丙", "site-unmeasured", "2022-01-01T00:00:00Z", "", MARK),
    ("203.0.113.0/24", "line-3001", "己", "site-east-2", "2015-01-01", "", MARK),
    ("203.0.113.32/28", "line-3002", "丙", "site-hydro-1", "2015-01-01", "", MARK),
    ("203.0.113.128/25", "line-3003", "丁", "site-west-1", "2023-01-01", "", MARK),
    ("203.0.113.128/25", "line-3003", "戊", "site-west-1", "2023-01-01", "", SECOND_SOURCE),
    ("2001:db8::/32", "line-6001", "甲", "site-east-1", "2015-01-01", "", MARK),
    ("2001:db8:1::/48", "line-6002", "乙", "site-east-2", "2015-01-01", "2021-07-01", MARK),
    ("2001:db8:1::/48", "line-6003", "丙", "site-hydro-1", "2021-07-01", "", MARK),
    ("2001:db8:2:3::/64", "line-6004", "丁", "site-west-1", "2019-01-01", "", MARK),
)


def sample_files() -> dict[str, bytes]:
    """Return the three files by name: UTF-8 without byte order mark, LF line ends."""
    return {
        "enterprises.csv": _csv(
            ("uscc", "name", "address", "source"),
            [(_CODES[short], name, address, MARK) for short, name, address in _ENTERPRISES],
        ),
        "sites.csv": _csv(
            ("id", "name", "division", "address", "longitude", "latitude", "datum", "source"),
            [(*site, MARK) for site in _SITES],
        ),
        "assignments.csv": _csv(
            ("prefix", "line", "uscc", "site", "valid_from", "valid_to", "source"),
            [(prefix, line, _CODES[short], *rest) for prefix, line, short, *rest in _ASSIGNMENTS],
        ),
    }


def _csv(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def main() -> None:
    """Write the files beside this one."""
    for name, content in sample_files().items():
        (Path(__file__).parent / name).write_bytes(content)


if __name__ == "__main__":
    main()

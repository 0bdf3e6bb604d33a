"""Workbooks, JSON and logs as rows; coordinates; bytes of prefixes."""

import json
import zipfile
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facts.endpoint import unpacked16
from facts.errors import ReadError
from facts.instant import rfc3339
from registry.cells import parse_bounds
from registry.geodesy import convert
from registry.lease_log import Held, read_dhcpd, read_radius
from registry.log_lines import LogClock, parse_zone
from registry.model import Datum
from registry.nat_log import OpenBlocks, read_nat_log
from registry.rows import Report, Row, read_table

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
WORKBOOK = (
    f'<workbook xmlns="{MAIN}" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Target="worksheets/sheet1.xml"/></Relationships>'
)
STYLES = (
    f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="170" formatCode="yyyy&quot;d&quot;"/>'
    '<numFmt numFmtId="171" formatCode="0.00&quot;days&quot;"/></numFmts><cellXfs><xf numFmtId="0"/>'
    '<xf numFmtId="14"/><xf numFmtId="170"/><xf numFmtId="171"/></cellXfs></styleSheet>'
)
SHARED = (
    f'<sst xmlns="{MAIN}"><si><t>甲</t></si>'
    "<si><r><t>两</t></r><r><t>段</t></r><rPh><t>x</t></rPh></si></sst>"
)


def workbook(path: Path, rows: str, *, shared: str = SHARED) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/workbook.xml", WORKBOOK)
        book.writestr("xl/_rels/workbook.xml.rels", RELATIONS)
        book.writestr("xl/styles.xml", STYLES)
        book.writestr("xl/sharedStrings.xml", shared)
        book.writestr(
            "xl/worksheets/sheet1.xml",
            f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>',
        )
    return path


def text(place: str, value: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>'


def read(path: Path, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> tuple[list[Row], Report]:
    report = Report()
    return list(read_table(path, required, optional, report)), report


HEADER = f'<row r="1">{text("A1", "name")}{text("B1", "valid_from")}{text("C1", "port")}</row>'


def test_a_sheet_gives_texts_numbers_and_dates_with_the_rows_own_numbers(tmp_path: Path) -> None:
    rows = (
        HEADER + '<row r="2"><c r="A2" t="s"><v>0</v></c><c r="B2" s="1"><v>46082</v></c>'
        '<c r="C2"><v>80</v></c></row>'
        '<row r="5"><c r="A5" t="s"><v>1</v></c><c r="B5" s="2"><v>46082.25</v></c>'
        '<c r="C5" s="3"><v>81</v></c></row>'
        '<row r="6"><c r="C6"><v>82</v></c></row><row r="7"/>'
    )
    found, report = read(workbook(tmp_path / "t.xlsx", rows), ("name", "valid_from", "port"), ("source",))
    assert [(row.number, *row.cells.values()) for row in found] == [
        (2, "甲", "2026-03-01", "80", ""),
        (5, "两段", "2026-03-01T06:00:00", "81", ""),
        (6, "", "", "82", ""),
    ]
    assert (report.rows, report.errors) == (3, [])


def test_a_sheet_without_a_column_and_what_is_no_workbook_are_named(tmp_path: Path) -> None:
    found, report = read(workbook(tmp_path / "t.xlsx", HEADER), ("name", "uscc"))
    assert found == []
    assert [(error.row, error.column) for error in report.errors] == [(1, "uscc")]
    path = tmp_path / "bad.xlsx"
    path.write_bytes(b"PK\x03\x04 and more")
    with pytest.raises(ReadError, match="not an XLSX workbook"):
        read(path, ("name",))
    good = workbook(tmp_path / "cut.xlsx", HEADER).read_bytes()
    for cut in range(4, len(good), 97):
        path.write_bytes(good[:cut])
        with pytest.raises(ReadError):
            read(path, ("name",))


def test_entities_do_not_multiply_in_a_workbook(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
    )
    path = workbook(
        tmp_path / "t.xlsx", HEADER, shared=f'{bomb}]><sst xmlns="{MAIN}"><si><t>&j;</t></si></sst>'
    )
    with pytest.raises(ReadError, match="not an XLSX workbook"):
        read(path, ("name",))


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_json_is_an_array_or_one_object_a_line(tmp_path: Path, indent: int | None, encoding: str) -> None:
    values = [{"name": f"名{n}", "port": n, "list": ["a", 2], "none": None, "odd": 1} for n in range(3000)]
    array = tmp_path / "a.json"
    array.write_text(json.dumps(values, ensure_ascii=False, indent=indent), encoding=encoding)
    lines = tmp_path / "l.ndjson"
    lines.write_text("\n".join(json.dumps(v, ensure_ascii=False) for v in values), encoding=encoding)
    for path in (array, lines):
        found, report = read(path, ("name", "port"), ("list", "none"))
        assert report.errors == []
        assert [row.number for row in found] == list(range(1, 3001))
        assert found[2999].cells == {"name": "名2999", "port": "2999", "list": "a;2", "none": ""}
        assert any("odd" in notice for notice in report.notices)


def test_what_is_wrong_in_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('[{"name": {"a": 1}}, 7, {"name": true}, {"name": "a\\u0000b"}]')
    _, report = read(path, ("name",))
    assert [(error.row, error.column) for error in report.errors] == [
        (1, "name"),
        (2, None),
        (3, "name"),
        (4, "name"),
    ]
    for bad in (
        '[{"name": "a"}',
        '[{"name": "a"} {"name": "b"}]',
        '{"name": "a"',
        "[" * 100_000,
        '{"a": NaN,}',
    ):
        path.write_text(bad)
        with pytest.raises(ReadError):
            read(path, ("name",))


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(
        st.integers(0, 2**32 - 1).map(lambda n: (4, n)), st.integers(0, 2**128 - 1).map(lambda n: (6, n))
    ),
    st.integers(0, 128),
)
def test_the_quick_bytes_of_a_prefix_are_the_librarys(address: tuple[int, int], bits: int) -> None:
    version, number = address
    network = ip_network((number, min(bits, 32 if version == 4 else 128)), strict=False)
    first, last, length, told = parse_bounds(str(network))
    mapped = network.network_address.ipv4_mapped if network.version == 6 and network.prefixlen >= 96 else None
    assert told == (4 if mapped is not None else network.version)
    assert unpacked16(first) == (mapped or network.network_address) or told == 6
    assert length == network.prefixlen - (96 if mapped is not None else 0)
    assert int.from_bytes(last, "big") - int.from_bytes(first, "big") == network.num_addresses - 1


def test_a_prefix_with_host_bits_or_two_readings_is_refused_as_ever() -> None:
    for wrong in ("192.0.2.1/24", "192.0.02.0/24", "192.0.2.0/33", "192.0.2.0/", "192.0.2", "::1/64", "a"):
        with pytest.raises(ValueError, match=r"."):
            parse_bounds(wrong)


# longitude, latitude in WGS-84 and what public implementations of GCJ-02 give for them
KNOWN = [
    ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
    ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
    ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
]


@pytest.mark.parametrize(("given_", "shown"), KNOWN)
def test_coordinates_agree_with_known_places(given_: tuple[float, float], shown: tuple[float, float]) -> None:
    assert convert(given_, Datum.WGS_84, Datum.GCJ_02) == pytest.approx(shown, abs=1e-12)
    assert convert(shown, Datum.GCJ_02, Datum.WGS_84) == pytest.approx(given_, abs=1e-10)
    assert convert(given_, Datum.CGCS2000, Datum.WGS_84) == given_


@settings(max_examples=300, deadline=None)
@given(st.floats(73, 137), st.floats(1, 55))
def test_the_way_back_is_the_way_there(longitude: float, latitude: float) -> None:
    there = convert((longitude, latitude), Datum.CGCS2000, Datum.GCJ_02)
    assert abs(there[0] - longitude) < 0.02
    back = convert(there, Datum.GCJ_02, Datum.CGCS2000)
    assert back == pytest.approx((longitude, latitude), abs=1e-9)


def test_outside_china_the_data_are_the_same() -> None:
    assert convert((2.35, 48.85), Datum.WGS_84, Datum.GCJ_02) == (2.35, 48.85)


FORMS = {
    "juniper words": (
        "2026-03-01T08:00:00Z gw RT_NAT: RT_SRC_NAT_PBA_ALLOC: Subscriber 10.0.0.2 used/maximum [1/8] "
        "blocks, allocates port block [1024-1151] from 203.0.113.1 in source pool p lsys_id: 0"
    ),
    "juniper fields": (
        '1 2026-03-01T16:00:00+08:00 gw RT_NAT - RT_SRC_NAT_PBA_ALLOC [internal-ip="10.0.0.2" block-used="1" '
        'block-port-low="1024" block-port-high="1151" reflexive-ip="203.0.113.1" nat-pool-name="p"]'
    ),
    "juniper mx": (
        "2026-03-01 08:00:00 UTC gw (FPC 1)[NAT]: JSERVICES_NAT_PORT_BLOCK_ALLOC: "
        "10.0.0.2 -> 203.0.113.1:1024-1151"
    ),
    "cisco": (
        "<134>1 2026 Mar 1 08:00:00 gw - - NAT44 - [UserbasedA - 10.0.0.2 - - 203.0.113.1 - 1024 1151 - -]"
    ),
    "h3c telecom": (
        "<134>1 Mar 1 16:00:00 10.1.1.1 Sysname - NAT444:userbasedA [17 10.0.0.2 - 203.0.113.1 - 1024 1151]"
    ),
    "h3c unicom": (
        "<134> 1 Mar 1 16:00:00 10.1.1.1 Sysname - NAT444: SessionA[17 10.0.0.2 - 203.0.113.1 - 1024 1151]"
    ),
    "huawei": (
        "<134>1 2026 Mar 01 16:00:00 68.1.1.1 test - NAT444:UserbasedA [- 10.0.0.2 - 203.0.113.1 - 1024 1151]"
    ),
    "huawei, month in full": (
        "<134> 1 2026 March 1 16:00:00 6.1.1.1 c - NAT444:UserbasedA [- 10.0.0.2 – 203.0.113.1 - 1024 1151]"
    ),
    "plain": "Mar  1 16:00:00 gw event=assign private=10.0.0.2 public=203.0.113.1 ports=1024-1151",
}


@pytest.mark.parametrize("line", FORMS.values(), ids=FORMS.keys())
def test_every_form_of_a_cgnat_log_says_the_same(line: str) -> None:
    report = Report()
    zone = "Z" if "Mar 1 08" in line else "+08:00"
    clock = LogClock(parse_zone(zone), 2026)
    ((number, block),) = read_nat_log([(1, line)], "log", clock, "gw", report, OpenBlocks())
    assert report.errors == []
    assert (number, unpacked16(block[0]), block[1:4], unpacked16(block[4])) == (
        1,
        unpacked16(parse_bounds("203.0.113.1").first),
        (1024, 1151, ""),
        unpacked16(parse_bounds("10.0.0.2").first),
    )
    assert rfc3339(block[6]) == "2026-03-01T08:00:00.000000Z"
    assert block[7] is None


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ("NAT444:userbasedA [17 10.0.0.2 - 203.0.113.1 - 1024]", "6 fields"),
        ("NAT444:userbasedA [17 10.0.0.2 - 203.0.113.1 - 1024 1151", "do not end"),
        ("NAT444:userbasedA 10.0.0.2|203.0.113.1|1024|1151", "do not end"),
        ("NAT444:userbasedW [17 10.0.0.2 - 203.0.113.1 - 1151 1024]", "ends before it begins"),
        ("NAT444:userbasedA [17 10.0.0.2 - 203.0.113.1 - 1024 70000]", "no port"),
        ("NAT444:userbasedA [17 10.0.0.256 - 203.0.113.1 - 1024 1151]", "no IPv4 or IPv6 address"),
        ("DSLITE:userbasedA [- - 2001:db8::9 203.0.113.1 - 1024 1151]", "is IPv6"),
        ("RT_NAT: RT_SRC_NAT_PBA_ALLOC: Subscriber unknown", "not where they belong"),
        ("JSERVICES_NAT_PORT_BLOCK_ALLOC: 10.0.0.2", "not where they belong"),
        ("[UserbasedA - 10.0.0.2]", "not where they belong"),
        ("event=assign private=10.0.0.2 ports=1-2", "names no 'public'"),
    ],
)
def test_a_malformed_message_is_counted_with_its_line_and_reason(message: str, why: str) -> None:
    report = Report()
    lines = [(7, f"2026-03-01T08:00:00Z gw {message}"), (8, f"2026-03-01T08:00:00Z gw {PLAIN}")]
    found = list(read_nat_log(lines, "log", LogClock(), "gw", report, OpenBlocks()))
    assert [number for number, _ in found] == [8]  # what is wrong costs nothing that is right
    ((error),) = report.errors
    assert (error.row, report.rows) == (7, 2)
    assert why in error.why


PLAIN = "event=assign private=10.0.0.2 public=203.0.113.1 ports=1024-1151"


@pytest.mark.parametrize(
    "message",
    [
        "NAT444:SessionbasedA [17 10.1.1.2 - 172.16.1.1 0 1025 -]",
        "NAT444:sessionbasedA [6 100.64.6.37 - 203.0.113.159 48558 38287 - 198.51.100.54 5222]",
        "NAT444:SessionW [6 10.22.24.13 - 203.0.113.99 53287 32075 32075]",
        "NAT444:SessionW 1514448960|1514448961|172.17.16.212|172.17.16.212|63995|172.17.19.23|80|6",
        "POLICY:Allow 6|198.51.100.162|14071|203.0.113.61|1433",
    ],
)
def test_the_log_of_a_single_session_is_passed_over_and_counted(message: str) -> None:
    report = Report()
    lines = [(1, f"<134> 1 2026 Apr 14 18:54:19 gw - - {message}")]
    assert list(read_nat_log(lines, "log", LogClock(), "gw", report, OpenBlocks())) == []
    assert (report.errors, report.rows) == ([], 0)
    assert report.notices == ["log: 1 lines are no port-block messages"]


def test_a_block_of_the_carriers_layout_is_taken_back_by_its_own_message() -> None:
    form = (
        "<134>1 2026 Mar 1 08:0{}:00 gw h3c - NAT444:userbased{} [17 10.0.0.2 VPN1 203.0.113.1 - 1024 1151]"
    )
    report = Report()
    lines = [(1, form.format(0, "A")), (2, form.format(5, "W"))]
    clock = LogClock(parse_zone("Z"))
    ((number, block),) = read_nat_log(lines, "log", clock, "gw", report, OpenBlocks())
    assert report.errors == []
    assert (number, block[3]) == (1, "VPN1")
    assert block[7] - block[6] == 5 * 60 * 10**9


def test_a_time_without_zone_or_year_is_refused_unless_one_is_given() -> None:
    report = Report()
    list(read_nat_log([(7, FORMS["plain"])], "log", LogClock(), "gw", report, OpenBlocks()))
    assert "no year" in report.errors[0].why
    report = Report()
    list(read_nat_log([(7, FORMS["plain"])], "log", LogClock(year=2026), "gw", report, OpenBlocks()))
    assert "no zone" in report.errors[0].why


def test_a_lost_release_ends_with_the_next_assignment() -> None:
    lines = [
        (n, f"2026-03-01T08:0{n}:00Z event=assign private=10.0.0.{n} public=203.0.113.1 ports=1-9")
        for n in (1, 2)
    ]
    report = Report()
    found = dict(read_nat_log(lines, "log", LogClock(), "gw", report, OpenBlocks()))
    assert found[1][7] == found[2][6]
    assert found[2][7] is None


RADIUS = """\
Sun Mar  1 08:00:00 2026
\tAcct-Status-Type = Start
\tUser-Name = "user-1"
\tFramed-IP-Address = 203.0.113.5
\tDelegated-IPv6-Prefix = 2001:db8:5::/56
\tTimestamp = 1772323200

Sun Mar  1 08:10:00 2026
\tAcct-Status-Type = Stop
\tUser-Name = "user-1"
\tFramed-IP-Address = 203.0.113.5
\tTimestamp = 1772323800

Sun Mar  1 08:11:00 2026
\tAcct-Status-Type = Interim-Update
\tUser-Name = "user-2"
\tFramed-IP-Address = 203.0.113.5
\tEvent-Timestamp = "Mar  1 2026 16:11:00 +08:00"

Sun Mar  1 08:12:00 2026
\tAcct-Status-Type = Stop
\tUser-Name = "user-9"
\tFramed-IP-Address = 203.0.113.9
\tTimestamp = 1772323920
"""


def test_radius_packets_are_leases() -> None:
    report, held = Report(), Held()
    lines = list(enumerate(RADIUS.splitlines(), start=1))
    found = list(read_radius(lines, "detail", LogClock(), "aaa", report, held))
    told = [(number, str(unpacked16(r[0])), r[2], r[4], r[7], r[8]) for number, r in found]
    second = 1_000_000_000
    assert told == [
        (8, "203.0.113.5", 32, "user-1", 1772323200 * second, 1772323800 * second),
        (1, "2001:db8:5::", 56, "user-1", 1772323200 * second, None),
        (14, "203.0.113.5", 32, "user-2", 1772352660 * second, None),
    ]
    assert [(error.row, "no packet before" in error.why) for error in report.errors] == [(20, True)]


DHCPD = """\
# comment
lease 203.0.113.7 {
  starts 0 2026/03/01 08:00:00;
  ends 0 2026/03/01 09:00:00;
  binding state active;
  hardware ethernet 02:00:00:00:00:01;
}
lease 203.0.113.7 {
  starts 0 2026/03/01 08:00:00;
  ends 0 2026/03/01 09:30:00;
  hardware ethernet 02:00:00:00:00:01;
}
lease 203.0.113.8 {
  starts 0 2026/03/01 08:00:00;
  ends never;
  option agent.circuit-id "olt1/1/7";
  hardware ethernet 02:00:00:00:00:02;
}
lease 203.0.113.9 {
  ends 0 2026/03/01 09:00:00;
}
"""


def test_dhcpd_leases_are_leases() -> None:
    report = Report()
    found = list(read_dhcpd(enumerate(DHCPD.splitlines(), start=1), "leases", "dhcp", report))
    assert [(number, r[4], r[8] is None) for number, r in found] == [
        (8, "02:00:00:00:00:01", False),
        (13, "olt1/1/7", True),
    ]
    assert [error.row for error in report.errors] == [19]


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_any_text_in_a_log_gives_errors_and_no_crash(rubbish: str) -> None:
    lines = list(enumerate((RADIUS + rubbish + DHCPD + rubbish + FORMS["cisco"]).splitlines(), start=1))
    for report in (Report(),):
        list(read_radius(lines, "x", LogClock(), "s", report, Held()))
        list(read_dhcpd(lines, "x", "s", report))
        list(read_nat_log(lines, "x", LogClock(), "s", report, OpenBlocks()))

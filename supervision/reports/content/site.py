"""The inspection sheet of a site: what is expected there, what to look for, and a form to fill in."""

from collections.abc import Iterator, Sequence

from supervision.reports.content.enterprise import coordinates
from supervision.reports.content.parts import (
    HOURS_A_YEAR,
    Issue,
    carbon,
    columns,
    computing,
    document,
    figure,
    project_columns,
    project_rows,
    unknown,
)
from supervision.reports.document import (
    Block,
    Cell,
    Column,
    Document,
    Figure,
    Heading,
    KeyFigures,
    Paragraph,
    Table,
)
from supervision.reports.known import Estimate, Hit, Known, Place, named, once, total

GRAPHICS = ("etchash", "ethash", "kawpow", "autolykos", "octopus", "progpow", "firopow", "beamhash", "cuckoo")
PROCESSORS = ("rx/", "randomx", "cn/", "cryptonight", "ghostrider", "verushash", "argon2")


def site(known: Known, place: Place, issue: Issue) -> Document:
    """Return the sheet of one site; `known` holds what concerns it and nothing else."""
    say = issue.say
    return document(
        issue,
        known,
        "site",
        say("Site inspection sheet", "现场检查表"),
        f"{place.id} {place.name}".strip(),
        _blocks(known, place, issue),
        (
            (say("Site", "场所"), f"{place.id} {place.name}".strip()),
            (say("Division", "区划"), named(known, place.division)),
            (say("Address", "地址"), place.address or "-"),
            (say("Coordinates", "坐标"), coordinates(place.longitude, place.latitude, place.datum) or "-"),
            (say("Landlord", "产权人"), place.landlord or "-"),
            (say("Meters", "电表"), issue.join(place.meters) or "-"),
        ),
    )


def expected(known: Known) -> tuple[Estimate | None, Estimate | None]:
    """Return machines and kW expected at a site: those of its projects, else those of its traffic."""
    running = [project for project in known.projects if project.running]
    machines = total(project.machines for project in running) or total(
        hit.machines for hit in once(known.hits)
    )
    return machines, total(project.kw for project in running) or total(hit.kw for hit in once(known.hits))


def _blocks(known: Known, place: Place, issue: Issue) -> Iterator[Block]:
    say = issue.say
    machines, kw = expected(known)
    yield Heading(say("What is expected", "预期情况"))
    yield KeyFigures(
        (
            (say("Machines", "机器数"), figure(machines) or unknown("")),
            (say("Power", "功率"), figure(kw, "kW", 1) or unknown("kW")),
            (say("Addresses that mine", "“挖矿”地址"), Figure(len({hit.address for hit in known.hits}))),
        ),
        say(
            "Estimated from traffic; where shares were hidden, nothing is estimated and more may stand "
            "there.",
            "由流量推算；加密流量中未见份额时无法估算，实际可能更多。",
        ),
    )
    yield carbon(issue, known.footprint, kw, HOURS_A_YEAR)
    yield _models(known, issue)
    yield Heading(say("What to look for", "检查要点"))
    for text in looked_for(known, issue):
        yield Paragraph(text)
    yield Heading(say("Where it shows in the network", "网络侧线索"))
    yield _network(known, issue)
    yield Heading(say("Projects of this site", "本场所项目"))
    yield Table(
        "projects",
        say("Projects", "项目"),
        project_columns(issue),
        project_rows(issue, known, known.projects),
        say("State as known on the as-of date.", "状态截至数据截止日。"),
    )
    yield Heading(say("To be filled in on site", "现场填写"))
    yield _form(known, place, issue)
    yield Table(
        "signatures",
        say("Signatures", "签字"),
        columns(
            say("Party", "单位"),
            *(
                Column(say(*names), blank=True)
                for names in (
                    ("Name", "姓名"),
                    ("Identification", "证件号"),
                    ("Signature and time", "签字及时间"),
                )
            ),
        ),
        [
            (say(*names), "", "", "")
            for names in (
                ("Inspector 1", "检查人员一"),
                ("Inspector 2", "检查人员二"),
                ("Grid company", "电网企业人员"),
                ("Occupier of the site", "场所负责人"),
            )
        ],
    )


def _models(known: Known, issue: Issue) -> Table:
    say = issue.say
    found: dict[str, float] = {}
    for hit in known.hits:
        for model, probability in hit.models:
            found[model] = max(found.get(model, 0.0), probability)
    rows: list[tuple[Cell, ...]] = [
        (model, Figure(probability * 100, unit="%", digits=0))
        for model, probability in sorted(found.items(), key=lambda item: (-item[1], item[0]))
    ]
    return Table(
        "models",
        say("Machines that explain what was seen", "可能机型"),
        columns(say("Model", "机型"), (say("Probability", "可能性"), "number")),
        rows,
        say(
            "Models whose hashrate fits, most probable first; the list of an address is not complete.",
            "按算力相符程度排列，单一地址的机型列表不完整。",
        ),
    )


def looked_for(known: Known, issue: Issue) -> list[str]:
    """Return what inspectors should look for, by what mines there."""
    say = issue.say
    algorithms = {name.lower() for hit in known.hits for name, _ in hit.computing}
    agents = sorted({agent for hit in known.hits for agent in hit.agents})
    found = [
        say(
            "Compare the reading and the momentary power at each meter with the power above; note current "
            "transformer ratios, and look for cables that leave before the meter or come from a power plant.",
            "将各电表读数及瞬时功率与上述功率对照，记录电流互感器变比，检查表前分接及电厂直供专线。",
        )
    ]
    if any(not algorithm.startswith((*GRAPHICS, *PROCESSORS)) for algorithm in algorithms):
        found.append(
            say(
                "Mining machines with integrated circuits: rows of metal boxes of about 40 by 20 by 30 cm "
                "with "
                "two or four fans, loud, warm air to one side; control page on port 80 of each machine; "
                "labels "
                "with model and serial number.",
                "专用矿机：成排金属机箱（约40×20×30厘米），带2或4个风扇，噪声大、单侧排热；"
                "每台机器80端口有管理页面；记录铭牌型号与序列号。",
            )
        )
    if any(algorithm.startswith(GRAPHICS) for algorithm in algorithms):
        found.append(
            say(
                "Computers with several graphics cards: open frames, risers, power supplies of 1.2 kW and "
                "more; "
                "also ordinary machines of an internet cafe or office.",
                "多显卡主机：开放式机架、显卡延长线、1.2千瓦以上电源；亦可能为网吧、办公电脑。",
            )
        )
    if any(algorithm.startswith(PROCESSORS) for algorithm in algorithms):
        found.append(
            say(
                "Programs on ordinary computers or servers: processor load without a user, tasks that "
                "start with "
                "the machine; whoever uses it may be the victim of malware.",
                "普通电脑或服务器上的程序：无人使用时处理器满载、随机自启动；使用人可能系恶意程序受害者。",
            )
        )
    if agents:
        found.append(say("Programs that named themselves: ", "流量中自报的程序：") + issue.join(agents[:8]))
    if any(hit.role == "proxy" for hit in known.hits):
        found.append(
            say(
                "A gateway speaks for many machines: look for a small computer or router with a mining "
                "proxy, and "
                "count the machines behind it.",
                "存在代理：查找运行矿池代理的小型主机或路由器，并清点其后的机器。",
            )
        )
    if any(hit.encrypted for hit in known.hits):
        found.append(
            say(
                "Part of the traffic is encrypted: expect machines beyond those counted above.",
                "部分流量已加密：实际机器数可能多于上述数量。",
            )
        )
    return found


def _network(known: Known, issue: Issue) -> Table:
    say = issue.say
    return Table(
        "network",
        say("Addresses, lines and whom they talked to", "地址、线路与通信对端"),
        columns(
            say("Address", "地址"),
            say("Line", "线路"),
            say("Role", "角色"),
            say("Last seen", "最近发现"),
            say("Computing power", "算力"),
            say("Talked to", "通信对端"),
        ),
        [_row(hit, issue) for hit in known.hits],
        say("Peers: at most four of each address.", "每个地址至多列四个对端。"),
    )


def _row(hit: Hit, issue: Issue) -> tuple[Cell, ...]:
    return (
        hit.address,
        hit.line,
        issue.role(hit.role),
        hit.last,
        computing(issue, dict(hit.computing)),
        issue.join(hit.peers[:4]),
    )


def _form(known: Known, place: Place, issue: Issue) -> Table:
    say = issue.say
    machines, kw = expected(known)
    asked: Sequence[tuple[str, Cell]] = (
        (say("Date and time of arrival", "到达日期时间"), None),
        (say("Who was met, and in which capacity", "现场人员及身份"), None),
        (say("Machines counted", "清点机器数"), figure(machines)),
        (say("of them running", "其中运行"), None),
        (say("Models and serial numbers (list attached)", "型号与序列号（附清单）"), None),
        (say("Momentary power", "瞬时功率"), figure(kw, "kW", 1)),
        *((say(f"Reading of meter {meter}", f"电表{meter}读数"), None) for meter in place.meters),
        (say("Lines and addresses found (account, operator)", "线路与地址（账号、运营商）"), len(known.hits)),
        (say("Pool, wallet, account shown on screen", "屏幕显示的矿池、钱包、账户"), None),
        (say("Lease, owner of the machines", "租赁合同、机器所有人"), None),
        (say("Seized or sealed", "扣押或查封"), None),
        (say("Photographs (numbers)", "照片（编号）"), None),
        (say("Statement of the occupier", "场所负责人陈述"), None),
    )
    return Table(
        "form",
        say("Findings", "检查记录"),
        columns(
            say("Item", "项目"),
            (say("Expected", "预期"), "number"),
            Column(say("Found", "实际"), blank=True),
            Column(say("Remark", "备注"), blank=True),
        ),
        [(item, wanted, "", "") for item, wanted in asked],
    )

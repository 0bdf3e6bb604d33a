"""Verdicts as a table for a person, in English or Chinese; wide evidence folds, nothing is cut."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from facts.evidence import Evidence
from facts.names import Level, PeerState, Role
from facts.verdict import Verdict
from minescope import how_much
from minescope.language import Lang
from pipeline.contract import Hit, Totals

if TYPE_CHECKING:
    from rich.table import Table

    from registry.attribution import Attribution

WORDS: dict[str, tuple[str, str]] = {
    "level": ("Level", "级别"),
    "address": ("Address", "地址"),
    "speaks": ("Speaks", "通信"),
    "owner": ("Enterprise and site", "企业与地点"),
    "because": ("How it is known", "依据"),
    "miner": ("miner", "矿机"),
    "proxy": ("proxy", "矿池代理"),
    "pool": ("pool", "矿池"),
    "solo_miner": ("solo miner", "独立挖矿"),
    "node": ("node", "节点"),
    "wallet": ("wallet", "轻钱包"),
    "prober": ("prober", "探测者"),
    "confirmed": ("confirmed", "确认"),
    "likely": ("likely", "很可能"),
    "suspected": ("suspected", "疑似"),
    "cleared": ("cleared", "排除"),
    "unregistered": ("not in the registry", "登记库中无此地址"),
    "perhaps": ("perhaps, {missing} missing:", "可能是（缺少：{missing}）："),
    "one_of": ("one of {count}: {missing} missing", "{count} 个候选之一，缺少：{missing}"),
    "to": ("to", "对端"),
    "more": ("and {count} more", "另有 {count} 个"),
    "frame": ("frame", "帧"),
    "nothing": ("no mining found", "未发现挖矿"),
    "also": ("also seen", "另见"),
    "counts": (
        "{files} files, {packets} packets = {parsed} parsed + {skipped} skipped, {bytes} bytes, "
        "{flows} flows, {tagged} inspected; {seconds} s, {rate} packets/s",
        "{files} 个文件，{packets} 个报文 = 已解析 {parsed} + 跳过 {skipped}，{bytes} 字节，{flows} 条流，"
        "深入检查 {tagged} 条；{seconds} 秒，每秒 {rate} 个报文",
    ),
    "skipped": ("skipped", "跳过"),
    "damage": ("damaged places", "损坏处"),
    "released": ("inspected no further", "停止深入检查"),
}
"""Every word of the table: (English, Simplified Chinese)."""

_STYLE = {Level.CONFIRMED: "bold red", Level.LIKELY: "yellow", Level.SUSPECTED: "cyan", Level.CLEARED: "dim"}
_ADDRESS_WHOLE = 20
"""Letters up to which an address stands on one line, however narrow the table; longer ones may fold."""
_PEERS_SHOWN = 2
_SENTENCES_SHOWN = 1


def word(key: str, lang: Lang) -> str:
    """Return one word of the table."""
    return WORDS[key][1 if lang is Lang.ZH else 0]


def verdict_table(hits: Sequence[Hit], sentence: Callable[[Evidence], str], lang: Lang) -> "Table":
    """Return a table of hits in the order given."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    owned = any(hit.attribution for hit in hits)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=True)
    table.add_column(word("level", lang), no_wrap=True)
    longest = max((len(str(hit.verdict.address)) for hit in hits), default=0)
    table.add_column(word("address", lang), overflow="fold", width=min(max(longest, 15), _ADDRESS_WHOLE))
    table.add_column(word("speaks", lang), overflow="fold", ratio=7)
    if owned:
        table.add_column(word("owner", lang), overflow="fold", ratio=10)
    table.add_column(word("because", lang), overflow="fold", ratio=9)
    for hit in hits:
        verdict = hit.verdict
        level = Text(f"{word(verdict.level, lang)}\n{word(verdict.role, lang)} {verdict.score:.1%}")
        level.stylize(_STYLE[verdict.level])
        cells = [level, Text(str(verdict.address)), Text(_speaks(verdict, lang))]
        if owned:
            cells.append(Text(_owner(hit.attribution, lang)))
        table.add_row(*cells, Text(_because(verdict, sentence, lang)))
    return table


def others_line(hits: Sequence[Hit], lang: Lang) -> str:
    """Return one line that counts, by role, hits that a table left out; empty where there are none."""
    counts = Counter(hit.verdict.role for hit in hits)
    named = [f"{word(role, lang)} {counts[role]:,}" for role in Role if counts[role]]
    return f"{word('also', lang)}: {', '.join(named)} (--all)" if named else ""


def _speaks(verdict: Verdict, lang: Lang) -> str:
    what = ", ".join(verdict.protocols)
    coins = [*verdict.coins, *(name for name in verdict.algorithms if name not in verdict.coins)]
    if coins:
        what += f" ({', '.join(coins)})"
    peers = [peer for peer in verdict.peers if peer.state is PeerState.EXCHANGE] or list(verdict.peers)
    lines = [what]
    lines += [f"{word('to', lang)} {peer.address} :{peer.port}" for peer in peers[:_PEERS_SHOWN]]
    if (left := len(peers) - _PEERS_SHOWN) > 0:
        lines.append(word("more", lang).format(count=f"{left:,}"))
    lines += verdict.pools[:_PEERS_SHOWN]
    lines += how_much.lines(verdict, lang)
    return "\n".join(line for line in lines if line)


def _owner(attribution: "Attribution | None", lang: Lang) -> str:
    if attribution is None:
        return ""
    if attribution.certain:
        from registry.division_table import in_force  # read only where somebody is named

        place = in_force().placed(attribution.division, attribution.address)
        point = ""
        if attribution.longitude is not None and attribution.latitude is not None:
            point = f"({attribution.longitude:.4f}, {attribution.latitude:.4f} {attribution.datum})"
        who = " ".join(part for part in (attribution.enterprise, attribution.uscc) if part)
        return "\n".join(part for part in (who, place, point) if part)
    if not attribution.candidates:
        return word("unregistered", lang)
    from registry.answers import missing_words

    missing = missing_words(attribution.missing, lang.value)
    count = len(attribution.candidates)
    first = word("one_of" if count > 1 else "perhaps", lang).format(count=count, missing=missing)
    return "\n".join([first, *(candidate.enterprise for candidate in attribution.candidates[:_PEERS_SHOWN])])


def _because(verdict: Verdict, sentence: Callable[[Evidence], str], lang: Lang) -> str:
    lines = []
    for weighed in verdict.evidence[:_SENTENCES_SHOWN]:
        where = weighed.evidence.where
        place = where.source if where.frame is None else f"{where.source} {word('frame', lang)} {where.frame}"
        lines.append(f"{sentence(weighed.evidence)} [{place}]")
    return "\n".join(lines)


def summary_lines(totals: Totals, lang: Lang) -> list[str]:
    """Return the counts of a run as lines that add up."""
    counts = totals.counts
    rate = counts.packets / totals.seconds if totals.seconds > 0 else 0.0
    skipped = sum(counts.skipped.values())
    lines = [
        word("counts", lang).format(
            files=f"{totals.files:,}",
            packets=f"{counts.packets:,}",
            parsed=f"{counts.parsed:,}",
            skipped=f"{skipped:,}",
            bytes=f"{counts.bytes:,}",
            flows=f"{counts.flows:,}",
            tagged=f"{counts.tagged_flows:,}",
            seconds=f"{totals.seconds:.1f}",
            rate=f"{rate:,.0f}",
        )
    ]
    for key, reasons in (
        ("skipped", counts.skipped),
        ("damage", counts.damage),
        ("released", counts.released),
    ):
        if reasons:
            named = ", ".join(
                f"{reason} {count:,}" for reason, count in sorted(reasons.items(), key=lambda r: -r[1])
            )
            lines.append(f"{word(key, lang)}: {named}")
    return lines

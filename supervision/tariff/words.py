"""The words of the differential price in English and Chinese, by the value that programs read."""

from collections.abc import Mapping

from store.tariff import StoredMining

STATES: Mapping[str, tuple[str, str]] = {
    "proposed": ("proposed", "待确认"),
    "confirmed": ("confirmed", "已确认"),
    "rejected": ("rejected", "已排除"),
    "withdrawn": ("withdrawn", "已撤销"),
}
KINDS: Mapping[str, tuple[str, str]] = {
    "charge": ("charge", "加价"),
    "reversal": ("reversal", "冲销"),
}
REASONS: Mapping[str, tuple[str, str]] = {
    "no-rate": ("the rule has no rate", "依据文件未载明加价标准"),
    "start-unknown": ("nobody knows since when it mines", "挖矿起始日期不明"),
    "not-told": ("the user was not told yet", "尚未告知用户"),
    "no-rule": ("no rule covers these days", "该期间无适用规则"),
}
"""Why days were not billed."""
_SEEN = (
    "{count} addresses confirmed mining on lines of its enterprise there",
    "该企业在此处的线路上有 {count} 个地址确认挖矿",
)
_SEVERAL = (
    "; the site has {accounts} accounts of it, and traffic does not tell them apart",
    "；该场所有其 {accounts} 个户号，流量无法区分",
)


def word(words: Mapping[str, tuple[str, str]], key: str, lang: str) -> str:
    """Return a word in a language, `en` or `zh`; the value itself where there is none for it."""
    return words.get(key, (key, key))[lang == "zh"]


def seen_text(addresses: int, accounts: int, lang: str = "en") -> str:
    """Return why traffic proposes a mining period."""
    zh = lang == "zh"
    text = _SEEN[zh].format(count=addresses)
    return text + (_SEVERAL[zh].format(accounts=accounts) if accounts > 1 else "")


def because_text(kept: StoredMining, lang: str) -> str:
    """Return why a mining period is held: a person's words as they are, a proposal's in a language."""
    evidence = kept.evidence if isinstance(kept.evidence, dict) else {}
    said = evidence.get("seen")
    if kept.state != "proposed" or not isinstance(said, dict):
        return kept.because
    return seen_text(int(said["addresses"]), int(said["accounts"]), lang)

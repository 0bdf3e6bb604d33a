"""Victims of malware campaigns: their machines mine for somebody else, so they are nobody's farm.

They are told apart wherever mining is counted against who holds a line: proposals, billing, the screening,
warnings. A person looks before one of them is treated as its enterprise's own mining.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from classifier.ownership_suspect import Grade, Suspicion
from classifier.ownership_words import Mask, plain, reason_words
from facts.endpoint import Address
from pipeline.campaigns import NOTHING, suspected
from pipeline.services import Services
from store.verdicts import StoredVerdict

if TYPE_CHECKING:
    from supervision.projects.sightings import Sighting

Json = dict[str, Any]
TITLES = (("address", "地址"), ("enterprise", "企业"), ("site", "场所"), ("why a victim", "受害者判定依据"))
"""Of victims as rows."""
GRADES = {
    Grade.CAMPAIGN: ("victim of a campaign, not billed", "恶意挖矿活动受害者，不计加价"),
    Grade.SUSPECTED: (
        "probably a victim of a campaign, not billed until a person decides",
        "疑似恶意挖矿活动受害者，待人工确认前不计加价",
    ),
}
"""What is said of a victim, (English, Chinese), by how sure it is."""
_REASONS = 3


def among(services: Services, verdicts: Sequence[StoredVerdict]) -> dict[Address, Suspicion]:
    """Return those addresses of verdicts that are probably a campaign's victims, with how sure that is."""
    addresses = {one.verdict.address for one in verdicts if one.cluster is not None}
    found = suspected(services.database, addresses) if addresses else {}
    return {address: one for address, one in found.items() if one.is_victim}


def victim_text(found: Suspicion, lang: str, mask: Mask = plain) -> str:
    """Return what is said of a victim, with the heaviest reasons: "victim of a campaign, not billed: ..."."""
    speaks: Literal["en", "zh"] = "zh" if lang == "zh" else "en"
    zh = speaks == "zh"
    words = GRADES.get(found.kind, GRADES[Grade.SUSPECTED])[zh]
    reasons = [reason_words(one, speaks, mask).rstrip("。.") for one in found.reasons[:_REASONS]]
    return words + ("：" if zh else ": ") + ("；" if zh else "; ").join(reasons) if reasons else words


def sighted(one: "Sighting", lang: str, mask: Mask = plain) -> Json:
    """Return a victim among sightings as it is answered; the probability is that of a campaign."""
    found, held = one.victim or NOTHING, one.held
    return {
        "address": str(one.verdict.address),
        "uscc": held.uscc or "",
        "site": held.site or "",
        "division": held.division or "",
        "grade": found.kind.value,
        "probability": round(found.probability, 4),
        "cluster": found.cluster,
        "evidence": [one.evidence],
        "because": victim_text(found, lang, mask),
    }

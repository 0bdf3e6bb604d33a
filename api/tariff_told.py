"""How the routes of the differential price tell mining periods, and which division a run is held to."""

from typing import Any

from api.access.view import View
from api.language import Lang
from registry.division_table import WHOLE_COUNTRY
from store.tariff import StoredMining
from supervision.tariff import answers
from supervision.tariff.words import because_text


def mining_told(kept: StoredMining, view: View, lang: Lang) -> dict[str, Any]:
    """Return a mining period as an account sees it, a proposal's reason in the language asked."""
    told = answers.mining_json(kept) | {"because": because_text(kept, lang)}
    evidence = kept.evidence if isinstance(kept.evidence, dict) else {}
    told["evidence"] = {
        "source": evidence.get("source", ""),
        "verdicts": evidence.get("verdicts", []),
        "addresses": [view.address(one) for one in evidence.get("addresses", [])],
        "lines": evidence.get("lines", []),
    }
    return told


def right_of(region: str) -> str | None:
    """Return the division that rows are held to; None for the whole country."""
    return None if region == WHOLE_COUNTRY else region

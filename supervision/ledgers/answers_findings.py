"""Findings of the screening as JSON objects and as rows, for both doors."""

from collections.abc import Mapping
from typing import Any

from store.ledgers_screening import KeptFinding
from supervision.ledgers.answers import Json, Veil
from supervision.ledgers.screened import shared_of
from supervision.ledgers.words import Language, tie_words, word


def finding_json(found: KeptFinding, veil: Veil, lang: Language) -> Json:
    """Return a finding with its way in words; enterprises that may not be named are null."""
    record = found.record
    seen = {code: veil.sees(one["divisions"]) for code, one in record["enterprises"].items()}
    seen[found.uscc] = True

    def enterprise(code: str) -> Json | None:
        if not seen.get(code):
            return None
        return {"uscc": code, "name": record["enterprises"][code]["name"] or None}

    seed = record["seed"]
    named = seen.get(seed["uscc"], False)
    says = word("sort", found.sort, lang)
    return {
        "uscc": found.uscc,
        "name": record["name"] or None,
        "division": found.division,
        "sort": found.sort,
        "level": found.level,
        "score": found.score,
        "says": f"{says} ({word('level', found.level, lang)}, {found.score:.2f})",
        "participations": [_participation(one, lang) for one in record["participations"]],
        "mining": {
            "enterprise": enterprise(seed["uscc"]),
            "probability": seed["probability"],
            "listed": seed["listed"],
            "since": seed["since"],
            "because": seed["because"] if named or seed["listed"] else None,
        },
        "steps": [_step(step, seen, enterprise, veil, lang) for step in record["steps"]],
    }


FINDING_ROW = (
    "uscc", "name", "division", "sort", "level", "score", "says", "mining", "because", "exchanges",
    "leave_by", "overdue_days", "rule",
)  # fmt: skip
"""Columns of findings as a file."""


def finding_row(told: Json) -> list[Any]:
    """Return what `finding_json` made as a row of FINDING_ROW."""
    mining = told["mining"]["enterprise"]
    own = told["participations"]
    days = [one["leaving"]["leave_by"] for one in own if one["leaving"]["leave_by"]]
    return [
        *(told[name] for name in FINDING_ROW[:7]),
        None if mining is None else mining["name"] or mining["uscc"],
        [tie["because"] for step in told["steps"] for tie in step["ties"] if not tie["hub"]],
        [f"{one['exchange']} {one['participant']}" for one in own],
        min(days, default=None),
        max((one["leaving"]["overdue_days"] for one in own), default=0),
        sorted({one["leaving"]["rule"] for one in own if one["leaving"]["rule"]}),
    ]


def _participation(one: Mapping[str, Any], lang: Language) -> Json:
    by = one["leaving"]
    says = word(
        "basis", by["basis"], lang, leave_by=by["leave_by"] or "", rule=by["document"] or by["rule"] or ""
    )
    words = [word("consequence", key, lang) for key in by["consequences"]]
    return {**one, "leaving": {**by, "says": says, "consequences_say": words}}


def _step(
    step: Mapping[str, Any], seen: Mapping[str, bool], enterprise: Any, veil: Veil, lang: Language
) -> Json:
    own = seen.get(step["from"], False) or seen.get(step["to"], False)

    def hidden(kind: str, name: str) -> str:
        """Return a name as shown: what two foreign enterprises share, and foreign codes, are not."""
        return veil.name(kind, name) if own and seen.get(name, True) else "…"

    return {
        "from": enterprise(step["from"]),
        "to": enterprise(step["to"]),
        "probability": step["probability"],
        "ties": [
            {
                "kind": tie["kind"],
                "name": hidden(tie["kind"], tie["name"]),
                "sharers": tie["sharers"],
                "weight": tie["weight"],
                "hub": tie["hub"],
                "because": tie_words(shared_of(tie), lang, hidden),
            }
            for tie in step["ties"]
        ],
    }

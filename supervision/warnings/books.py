"""Signals of the ledgers: what their alarms say, once a fact, in both languages."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from supervision.ledgers.alarms import Alarm
from supervision.ledgers.words import alarm_words
from supervision.warnings.gather import PLACELESS
from supervision.warnings.signals import Signal

GRADES = {"low": 1.0, "medium": 2.0, "high": 3.0}
"""Severity of an alarm as a figure, which rules hold against bounds."""
SCREENED = frozenset({"market.attached", "market.unlisted-miner"})
"""Alarms that the screening itself is warned of by (`market`)."""
SUPPORTED = "support.after-listing"


def alarming(alarms: Iterable[Alarm], now: datetime) -> Iterator[Signal]:
    """Yield a signal for each alarm that nothing else warns of; new support has its own kind."""
    for one in alarms:
        if one.kind in SCREENED:
            continue
        params = dict(one.params)
        evidence = (f"ledger:{one.kind}/{one.uscc}/{one.key}",)
        division = one.division or PLACELESS
        name = params.get("name", "")
        if one.kind == SUPPORTED:
            texts = {"uscc": one.uscc, "enterprise": name, "record": one.key}
            yield Signal("support", division, now, texts, {"cny": float(params["amount"])}, evidence)
            continue
        texts = {
            "alarm": one.kind,
            "book": one.kind.partition(".")[0],
            "uscc": one.uscc,
            "enterprise": name,
            "about": one.key,
            "says_en": alarm_words(one, "en"),
            "says_zh": alarm_words(one, "zh"),
        }
        yield Signal("ledger", division, now, texts, {"grade": GRADES[one.severity]}, evidence)

"""A verdict's line is what an encoder makes of its object, letter by letter."""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.ownership_model import Belonging
from classifier.phrases import render
from facts.evidence import Evidence
from facts.verdict import Weighed
from facts.where import Where
from pipeline.contract import Hit, verdict_json
from pipeline.contract_text import verdict_line
from pipeline.scan import Scan
from registry.attribution import Attribution

SAMPLES = Path(__file__).parents[2] / "pcaps"
words = st.lists(st.text(max_size=6), max_size=3).map(tuple)


def chinese(evidence: Evidence) -> str:
    return render(evidence, "zh")


def of_encoder(hit: Hit) -> str:
    return json.dumps(verdict_json(hit, chinese), ensure_ascii=False, separators=(",", ":"))


@cache
def hits() -> Sequence[Hit]:
    found = [one for one in Scan([str(SAMPLES)]) if isinstance(one, Hit)]
    assert len(found) > 100
    assert any(one.verdict.power for one in found)
    assert any(one.cluster for one in found)
    return found


def test_every_verdict_of_the_samples() -> None:
    for hit in hits():
        assert verdict_line(hit, chinese) == of_encoder(hit)
        owned = replace(hit, attribution=Attribution(certain=False, missing=("port",)))
        assert verdict_line(owned, chinese) == of_encoder(owned)


@settings(deadline=None)
@given(
    st.integers(0, 100), words, st.text(max_size=6), st.none() | st.integers(1, 9),
    st.floats(allow_nan=False, allow_infinity=False), st.floats(0, 1), st.booleans(),
)  # fmt: skip
def test_whatever_stands_in_it(
    place: int,
    some: tuple[str, ...],
    source: str,
    number: int | None,
    weight: float,
    score: float,
    dark: bool,
) -> None:
    verdict = hits()[place].verdict
    evidence = tuple(
        Weighed(replace(one.evidence, where=Where(source, number), kind=source, at_ns=-5), weight)
        for one in verdict.evidence
    )
    peers = tuple(replace(one, role=None, protocol=source) for one in verdict.peers)
    odd = replace(
        verdict, source=source, evidence=evidence, peers=peers, score=score, encrypted=dark, workers=number,
        protocols=some, coins=some, algorithms=some, agents=some, wallets=some, pools=some, rigs=some,
    )  # fmt: skip
    cluster: Belonging | None = hits()[place].cluster
    assert verdict_line(Hit(odd, None, cluster), chinese) == of_encoder(Hit(odd, None, cluster))

import ast
import re
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from string import Formatter

import pytest

from classifier.kinds import Kind
from classifier.phrases import phrases, render
from classifier.weights import shipped
from facts.evidence import Evidence
from facts.names import Role
from facts.where import Where
from tests.classifier.scenes import book
from tests.classifier.test_verdicts import SCENES

ROOT = Path(__file__).parents[2]


def _evidence(kind: str, **params: str | int) -> Evidence:
    told = tuple(sorted(params.items()))
    return Evidence(ip_address("192.0.2.1"), Role.MINER, kind, Where("x.pcap", 1), 0, told)


def _parameters(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_kind_has_a_weight_two_phrases_and_a_line_in_the_documentation() -> None:
    kinds = {str(kind) for kind in Kind}
    assert set(shipped().kinds) == kinds
    assert set(phrases()) == kinds | {"repeated"}
    page = (ROOT / "docs" / "verdicts.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([a-z]+\.[a-z_]+)` \|", page, re.MULTILINE)) == kinds


def test_the_documentation_states_the_shipped_weights() -> None:
    page = (ROOT / "docs" / "verdicts.md").read_text(encoding="utf-8")
    stated = dict(re.findall(r"^\| `([a-z]+\.[a-z_]+)` \| (-?[0-9.]+) \|", page, re.MULTILINE))
    assert {kind: float(nats) for kind, nats in stated.items()} == {
        kind: weight.nats for kind, weight in shipped().kinds.items()
    }


def test_every_kind_is_stated_by_a_witness() -> None:
    used = set()
    for path in (ROOT / "classifier").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "from classifier.kinds import" in text:  # other files have kinds of other things
            for node in ast.walk(ast.parse(text)):
                if (
                    isinstance(node, ast.Attribute)
                    and isinstance(node.value, ast.Name)
                    and node.value.id == "Kind"
                ):
                    used.add(node.attr)
    assert used == {kind.name for kind in Kind}


@pytest.mark.parametrize("kind", sorted(Kind))
def test_both_languages_say_the_same_things(kind: str) -> None:
    english, chinese = phrases()[kind]["en"], phrases()[kind]["zh"]
    assert _parameters(english) == _parameters(chinese)
    assert re.search("[\u4e00-\u9fff]", chinese)
    assert english.isascii()


def test_all_evidence_of_the_scenes_renders_in_both_languages() -> None:
    for verdict in book(*SCENES).verdicts():
        for one in verdict.evidence:
            for lang in ("en", "zh"):
                assert "{" not in render(one.evidence, lang)  # type: ignore[arg-type]


def test_repetition_is_told() -> None:
    one = replace(_evidence("miner.submit", peer="198.51.100.1:3333"), count=12)
    assert render(one).endswith("(12 times in all)")
    assert render(one, "zh").endswith("（累计 12 次）")


def test_words_from_the_wire_cannot_break_a_line_or_the_phrase() -> None:
    one = _evidence("miner.subscribe", peer="198.51.100.1:3333", message="a\n\x1b[31m{peer}")
    assert "\n" not in render(one)
    assert "\x1b" not in render(one)
    assert "{peer}" in render(one)


def test_no_sentence_holds_a_wallet_or_an_account() -> None:
    for verdict in book(*SCENES).verdicts():
        for one in verdict.evidence:
            assert all(wallet not in render(one.evidence) for wallet in verdict.wallets)

"""A verdict's object of the output contract as a line of text, for runs that write thousands of them.

It is what a JSON encoder makes of `verdict_json`, letter by letter, as a test holds it to; made without the
dictionaries in between it costs half. What few verdicts have, their quantities and owners, is encoded.
Addresses and words stand with `!s`, which spares them formatting of their own.
"""

import json
from collections.abc import Iterable
from functools import lru_cache
from json.encoder import encode_basestring as quoted

from facts.instant import rfc3339
from facts.verdict import Peer, Weighed
from pipeline.contract import SCORE_DIGITS, WEIGHT_DIGITS, Hit, Sentence, cluster_json
from pipeline.contract_quantities import quantities_json

encoded = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode
"""Nothing that the contract makes holds itself: that need not be looked for."""
_NO_QUANTITIES = '"hashrate":[],"rigs":[],"machines":null,"power_kw":null,"energy_kwh":null'


def verdict_line(hit: Hit, sentence: Sentence) -> str:
    """Return a `verdict` object as JSON without a line's end; `sentence` renders evidence in the language
    asked for."""
    verdict = hit.verdict
    much = _NO_QUANTITIES
    if verdict.hashrate or verdict.rigs or verdict.machines or verdict.power:
        much = encoded(quantities_json(verdict))[1:-1]
    source = quoted(verdict.source)
    return (
        f'{{"type":"verdict","source":{source},"address":"{verdict.address!s}","role":"{verdict.role!s}",'
        f'"level":"{verdict.level!s}","score":{round(verdict.score, SCORE_DIGITS)!r},'
        f'"protocols":{_words(verdict.protocols)},"coins":{_words(verdict.coins)},'
        f'"algorithms":{_words(verdict.algorithms)},"encrypted":{"true" if verdict.encrypted else "false"},'
        f'"peers":[{",".join([_peer(peer) for peer in verdict.peers])}],'
        f'"first_seen":"{rfc3339(verdict.first_seen_ns)}","last_seen":"{rfc3339(verdict.last_seen_ns)}",'
        f'"agents":{_words(verdict.agents)},"wallets":{_words(verdict.wallets)},'
        f'"workers":{_number(verdict.workers)},"pools":{_words(verdict.pools)},{much},'
        f'"evidence":[{",".join([_evidence(one, sentence) for one in verdict.evidence])}],'
        f'"attribution":{encoded(hit.attribution.to_json()) if hit.attribution else "null"},'
        f'"cluster":{encoded(cluster_json(hit.cluster)) if hit.cluster else "null"}}}'
    )


def _peer(peer: Peer) -> str:
    role = f'"{peer.role!s}"' if peer.role else "null"
    return (
        f'{{"address":"{peer.address!s}","port":{peer.port},"role":{role},'
        f'"protocol":{_word(peer.protocol)},"state":"{peer.state!s}"}}'
    )


def _evidence(weighed: Weighed, sentence: Sentence) -> str:
    one = weighed.evidence
    return (
        f'{{"kind":{_word(one.kind)},"because":{quoted(sentence(one))},"source":{_word(one.where.source)},'
        f'"frame":{_number(one.where.frame)},"time":"{rfc3339(one.at_ns)}",'
        f'"weight":{round(weighed.weight, WEIGHT_DIGITS)!r},"count":{one.count}}}'
    )


def _words(words: Iterable[str]) -> str:
    return f"[{','.join(map(quoted, words))}]" if words else "[]"


_word = lru_cache(1024)(quoted)
"""Kinds, protocols and sources are few."""


def _number(value: int | None) -> str:
    return "null" if value is None else str(value)

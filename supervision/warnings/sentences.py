"""The sentence of a warning: what its rule says, with the words of its language in the place of values."""

from collections.abc import Mapping

from registry.answers import missing_words
from supervision.exits.words import RELAPSES
from supervision.projects.words import STEPS, said
from supervision.warnings.rules import Rule, sentence


def worded(rule: Rule, texts: Mapping[str, str], figures: Mapping[str, float], lang: str) -> str:
    """Return what a rule says of a signal, in a language, `en` or `zh`."""
    words = dict(texts)
    if "step" in words:
        words["step"] = said(STEPS, words["step"], lang)
    if "relapse" in words:
        words["relapse"] = said(RELAPSES, words["relapse"], lang)
    if "missing" in words:
        words["missing"] = missing_words(words["missing"].split(", "), lang)
    return sentence(rule.zh if lang == "zh" else rule.en, words, figures)

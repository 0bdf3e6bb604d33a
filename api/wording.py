"""Sentences of evidence in the language of the request."""

from collections.abc import Callable

from api.language import Lang
from classifier.phrases import render
from facts.evidence import Evidence


def wording(lang: Lang) -> Callable[[Evidence], str]:
    """Return the renderer of a language."""
    return lambda evidence: render(evidence, lang)

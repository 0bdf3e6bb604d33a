"""From the claims of an identity to what it may do: the rules of the settings, and nothing by itself."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.access_settings import Rule
from registry.divisions import fault as division_fault
from store.access_rules import WHOLE_COUNTRY, lies_in
from store.identities import Rights


def rights_of(claims: Mapping[str, Any], rules: Sequence[Rule]) -> Rights | None:
    """Return what the first rule gives that holds; None where none does.

    A rule whose `division_claim` is missing, is no division, or lies outside of the rule's own one does not
    hold.
    """
    for rule in rules:
        if not all(_has(claims.get(name), value) for name, value in rule.claims.items()):
            continue
        division = rule.division
        if rule.division_claim is not None:
            told = claims.get(rule.division_claim)
            if not isinstance(told, str) or not _is_within(told, rule.division):
                continue
            division = told
        return Rights(rule.role, division, rule.department)
    return None


def _has(told: object, wanted: str) -> bool:
    if isinstance(told, list):
        return any(isinstance(one, str) and one == wanted for one in told)
    return isinstance(told, str) and told == wanted


def _is_within(division: str, whole: str) -> bool:
    if division == WHOLE_COUNTRY:
        return whole == WHOLE_COUNTRY
    return division_fault(division) is None and lies_in(division, whole)

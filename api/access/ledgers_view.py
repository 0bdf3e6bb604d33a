"""What an account sees of ledgers: persons blanked, wallets and accounts by their ends, foreign names not."""

from collections.abc import Iterable

from api.access.view import BLANK, View, short
from pipeline.services import Services
from store.access import Account
from store.access_rules import WHOLE_COUNTRY, Permission, lies_in
from supervision.ledgers.answers import PERSONS, SECRETS


class LedgerView:
    """One account's veil over ledgers."""

    def __init__(self, services: Services, account: Account) -> None:
        self._view = View(services, account)
        self._division = account.division
        self._unmasked = Permission.PERSONAL in account.may

    def name(self, kind: str, name: str) -> str:
        """Return a name of a kind as it may be shown."""
        if self._unmasked:
            return name
        if kind in PERSONS:
            return BLANK
        return short(name) if kind in SECRETS else self._view.text(name)

    def text(self, text: str) -> str:
        """Return a free text as it may be shown."""
        return self._view.text(text)

    def sees(self, divisions: Iterable[str]) -> bool:
        """Say whether an enterprise known in these divisions may be named."""
        return self._division == WHOLE_COUNTRY or any(lies_in(one, self._division) for one in divisions)

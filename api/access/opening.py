"""Opening the gate of a running API over its services."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from api.access.gate import RATE, Gate, Mode
from api.oidc.provider import Provider
from api.oidc.sign_on import SignOn
from pipeline.access_settings import KEY_FILE, OidcSettings
from pipeline.services import Services
from store.access import AccessStore
from store.access_vault import Vault
from store.audit import AuditStore
from store.audit_writer import AuditWriter
from store.identities import IdentityStore
from store.row_security import lock_rows


@contextmanager
def opened_gate(
    services: Services,
    mode: Mode,
    clock: Callable[[], int],
    rate: str = RATE,
    *,
    durable: bool = True,
    key_file: Path | None = None,
) -> Iterator[Gate]:
    """Give the gate; the services' database is held to the region of who asks, the audit ended at the end.

    `durable`: an answer leaves once its entry is on the disk, not only in the database. `key_file` holds the
    key of the second factors; None takes the one in the home folder. Those that lie in clear are sealed.
    """
    lock_rows(services.database)
    audit = AuditStore(services.database, durable=durable)
    with AuditWriter(audit) as writer:
        access = AccessStore(services.database, clock, Vault(key_file or services.home / KEY_FILE))
        access.seal_again()
        gate = Gate(access, audit, writer, mode, clock, rate)
        yield gate
        gate.refusals.write()


def at_provider(settings: OidcSettings, services: Services, clock: Callable[[], int]) -> SignOn:
    """Return how people log in at an OpenID provider. Raises SettingsError without its packages."""
    return SignOn(Provider(settings, clock), IdentityStore(services.database, clock))

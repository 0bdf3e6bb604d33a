"""What the commands of projects, exits, warnings and cases share: the opened store, days, trail, lines."""

import json
import sys
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from minescope.language import Lang, chosen

if TYPE_CHECKING:
    from pipeline.services import Services
    from supervision.projects.opening import By
    from supervision.warnings.acts import Actor

AsJson = Annotated[bool, typer.Option("--json", help="Write one JSON object a line.")]
Language = Annotated[
    Lang | None, typer.Option(help="Language of sentences: en or zh. Default: from LANG.", show_default=False)
]
Region = Annotated[str, typer.Option(help="Division code (GB/T 2260): only what lies in it.")]
AsOf = Annotated[
    str | None, typer.Option(help="Day that is spoken of, in China. Default: today.", show_default=False)
]
Known = Annotated[
    str | None,
    typer.Option(help="As known by the end of this day. Default: as known now.", show_default=False),
]
Purpose = Annotated[str, typer.Option(help="Why you ask: wanted where there are accounts.")]
Dept = Annotated[str, typer.Option("--department", help="Department that you act for.")]
Note = Annotated[str, typer.Option(help="What was done, or why.")]
COUNTRY = "000000"


@dataclass(frozen=True, slots=True)
class Desk:
    """The opened store and the moment of the command."""

    services: "Services"
    now_ns: int
    lang: str

    @property
    def now(self) -> datetime:
        """The moment."""
        from facts.instant import instant

        return instant(self.now_ns)

    @property
    def today(self) -> date:
        """The day in China."""
        from supervision.projects.events import day_in_china

        return day_in_china(self.now)

    def when(self, as_of: str | None, known: str | None) -> tuple[date, datetime]:
        """Return the day that is spoken of, and as known at what time. Raises UsageError."""
        from supervision.projects.inventory import end_of

        day = self.today if as_of is None else read_day(as_of, "--as-of")
        return day, self.now if known is None else end_of(read_day(known, "--known"))

    def by(self, department: str) -> "By":
        """Return who enters something."""
        from minescope.trail import terminal
        from supervision.projects.opening import By

        return By(terminal(), checked_department(department), self.now)

    def actor(self, department: str) -> "Actor":
        """Return who acts: whoever may use the terminal may do everything."""
        from minescope.trail import terminal
        from supervision.warnings.acts import Actor

        return Actor(terminal(), "supervisor", COUNTRY, checked_department(department), everything=True)

    def changed(self, action: str, what: str) -> None:
        """Keep in the audit what was changed."""
        from minescope.trail import terminal
        from store.audit import AuditStore
        from store.audit_chain import Entry

        entry = Entry(self.now_ns, terminal(), "", "", "", action, what[:2000], "administration", 0)
        AuditStore(self.services.database).append([entry])


@contextmanager
def desk(lang: Lang | None, asked: str | None = None, purpose: str = "") -> Iterator[Desk]:
    """Open the store; `asked` is what the audit keeps of a question. Raises StoreError, UsageError."""
    from facts.errors import NotHeldError, UsageError
    from minescope.trail import Trail
    from pipeline.services import build_services
    from pipeline.settings import load_settings
    from supervision.refusals import Refused, Unknown

    with build_services(load_settings()) as services:
        if asked is not None:
            Trail(services.database, purpose).keep_named(asked.partition(" ")[0], asked)
        now_ns = time.time_ns()  # a door's clock
        language = "zh" if chosen(lang) is Lang.ZH else "en"
        try:
            yield Desk(services, now_ns, language)
        except Unknown as error:
            raise NotHeldError(error.told(language)) from error
        except Refused as error:
            raise UsageError(error.told(language)) from error


def read_day(text: str, option: str) -> date:
    """Read a day. Raises UsageError."""
    from facts.errors import UsageError

    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option}: a day such as 2026-11-30, not {text!r}") from None


def one_of(value: str, allowed: Collection[str], option: str) -> str:
    """Return a word of a closed list. Raises UsageError that names the list.

    A filter by a word that cannot be would answer with nothing, as if nothing were there.
    """
    from facts.errors import UsageError

    if value not in allowed:
        raise UsageError(f"{option}: {value!r} is none of {', '.join(allowed)}")
    return value


def checked_department(name: str) -> str:
    """Return a department's word. Raises UsageError for another one."""
    from store.access_rules import Department

    return one_of(name, [one.value for one in Department], "--department")


def checked_region(code: str, option: str = "--region") -> str:
    """Return a division code. Raises UsageError for what is none."""
    from facts.errors import UsageError
    from registry import divisions

    if code != COUNTRY and (why := divisions.fault(code)) is not None:
        raise UsageError(f"{option}: {why}")
    return code


def line(value: object) -> None:
    """Write one JSON object."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")


def cells(values: Iterable[Any]) -> None:
    """Write one row for a person; what is unknown is "-"."""
    typer.echo("\t".join("-" if value in (None, "") else str(value) for value in values))


def kw_words(ends: dict[str, Any] | None) -> str:
    """Return a power for a person."""
    return "-" if ends is None else f"{ends['value']:,.0f} kW ({ends['low']:,.0f}-{ends['high']:,.0f})"

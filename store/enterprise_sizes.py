"""How many addresses are registered to an enterprise: what tells a large one from a shop."""

from collections.abc import Collection

from sqlalchemy import Connection, select

from store.clusters import batches
from store.registry_tables import AssignmentRow, LineRow

MOST = 1 << 24
"""Addresses that one prefix counts for at most; an IPv6 prefix counts as one."""


def enterprise_sizes(connection: Connection, codes: Collection[str]) -> dict[str, int]:
    """Return the registered addresses of enterprises by credit code, of lines that are theirs too.

    What was registered at any time counts: a size is a size, whatever the year.
    """
    found = dict.fromkeys(codes, 0)
    seen: set[tuple[str, str]] = set()
    for part in batches(sorted(codes)):
        own = select(
            AssignmentRow.uscc,
            AssignmentRow.first_address,
            AssignmentRow.last_address,
        ).where(AssignmentRow.uscc.in_(part))
        by_line = (
            select(LineRow.uscc, AssignmentRow.first_address, AssignmentRow.last_address)
            .join(AssignmentRow, AssignmentRow.line == LineRow.line)
            .where(LineRow.uscc.in_(part), AssignmentRow.uscc.is_(None))
        )
        for asked in (own, by_line):
            for code, first, last in connection.execute(asked):
                if code is None or (code, str(first)) in seen:
                    continue
                seen.add((code, str(first)))
                count = 1 if first.version == 6 else int(last) - int(first) + 1
                found[code] += min(count, MOST)
    return found

"""Row-level security on PostgreSQL: a second lock behind the region rule of the API.

`minescope.region` is set for each transaction of the API (store/row_security.py): the digits that the codes
of a division begin with, `*` for the whole country, `!` for nothing. Where it is not set (imports, backups,
the terminal) everything is seen. A superuser passes every policy by PostgreSQL's own rule, so
the API must be none. The policies are a little wider than the API's rule, never narrower: they take a day's
tolerance of time.
"""

from alembic import op

_DAY_NS = 86_400_000_000_000
_REGION = "coalesce(current_setting('minescope.region', true), '')"
_OPEN = f"{_REGION} IN ('', '*')"
_SITES = f"SELECT s.id FROM sites s WHERE s.division LIKE {_REGION} || '%'"
_VALID = (
    "{0}.valid_from_ns <= last_ns + {1} AND ({0}.valid_to_ns IS NULL OR {0}.valid_to_ns > first_ns - {1})"
)

_POLICIES = {
    "verdicts": "minescope_in_region(address, first_seen_ns, last_seen_ns)",
    "evidence": "EXISTS (SELECT 1 FROM verdicts v WHERE v.id = verdict_id)",
    "verdict_peers": "EXISTS (SELECT 1 FROM verdicts v WHERE v.id = verdict_id)",
    "verdict_coins": "EXISTS (SELECT 1 FROM verdicts v WHERE v.id = verdict_id)",
    "sites": f"division LIKE {_REGION} || '%'",
    "lines": f"site_id IN ({_SITES})",
}
"""Table to what a row meets that a region may see."""


def lock_rows() -> None:
    """Make the policies, and hold the owner of the tables to them too."""
    create_functions(_SITES)
    for table, rule in _POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY region ON {table} USING ({_OPEN} OR {rule})")


def create_functions(sites: str) -> None:
    """Make the functions of the policies; `sites` selects the ids of the sites in the region."""
    # The 129 prefixes that may hold an address: with them the index finds the few that do among millions.
    op.execute(
        "CREATE FUNCTION minescope_prefixes(held bytea) RETURNS bytea[] LANGUAGE sql IMMUTABLE AS $$"
        " SELECT array_agg(CASE WHEN n % 8 = 0 THEN head ELSE"
        " set_byte(head, n / 8, get_byte(held, n / 8) & (255 << (8 - n % 8)) & 255) END) || held"
        " FROM (SELECT n, substring(held FROM 1 FOR n / 8) || decode(repeat('00', 16 - n / 8), 'hex') AS head"
        " FROM generate_series(0, 127) AS n) AS heads $$"
    )
    # A lease names its subscriber by the line's account; a CGNAT log by the line or by a private address.
    line = (
        f"EXISTS (SELECT 1 FROM lines l WHERE l.site_id IN ({sites})"
        " AND (l.line = a.line OR (l.account <> '' AND l.account = a.line)))"
    )
    # A longer prefix that held throughout answers in its place.
    shadowed = (
        "EXISTS (SELECT 1 FROM assignments b WHERE b.first_address = ANY (minescope_prefixes(held))"
        " AND b.last_address >= held AND b.prefix_length > a.prefix_length AND b.version = a.version"
        f" AND b.realm = a.realm AND b.valid_from_ns <= first_ns - {_DAY_NS}"
        f" AND (b.valid_to_ns IS NULL OR b.valid_to_ns > last_ns + {_DAY_NS}))"
    )
    op.execute(
        "CREATE FUNCTION minescope_in_region(held bytea, first_ns bigint, last_ns bigint) RETURNS boolean"
        f" LANGUAGE sql STABLE AS $$ SELECT EXISTS (SELECT 1 FROM assignments a"
        f" WHERE a.first_address = ANY (minescope_prefixes(held)) AND a.last_address >= held AND a.realm = ''"
        f" AND {_VALID.format('a', _DAY_NS)} AND (a.site_id IN ({sites}) OR {line}) AND NOT {shadowed})"
        f" OR EXISTS (SELECT 1 FROM nat_blocks n JOIN lines l ON l.line = n.line"
        f" WHERE n.public_address = held AND {_VALID.format('n', _DAY_NS)} AND l.site_id IN ({sites}))"
        f" OR EXISTS (SELECT 1 FROM nat_blocks n JOIN assignments a ON a.realm = n.realm"
        " AND a.first_address = ANY (minescope_prefixes(n.private_address))"
        " AND a.last_address >= n.private_address"
        f" WHERE n.public_address = held AND {_VALID.format('n', _DAY_NS)} AND {_VALID.format('a', _DAY_NS)}"
        f" AND (a.site_id IN ({sites}) OR {line})) $$"
    )


def unlock_rows() -> None:
    """Take the policies away."""
    for table in _POLICIES:
        op.execute(f"DROP POLICY region ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    drop_functions()


def drop_functions() -> None:
    """Take the functions away."""
    op.execute("DROP FUNCTION minescope_in_region(bytea, bigint, bigint)")
    op.execute("DROP FUNCTION minescope_prefixes(bytea)")

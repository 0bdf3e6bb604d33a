"""Row-level security on PostgreSQL, second edition: regions of several divisions, and three tables more.

`minescope.region` now lists, with commas, the digits that codes of a region begin with: a division that was
merged or renumbered brings the codes of its predecessors and successors (registry/division_table.py). `*` is
still the whole country, `!` nothing, unset everything. Decisions, evidence packets and enterprises follow the
rule of row_security.py: a little wider than the API's, never narrower.
"""

from alembic import op

from store.migrations import row_security

_SETTING = "coalesce(current_setting('minescope.region', true), '')"
_OPEN = f"{_SETTING} IN ('', '*')"
_HERE = "{0} LIKE ANY (minescope_region())"
_SITES = f"SELECT s.id FROM sites s WHERE {_HERE.format('s.division')}"
_OF_VISIBLE_VERDICT = "EXISTS (SELECT 1 FROM verdicts v WHERE v.id = verdict_id)"

_POLICIES = {
    "verdicts": "minescope_in_region(address, first_seen_ns, last_seen_ns)",
    "evidence": _OF_VISIBLE_VERDICT,
    "verdict_peers": _OF_VISIBLE_VERDICT,
    "verdict_coins": _OF_VISIBLE_VERDICT,
    "sites": _HERE.format("division"),
    "lines": f"site_id IN ({_SITES})",
    # Whoever may see the address when it was decided, or a verdict on it.
    "decisions": (
        "minescope_in_region(address, at_ns, at_ns) OR EXISTS (SELECT 1 FROM verdicts v"
        " WHERE v.address = decisions.address AND v.superseded_by IS NULL)"
    ),
    # The same frame of the same interface is another packet in another run: the time tells them apart.
    "evidence_packets": (
        "EXISTS (SELECT 1 FROM evidence e WHERE e.source_key = evidence_packets.source_key"
        " AND e.frame = evidence_packets.frame AND e.at_ns = evidence_packets.at_ns)"
    ),
    # An enterprise without any site in the region is a foreign one, and so is one without any site.
    "enterprises": (
        f"EXISTS (SELECT 1 FROM assignments a WHERE a.uscc = enterprises.uscc AND a.site_id IN ({_SITES}))"
        f" OR EXISTS (SELECT 1 FROM lines l WHERE l.uscc = enterprises.uscc AND l.site_id IN ({_SITES}))"
        " OR EXISTS (SELECT 1 FROM hosting h WHERE enterprises.uscc IN (h.operator, h.tenant)"
        f" AND h.site_id IN ({_SITES}))"
    ),
}
"""Table to what a row meets that a region may see."""


def lock_rows() -> None:
    """Put these policies in the place of the first edition's."""
    row_security.unlock_rows()
    # No division's digits hold a character that LIKE reads in its own way.
    op.execute(
        "CREATE FUNCTION minescope_region() RETURNS text[] LANGUAGE sql STABLE AS $$"
        f" SELECT string_to_array(replace({_SETTING}, ',', '%,') || '%', ',') $$"
    )
    row_security.create_functions(_SITES)
    for table, rule in _POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY region ON {table} USING ({_OPEN} OR {rule})")


def unlock_rows() -> None:
    """Take these policies away and put the first edition's back."""
    for table in _POLICIES:
        op.execute(f"DROP POLICY region ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    row_security.drop_functions()
    op.execute("DROP FUNCTION minescope_region()")
    row_security.lock_rows()

"""What one table of the registry says of another, checked for all rows at once after an import."""

from sqlalchemy import Connection, exists, select

from facts.errors import StoreError
from store.registry_tables import AssignmentRow, EnterpriseRow, HostingRow, LineRow, PowerAccountRow, SiteRow


def refuse_dangling(connection: Connection) -> None:
    """Raise StoreError where a row names an enterprise or a site that the registry does not hold."""
    for what, column, target in (
        ("an assignment", AssignmentRow.uscc, EnterpriseRow.uscc),
        ("an assignment", AssignmentRow.site_id, SiteRow.id),
        ("a line", LineRow.uscc, EnterpriseRow.uscc),
        ("a line", LineRow.site_id, SiteRow.id),
        ("a hosting", HostingRow.operator, EnterpriseRow.uscc),
        ("a hosting", HostingRow.tenant, EnterpriseRow.uscc),
        ("a hosting", HostingRow.site_id, SiteRow.id),
        ("a power account", PowerAccountRow.uscc, EnterpriseRow.uscc),
        ("a power account", PowerAccountRow.site_id, SiteRow.id),
    ):
        lost = select(column).where(column.is_not(None), ~exists().where(target == column)).limit(1)
        if (name := connection.scalar(lost)) is not None:
            raise StoreError(f"{what} names {name!r}, which the registry does not hold")

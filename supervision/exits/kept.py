"""Exit plans in the store."""

from collections.abc import Collection
from datetime import date
from typing import Any

from sqlalchemy import Connection, insert, select

from facts.instant import instant, nanoseconds
from store.database import Database, lock
from store.exits_tables import ExitPlanRow
from supervision.exits.plan import Milestone, Plan, check
from supervision.projects.events import Step
from supervision.projects.kept import BATCH
from supervision.projects.project import Project


class PlanStore:
    """Reads plans; what is written goes through `add_plan`, on a connection of the caller's."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def of(self, projects: Collection[str]) -> dict[str, tuple[Plan, ...]]:
        """Return all editions of projects' plans, as they were entered; those without a plan are left out."""
        with self._db.reading() as connection:
            return read_plans(connection, projects)


def read_plans(connection: Connection, projects: Collection[str]) -> dict[str, tuple[Plan, ...]]:
    """Return all editions of projects' plans on an open connection, as they were entered."""
    found: dict[str, tuple[Plan, ...]] = {}
    asked, row = sorted(projects), ExitPlanRow
    columns = (row.project_id, row.known_ns, row.author, row.department, row.record)
    for start in range(0, len(asked), BATCH):
        some = asked[start : start + BATCH]
        query = select(*columns).where(row.project_id.in_(some)).order_by(row.number)
        for project, known, author, department, record in connection.execute(query):
            plan = Plan(
                project,
                instant(known),
                author,
                department,
                record["class"],
                record["body"],
                tuple(_milestone(one) for one in record["milestones"]),
                record["reason"],
            )
            found[project] = (*found.get(project, ()), plan)
    return found


def add_plan(connection: Connection, project: Project, plan: Plan) -> None:
    """Add an edition of a plan. Raises Refused where it cannot be."""
    lock(connection, f"project {project.id}")
    check(plan, read_plans(connection, [project.id]).get(project.id, ()))
    connection.execute(
        insert(ExitPlanRow).values(
            project_id=project.id,
            division=project.division,
            known_ns=nanoseconds(plan.known),
            author=plan.author,
            department=plan.department,
            record={
                "class": plan.category,
                "body": plan.body,
                "reason": plan.reason,
                "milestones": [
                    {
                        "step": one.step.value,
                        "due": one.due.isoformat(),
                        "body": one.body,
                        "limit_kw": one.limit_kw,
                    }
                    for one in plan.milestones
                ],
            },
        )
    )


def _milestone(record: Any) -> Milestone:
    due = date.fromisoformat(record["due"])
    return Milestone(Step(record["step"]), due, record["body"], record["limit_kw"])

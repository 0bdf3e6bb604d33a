"""Accounts of every role and region, their keys, and the table of routes, read from the application."""

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from api.access.gate import Gate
from api.app import ROUTERS
from store import access_secrets
from store.access_rules import WHOLE_COUNTRY, AccountRole, Department, Permission, permissions

PASSWORD = "correct horse battery"


def every_route() -> list[APIRoute]:
    """Every route of the application."""
    return [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]


def permission_of(route: APIRoute) -> Permission | None:
    """The permission that a route needs, as its own dependency says; None: none."""
    found = [getattr(one.call, "permission", None) for one in route.dependant.dependencies]
    wanted = [one for one in found if one is not None]
    assert len(wanted) <= 1
    return wanted[0] if wanted else None


def is_guarded(route: APIRoute) -> bool:
    """Whether a route asks who asks."""
    return any(hasattr(one.call, "permission") for one in route.dependant.dependencies)


def cheap_hashes() -> None:
    """The real argon2id with the least work, for this process: how dear a hash is, is tested elsewhere."""
    from argon2 import PasswordHasher

    access_secrets._HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def key_of(
    app: FastAPI,
    role: AccountRole,
    division: str = WHOLE_COUNTRY,
    department: Department = Department.CYBERSPACE,
) -> str:
    """An API key of a new account with everything that the account may."""
    cheap_hashes()
    access = gate_of(app).access
    name = f"{role.value}-{division}-{department.value}"[:32]
    if name not in {user.name for user in access.users()}:
        access.add_user(name, role, division, department, PASSWORD)
    return access.issue_key(name, permissions(role, department) or [Permission.LOOKUP], 30, "tests")


def keys_of(app: FastAPI) -> dict[str | None, str | None]:
    """For each operation the key of an account that may call it."""
    by_permission = {
        permission: key_of(app, role)
        for role in AccountRole
        for permission in permissions(role, Department.CYBERSPACE)
    }
    some = next(iter(by_permission.values()))
    return {
        route.operation_id: by_permission.get(permission_of(route), some) if is_guarded(route) else None
        for route in every_route()
    }


def gate_of(app: Any) -> Gate:
    """The gate of an application."""
    gate: Gate = app.state.gate
    return gate

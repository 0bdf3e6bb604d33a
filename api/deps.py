"""What a route is handed: the services that `create_app` got."""

from typing import Annotated

from fastapi import Depends, Request

from pipeline.services import Services


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


Served = Annotated[Services, Depends(_services)]

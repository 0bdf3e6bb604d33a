"""What routes are handed: the services that `create_app` got, and parameters that several of them take."""

from typing import Annotated

from fastapi import Depends, Header, Path, Request

from pipeline.services import Services


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


Served = Annotated[Services, Depends(_services)]
AddressPath = Annotated[
    str, Path(description="IPv4, or IPv6 in any spelling; mapped IPv4 is IPv4.", examples=["203.0.113.7"])
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,128}$",
        description="Any name of this write: asked again within a day, it is answered again, not done again.",
        examples=["4b0f0f0e-3d0e-4a35"],
    ),
]
IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", max_length=200, description="ETag of the state that the change was made on."),
]

"""Whether the service can answer."""

from starlette.testclient import TestClient

from api.models_service import HealthModel
from pipeline.services import Services


def test_health_tells_the_version_and_how_much_is_held(client: TestClient, services: Services) -> None:
    answer = client.get("/healthz")
    assert answer.status_code == 200
    told = HealthModel.model_validate(answer.json())
    assert told.version == services.version
    assert (told.counts.runs, told.counts.verdicts) == (1, 5)
    assert told.counts.enterprises == services.enterprises > 0
    assert told.counts.assignments == services.assignments > 0

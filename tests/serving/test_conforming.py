"""The contract is what the service does: nothing that schemathesis can ask finds them to differ."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from serving.calls import OPERATIONS
from serving.gate import Gate
from serving.parts import Parts
from serving.routes import application
from tests.serving.builders import parts, predicted
from tests.serving.conforming import NO_QUOTA, Found, bearing, contract, whole

if TYPE_CHECKING:
    from models.predictor import Predictor

EVERY_CHECK = {
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "positive_data_acceptance",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
    "use_after_free",
    "ensure_resource_availability",
    "object_level_authorization",
}


@pytest.fixture(scope="module")
def of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    made = parts(tmp_path_factory.mktemp("home"), **NO_QUOTA)
    predicted(made)
    yield made
    made.close()


@pytest.fixture(scope="module")
def found(of: Parts) -> Found:
    return contract(whole(of), examples=3, small=True)


def test_the_service_keeps_its_contract(found: Found) -> None:
    assert found.faults == []


def test_every_operation_and_every_check_was_tried(found: Found) -> None:
    assert {f"{one.method} {one.path}" for one in OPERATIONS} <= set(found.requests)
    assert set(found.checks) == EVERY_CHECK
    assert {200, 401, 405, 415, 422} <= set(found.statuses)


def test_a_real_release_keeps_the_contract_too(small_release: "Predictor", tmp_path: Path) -> None:
    made = parts(tmp_path, small_release, **NO_QUOTA)
    found = contract(whole(made), examples=4, only="/v1/predict", small=True)
    assert found.faults == []
    assert found.statuses[200] > 0
    made.close()


def test_a_service_that_differs_is_found(of: Parts) -> None:
    async def odd(scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a ward's predictions as the contract does not say."""
        strange = scope["path"] == "/v1/predictions" and scope["method"] == "GET"
        await (PlainTextResponse("odd", 418) if strange else application(of))(scope, receive, send)

    found = contract(bearing(Gate(odd, of.guard), of), examples=1, small=True, only="/v1/predictions")
    assert "status_code_conformance" in {fault.split(": ")[1] for fault in found.faults}

import re

import pytest

from features.hospital import shipped_facts
from serving.openapi import PROBLEMS, openapi
from serving.service import TIMEOUT_SECONDS
from serving.settings import MOST_ANSWER_SECONDS, MOST_BODY_SECONDS
from tests.serving.builders import client, parts


def references(node):
    if isinstance(node, dict):
        for key, value in node.items():
            yield from [value] if key == "$ref" else references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_every_reference_leads_somewhere():
    document = openapi(shipped_facts())
    for reference in references(document):
        assert re.fullmatch(r"#/components/schemas/(\w+)", reference)[1] in document["components"]["schemas"]


def test_every_field_of_a_row_says_what_it_means():
    schemas = openapi(shipped_facts())["components"]["schemas"]
    for row in ("AdmissionRow", "EventRow"):
        assert all(field["description"] for field in schemas[row]["properties"].values())
        assert schemas[row]["additionalProperties"] is False


def test_the_request_uses_the_names_of_the_wire():
    assert list(openapi(shipped_facts())["components"]["schemas"]["PredictRequest"]["properties"]) == [
        "at",
        "for",
        "admissions",
        "events",
    ]


@pytest.mark.parametrize("path", openapi(shipped_facts())["paths"])
def test_every_documented_path_answers(tmp_path, path):
    if path in ("/livez", "/readyz"):  # BentoML's own, asked in test_service.py
        return
    method = next(iter(openapi(shipped_facts())["paths"][path])).upper()
    assert client(parts(tmp_path)).request(method, path).status_code not in (404, 405)


def test_the_page_names_every_status_and_event(tmp_path):
    text = client(parts(tmp_path)).get("/v1/docs").text
    assert all(f">{status}<" in text for status in PROBLEMS)
    assert "clinical_frailty_scale" in text


def test_we_give_up_before_bentoml_does():
    assert MOST_BODY_SECONDS + MOST_ANSWER_SECONDS < TIMEOUT_SECONDS

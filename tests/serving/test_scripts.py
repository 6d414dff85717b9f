"""R19, server side: whatever a ward sends, pages stay what they are, and run and load nothing."""

import pytest

from serving.gate import HEADERS
from serving.sessions import SESSION_COOKIE
from tests.serving.builders import NOW, client, event, nobody, parts, predicted, question, stay
from tests.serving.payloads import BODIES, PAYLOADS, Skeleton

HARMLESS = "harmless"


@pytest.fixture
def of(tmp_path):
    made = parts(tmp_path, HOMEWARD_REQUESTS_PER_MINUTE="1000000")
    yield made
    made.close()


def pages(of, text):
    """Return the list of wards, the board of a ward and the page of a patient whose every text is this one."""
    row = stay("A1", patient_id=text, site=text)
    named = [event("A1", name, text) for name in ("ward", "bed")]
    predicted(of, question(row, events=[*named, event("A1", text, text)]))
    cookie = of.guard.callers.sessions.begin(text, "link", "coordinator", NOW)
    shown = {"Cookie": f"{SESSION_COOKIE}={cookie}"}
    wards = nobody(of).get("/board", **shown)
    [link] = [to for to in Skeleton(wards.text).leads_to if to.startswith("/board/")]
    board = nobody(of).get(link, **shown)
    [link] = [to for to in Skeleton(board.text).leads_to if to.startswith("/patients/")]
    patient = nobody(of).get(link, **shown)
    assert (wards.status_code, board.status_code, patient.status_code) == (200, 200, 200)
    return wards.text, board.text, patient.text


def test_there_are_a_hundred():
    assert len(set(PAYLOADS)) == 100


@pytest.mark.parametrize("part", range(len(BODIES)))
def test_a_text_of_a_ward_is_never_a_part_of_a_page(tmp_path_factory, part):
    def made(text):
        of = parts(tmp_path_factory.mktemp("home"))
        try:
            return [Skeleton(page) for page in pages(of, text)]
        finally:
            of.close()

    expected = made(HARMLESS)
    for payload in PAYLOADS[part :: len(BODIES)]:
        for plain, found in zip(expected, made(payload), strict=True):
            assert found.elements == plain.elements, payload
            assert all(to.startswith(("/", "#")) and not to.startswith("//") for to in found.leads_to), payload
            assert payload in found.text, payload


def test_a_text_in_an_address_is_never_a_part_of_a_page(of):
    caller = client(of)
    expected = Skeleton(caller.get("/board/nowhere", Accept="text/html").text)
    for payload in PAYLOADS:
        page = caller.request(
            "GET", f"/board/{payload}", {"Accept": "text/html"}, params={"site": payload}
        ).text
        assert Skeleton(page).elements == expected.elements
        assert "alert(1)" not in page


def test_every_answer_bears_the_policy(of):
    for path in (
        "/board",
        "/board/nowhere",
        "/v1/docs",
        "/v1/openapi.json",
        "/nowhere",
        "/metrics",
        "/sign-in",
    ):
        headers = client(of).get(path).headers
        assert {name: headers[name] for name in HEADERS} == HEADERS
    policy = HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "script-src 'self';" in policy  # a file of ours, and never a line of a page

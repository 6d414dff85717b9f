"""What the pages show can be pasted: every curl line, and the client that tries again."""

import html
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from serving.calls import OPERATIONS, Operation
from serving.parts import Parts
from tests.serving.builders import KEY, NOW, SYSTEM, bearer, client, parts, predicted, stay, ward_question
from tests.serving.listening import listening

ROOT = Path(__file__).parents[2]
READMES = [ROOT / "README.md", ROOT / "serving" / "README.md"]
CURL = re.compile(r"^curl .*?(?:'\{.*?\}'|\"ward=\w+\")\s*$", re.DOTALL | re.MULTILINE)
SIGNED = re.compile(r"Bearer \$\([^)]*python -m serving token\)")
CLIENT = re.compile(r"## A client that tries again\n\n```python\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    made = parts(tmp_path_factory.mktemp("home"))
    predicted(made, ward_question("W01"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def port(of: Parts) -> Iterator[int]:
    with listening(of) as own:
        yield own


@pytest.fixture(scope="module")
def curl() -> str:
    """Return where curl is; without it the test skips, and in CI it fails."""
    if found := shutil.which("curl"):
        return found
    needs = "needs curl, which the pages' examples are written for"
    if os.environ.get("CI") == "true":
        pytest.fail(needs)
    pytest.skip(needs)


def pages(of: Parts) -> list[str]:
    shown = client(of).get("/v1/docs").text
    return [*(page.read_text("utf-8") for page in READMES), html.unescape(re.sub(r"</?pre[^>]*>", "\n", shown))]


def asked(line: str) -> Operation:
    """Return the operation that a curl line calls."""
    path = re.search(r"http://[^/]+(/[\w/-]+)", line)
    method = re.search(r"-X (\w+)", line)
    assert path is not None, line
    wanted = (
        method[1] if method else "GET" if " -G" in line else "POST",
        path[1].replace("A1001", "{admission_id}"),
    )
    return next(one for one in OPERATIONS if (one.method, one.path) == wanted)


def test_every_curl_line_of_the_pages_works(of: Parts, port: int, curl: str) -> None:
    lines = [line for page in pages(of) for line in CURL.findall(page)]
    assert sum(page.count("\ncurl ") for page in pages(of)) == len(lines)
    assert {asked(line).name for line in lines} == {one.name for one in OPERATIONS}
    for line in lines:
        own = line.replace("127.0.0.1:3000", f"127.0.0.1:{port}")
        own = SIGNED.sub(bearer()["Authorization"], own)
        own = own.replace("curl ", f"{curl} -sS --noproxy '*' -w '\\n%{{http_code}}' ", 1)
        ended = subprocess.run(["sh", "-c", own], capture_output=True, text=True, timeout=30)
        body, _, status = ended.stdout.rpartition("\n")
        assert status == "200", (line, ended.stdout, ended.stderr)
        asked(line).answer.model_validate_json(body)


@pytest.fixture
def example() -> dict[str, Any]:
    """Return what the client of serving/README.md defines."""
    found = CLIENT.search(READMES[1].read_text("utf-8"))
    assert found is not None
    names: dict[str, Any] = {}
    exec(compile(found[1], "serving/README.md", "exec"), names)
    return names


ADMISSION = {"recorded_at": "2026-01-05T14:31:00Z", **stay()}
ADMISSION.pop("admission_id")


def test_the_client_of_the_readme_tells_and_asks(example: dict[str, Any], port: int, tmp_path: Path) -> None:
    (tmp_path / "key.json").write_text(json.dumps(KEY.as_dict(private=True)))
    example["time"] = SimpleNamespace(time=NOW.timestamp)
    signed = example["Signed"](SYSTEM, tmp_path / "key.json")
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", auth=signed, trust_env=False) as caller:
        assert example["ask"](caller, "PUT", "/v1/admissions/A77", ADMISSION)["kept"] == 1
        assert example["ask"](caller, "GET", "/v1/predictions?ward=W01")["predictions"]
        with pytest.raises(example["Refused"], match="/age: age must be at most 120"):
            example["ask"](caller, "PUT", "/v1/admissions/A77", {**ADMISSION, "age": 210})


def answering(*answers: httpx.Response | type[Exception]) -> tuple[httpx.Client, list[httpx.Request]]:
    """Return a client of a service that gives these answers one after the other, and what it was sent."""
    left, seen = list(answers), []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        now = left.pop(0)
        if isinstance(now, httpx.Response):
            return now
        raise now("gone", request=request)

    return httpx.Client(transport=httpx.MockTransport(answer), base_url="http://127.0.0.1"), seen


def refusal(status: int, seconds: str) -> httpx.Response:
    return httpx.Response(status, json={"detail": "too many"}, headers={"Retry-After": seconds})


@pytest.fixture
def waited(example: dict[str, Any]) -> list[float]:
    """Give the client a clock that does not wait, and return the seconds that it would have."""
    seconds: list[float] = []
    example["time"] = SimpleNamespace(sleep=seconds.append)
    return seconds


def test_the_client_waits_as_long_as_it_is_told_and_keeps_its_key(
    example: dict[str, Any], waited: list[float]
) -> None:
    done = httpx.Response(200, json={"kept": 1})
    caller, seen = answering(refusal(429, "2"), refusal(503, "10"), httpx.ReadError, done)
    assert example["ask"](caller, "POST", "/v1/events", {}) == {"kept": 1}
    assert waited == [2.0, 10.0, 4.0]
    assert len({request.headers["idempotency-key"] for request in seen}) == 1
    assert len({json.dumps(request.content.decode()) for request in seen}) == 1


def test_the_client_gives_up(example: dict[str, Any], waited: list[float]) -> None:
    caller, seen = answering(*[refusal(503, "1")] * 3)
    with pytest.raises(example["Refused"], match="gave up after 3 tries: too many"):
        example["ask"](caller, "POST", "/v1/events", {}, tries=3)
    assert (len(seen), waited) == (3, [1.0, 1.0])

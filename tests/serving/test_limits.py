import asyncio
import itertools

import httpx
import pytest

from serving.gate import Gate
from serving.limits import Places, Quota
from tests.serving.builders import bearer, client, nobody, parts, ward_question
from tests.serving.doors import signed_in

PROBLEM = "application/problem+json"


@pytest.mark.parametrize("per_minute", [1, 7, 60, 1200])
def test_a_quota_admits_what_it_says_and_no_more(per_minute):
    quota = Quota(per_minute)
    admitted = sum(quota.wait("a", at=second / 10) == 0 for second in range(6000) for _ in range(5))
    burst = max(1, per_minute // 10)
    assert admitted == pytest.approx(burst + 10 * per_minute, abs=1 + per_minute / 400)


@pytest.mark.parametrize("per_minute", [1, 7, 60, 1200])
def test_after_the_seconds_told_a_request_is_admitted_and_not_before(per_minute):
    quota = Quota(per_minute)
    wait = next(wait for _ in itertools.count() if (wait := quota.wait("a", at=5.0)))
    assert quota.wait("a", at=5.0 + 0.99 * wait) > 0
    assert quota.wait("a", at=5.0 + wait + 1e-6) == 0


def test_one_callers_quota_is_not_anothers():
    quota = Quota(60)
    while quota.wait("greedy", at=0.0) == 0:
        pass
    assert quota.wait("modest", at=0.0) == 0


def test_callers_who_were_quiet_are_forgotten():
    quota = Quota(60)
    for number in range(10_000):
        quota.wait(f"session {number}", at=0.0)
    quota.wait("one more", at=3600.0)
    assert list(quota._buckets) == ["one more"]


def test_one_caller_never_gets_the_last_place():
    places = Places(total=3, each=2)
    assert [places.take("a") for _ in range(3)] == [True, True, False]
    assert [places.take("b"), places.take("c")] == [True, False]
    places.leave("a")
    assert places.take("a")


def test_over_the_quota_is_a_problem_that_says_when_to_come_back(tmp_path):
    asking = client(parts(tmp_path, HOMEWARD_REQUESTS_PER_MINUTE="2"))
    answers = [asking.predict(ward_question()) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert 29 <= int(answers[1].headers["retry-after"]) <= 30
    assert answers[1].headers["content-type"] == PROBLEM
    assert "2 times a minute" in answers[1].json()["detail"]


def test_people_and_systems_have_quotas_of_their_own_and_probes_none(tmp_path):
    of = parts(tmp_path, HOMEWARD_REQUESTS_PER_MINUTE="1")
    cookies = [signed_in(of) for _ in range(2)]
    assert [nobody(of).get("/board", **cookie).status_code for cookie in cookies] == [200, 200]
    assert nobody(of).get("/board", **cookies[0]).status_code == 429
    assert client(of).get("/board").status_code == 200
    assert [nobody(of).get("/livez").status_code for _ in range(5)] == [404] * 5  # BentoML's, not here


def test_a_stranger_uses_up_nobodys_quota(tmp_path):
    of = parts(tmp_path, HOMEWARD_REQUESTS_PER_MINUTE="1")
    assert [nobody(of).get("/board", Authorization="Bearer wrong").status_code for _ in range(3)] == [401] * 3
    assert client(of).get("/board").status_code == 200


@pytest.mark.parametrize("status", [429, 503])
def test_a_refusal_that_is_not_ours_leaves_as_ours_do(tmp_path, status):
    async def theirs(scope, receive, send):
        headers = [(b"content-type", b"application/json"), (b"content-length", b"6")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"a"', "more_body": True})
        await send({"type": "http.response.body", "body": b":1"})

    async def asked():
        transport = httpx.ASGITransport(Gate(theirs, parts(tmp_path).guard))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as caller:
            return await caller.get("/readyz", headers=bearer())

    answer = asyncio.run(asked())
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert answer.headers["content-type"] == PROBLEM
    assert int(answer.headers["retry-after"]) > 0

"""Callers of a running service: at times fixed in advance, or as many at once as it can bear."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import aiohttp
import numpy as np

NO_ANSWER = 0  # the status of a connection that failed
REFUSALS = (429, 503)
ANSWER_WITHIN_SECONDS = 60
PAUSE_SECONDS = 0.05


@dataclass(frozen=True)
class Seen:
    """One answer: its status, the milliseconds since it should have been asked for, and its Retry-After."""

    status: int
    ms: float
    retry_after: str = ""
    media_type: str = ""

    @property
    def well_refused(self) -> bool:
        """Whether it is a refusal that says when to come back, as a problem that a program can read."""
        told = self.retry_after.isdigit() and int(self.retry_after) >= 1
        return self.status in REFUSALS and told and self.media_type == "application/problem+json"


Ask = Callable[[int], Awaitable[aiohttp.ClientResponse]]  # sends the question of a number


def caller(url: str, shown: Callable[[], str] | None = None) -> aiohttp.ClientSession:
    """Return a client that never waits for a connection of its own; to be made where a loop runs.

    `shown` makes what each request shows as `Authorization`; without it nothing is shown.
    It shares the machine with the service that it measures, and httpx takes several times the processor.
    """
    return aiohttp.ClientSession(
        url,
        middlewares=[_showing(shown)] if shown else (),
        timeout=aiohttp.ClientTimeout(ANSWER_WITHIN_SECONDS),
        connector=aiohttp.TCPConnector(limit=0),
        cookie_jar=aiohttp.CookieJar(unsafe=True),  # which is: of an address without a name
    )


def _showing(shown: Callable[[], str]) -> aiohttp.ClientMiddlewareType:
    async def signed(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        request.headers["Authorization"] = shown()
        return await handler(request)

    return signed


def predicting(client: aiohttp.ClientSession, bodies: Sequence[bytes]) -> Ask:
    """Return an `Ask` that sends bodies in turn to `/v1/predict`."""
    headers = {"Content-Type": "application/json"}

    async def ask(number: int) -> aiohttp.ClientResponse:
        body = bodies[number % len(bodies)]
        async with client.post("/v1/predict", data=body, headers=headers) as answer:
            await answer.read()
        return answer

    return ask


def reading(client: aiohttp.ClientSession, path: str) -> Ask:
    """Return an `Ask` that reads a page."""

    async def ask(_: int) -> aiohttp.ClientResponse:
        async with client.get(path) as answer:
            await answer.read()
        return answer

    return ask


async def open_loop(ask: Ask, rate: float, seconds: float) -> list[Seen]:
    """Ask at a steady rate, whatever became of earlier questions.

    Milliseconds count from the instant a question was due, so that none is left out because an earlier one,
    or this client, held it up.
    """
    began = time.perf_counter()
    asked = []
    for number in range(round(rate * seconds)):
        due = began + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        asked.append(asyncio.ensure_future(_seen(ask, number, due)))
    return list(await asyncio.gather(*asked))


async def closed_loop(ask: Ask, callers: int, seconds: float) -> float:
    """Return the answers a second that callers get, each asking again as soon as it has an answer."""
    began = time.perf_counter()
    counts = await asyncio.gather(
        *(_again_and_again(ask, number * 7, began + seconds) for number in range(callers))
    )
    return sum(counts) / (time.perf_counter() - began)


async def watched(ask: Ask, every: float, until: asyncio.Event) -> list[Seen]:
    """Ask every so many seconds, one question at a time, until the event is set."""
    found = []
    while not until.is_set():
        found.append(await _seen(ask, 0, time.perf_counter()))
        await asyncio.sleep(every)
    return found


async def seconds_until_normal(ask: Ask, normal_ms: float, within: float) -> float:
    """Return the seconds until three answers in a row were as quick as on a quiet day; infinite if never."""
    began, in_a_row = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - began) < within:
        seen = await _seen(ask, 0, time.perf_counter())
        in_a_row = in_a_row + 1 if seen.status == HTTPStatus.OK and seen.ms <= normal_ms else 0
        if in_a_row == 3:
            return elapsed
        await asyncio.sleep(PAUSE_SECONDS)
    return float("inf")


def summary(seen: Sequence[Seen], seconds: float) -> dict[str, Any]:
    """Return milliseconds of the answers of status 200, the counts of the others, and answers a second."""
    good = [one.ms for one in seen if one.status == HTTPStatus.OK]
    p50, p95, p99 = np.percentile(good, [50, 95, 99]) if good else [float("nan")] * 3
    statuses = Counter(one.status for one in seen)
    return {
        "asked": len(seen),
        "p50_ms": float(p50),
        "p95_ms": float(p95),
        "p99_ms": float(p99),
        "max_ms": max(good, default=float("nan")),
        "errors": len(seen) - len(good),
        "bare": sum(one.status != HTTPStatus.OK and not one.well_refused for one in seen),
        "statuses": dict(sorted(statuses.items())),
        "per_second": len(good) / seconds,
    }


async def _again_and_again(ask: Ask, first: int, until: float) -> int:
    number, good = first, 0
    while time.perf_counter() < until:
        seen = await _seen(ask, number, time.perf_counter())
        number += 1
        if seen.status == HTTPStatus.OK:
            good += 1
        else:  # as told, since asking again at once is work for the service too, and counts for nothing
            wait = float(seen.retry_after) if seen.retry_after.isdigit() else PAUSE_SECONDS
            await asyncio.sleep(min(wait, max(0.0, until - time.perf_counter())))
    return good


async def _seen(ask: Ask, number: int, due: float) -> Seen:
    try:
        answer = await ask(number)
    except (aiohttp.ClientError, TimeoutError):
        return Seen(NO_ANSWER, 1000 * (time.perf_counter() - due))
    ms = 1000 * (time.perf_counter() - due)
    headers = answer.headers
    return Seen(answer.status, ms, headers.get("retry-after", ""), headers.get("content-type", ""))

import asyncio
import threading

import pytest

from serving.errors import Problem
from serving.workers import Workers


def test_what_does_not_fit_is_refused_at_once():
    async def three():
        workers, door = Workers("w", threads=1, at_once=2, seconds=5), threading.Event()
        running = [asyncio.ensure_future(workers.run(door.wait)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Problem) as refused:
            await workers.run(door.wait)
        door.set()
        await asyncio.gather(*running)
        return int(refused.value.status), refused.value.headers, await workers.run(lambda: "free again")

    assert asyncio.run(three()) == (429, {"Retry-After": "2", "Connection": "close"}, "free again")


def test_work_that_is_too_slow_keeps_its_place_until_it_ends():
    async def slow():
        workers, door = Workers("w", threads=1, at_once=1, seconds=0.05), threading.Event()
        with pytest.raises(Problem) as late:
            await workers.run(door.wait)
        with pytest.raises(Problem) as busy:
            await workers.run(door.wait)
        door.set()
        workers.close()
        return int(late.value.status), int(busy.value.status)

    assert asyncio.run(slow()) == (503, 429)


def test_an_error_of_the_work_is_the_callers():
    async def failing():
        await Workers("w", threads=1, at_once=1, seconds=5).run(int, "x")

    with pytest.raises(ValueError, match="invalid literal"):
        asyncio.run(failing())

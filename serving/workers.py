"""A bounded number of threads for work that would hold up the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from serving.errors import busy, too_slow
from serving.limits import Places

P = ParamSpec("P")
R = TypeVar("R")


class Workers:
    """Threads with a bounded queue: what does not fit is refused at once rather than answered too late."""

    def __init__(self, name: str, *, threads: int, at_once: int, seconds: float) -> None:
        """Take `at_once` pieces of work, running or waiting, each for at most `seconds`."""
        self._threads, self._most = ThreadPoolExecutor(threads, thread_name_prefix=name), threads
        self._places = Places(at_once, each=max(1, at_once - 1))
        self._seconds = seconds

    @property
    def crowded(self) -> bool:
        """Whether no thread is free: who asks again now does better with another process."""
        return self._places.held >= self._most

    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what the work returns; raises Problem, 429 if all places are taken and 503 if it is too slow.

        Work that was begun is not stopped: its place stays taken until it ends.
        """
        return await self.run_for(None, work, *args, **kwargs)

    async def run_for(self, caller: str | None, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Do as `run` for one caller, who never gets the last place: somebody else may need it."""
        if not self._places.take(caller):
            raise busy()
        future = self._threads.submit(work, *args, **kwargs)
        future.add_done_callback(lambda _: self._places.leave(caller))
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), self._seconds)
        except TimeoutError as error:
            raise too_slow(self._seconds) from error

    def close(self) -> None:
        """Let the work under way end and take on no more."""
        self._threads.shutdown(wait=True, cancel_futures=True)

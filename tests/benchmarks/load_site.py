"""A service to put a load on: its home, its release, and the process that runs it."""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
from load_client import caller

from serving.children import Children, free_port
from serving.demo import SYSTEM, Demo, started
from serving.settings import Settings
from serving.signing import Signed
from serving.starting import named_release


@dataclass(frozen=True)
class Site:
    """A running service: its address, what makes a ward system's `Authorization`, and the questions to ask."""

    url: str
    shown: Callable[[], str]
    bodies: Sequence[bytes]

    def caller(self) -> aiohttp.ClientSession:
        """Return a client that signs each request as the ward system does."""
        return caller(self.url, self.shown)


@contextmanager
def home_of(given: Path | None) -> Iterator[Path]:
    """Give the home that was given, or a new one that goes away."""
    if given:
        yield given.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="homeward-load-") as folder:
        yield Path(folder)


def release_in(settings: Settings) -> Path:
    """Return the folder of the release that a home promoted last."""
    return named_release(settings).folder()


@contextmanager
def running(demo: Demo, more: Mapping[str, str]) -> Iterator[Settings]:
    """Run the service on a free port, with more settings, and give those it runs with."""
    own = {"HOMEWARD_HOME": str(demo.settings.home), "HOMEWARD_PORT": str(free_port()), **more}
    settings = Settings.read(own)
    with (
        Children(settings.environment(os.environ)) as children,
        closing(started(replace(demo, settings=settings), children)),
    ):
        yield settings


def site_of(settings: Settings, bodies: Sequence[bytes]) -> Site:
    """Return the service of some settings."""
    signed = Signed(settings, SYSTEM)
    return Site(f"http://{settings.host}:{settings.port}", lambda: f"Bearer {signed.token()}", bodies)

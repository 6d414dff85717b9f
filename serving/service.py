"""The BentoML service: wiring only.  Everything heavy is imported when a worker starts, not with it."""

import gc
import logging
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import bentoml

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from serving.routes import Parts
    from serving.settings import Settings

# BentoML's own limits answer without Retry-After, so ours come first: this is over the longest body and answer
# that settings allow, and how many may ask at once is for the gate alone.
TIMEOUT_SECONDS = 90
PREDICTING_THREADS = 1
READING_THREADS = 2  # a board never waits behind a long batch
COLLECTOR_THRESHOLDS = (50_000, 20, 100)


class WardService:
    """The models behind one gate: answers ward systems, shows boards, logs every prediction."""

    def __init__(self) -> None:
        from serving.gate import Gate
        from serving.routes import application

        logging.getLogger("serving").setLevel(logging.INFO)
        self.parts = self.opened()
        self.application = application(self.parts)
        self.gate = Gate
        # A worker's start is its high-water mark of objects; collecting them again made pauses of 0.5 s.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*COLLECTOR_THRESHOLDS)

    def opened(self) -> "Parts":
        """Return the parts that the environment names."""
        from serving.settings import Settings

        return opened(Settings.read(os.environ))

    def __is_ready__(self) -> bool:
        """Tell BentoML's /readyz: a release that loaded was verified, so what remains is the store."""
        return self.parts.store.writable()

    @bentoml.on_shutdown
    def close(self) -> None:
        """Let the work under way end, then close the store."""
        self.parts.close()


class BehindTheGate:
    """The middleware that BentoML puts in front of every path, its own and ours."""

    def __init__(self, app: "ASGIApp") -> None:
        self.app = app

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Hand a request to the gate of the running service; BentoML's start and stop events pass."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        running = bentoml.get_current_service()
        await running.gate(self.app, running.parts.guard)(scope, receive, send)


async def mounted(scope: "Scope", receive: "Receive", send: "Send") -> None:
    """Hand a request to the routes of the running service.

    Mounted at the root it comes before BentoML's index page and its docs.json, which are never served.
    """
    await bentoml.get_current_service().application(scope, receive, send)


def served(service: type[Any]) -> Any:
    """Return a class as a BentoML service behind the gate, with routes of ours at the root."""
    configured = bentoml.service(
        name="homeward",
        workers=1,
        traffic={"timeout": TIMEOUT_SECONDS},
        # Both name raw paths, which can hold identifiers; the gate notes templates instead.
        metrics={"enabled": False},
        logging={"access": {"enabled": False}},
        envs=[
            {"name": "BENTOML_DO_NOT_TRACK", "value": "True"},
            {"name": "OTEL_SDK_DISABLED", "value": "true"},
            {"name": "OMP_NUM_THREADS", "value": "1"},
        ],
    )(service)
    configured.mount_asgi_app(mounted, path="/", name="homeward")
    configured.add_asgi_middleware(BehindTheGate)
    return configured


def opened(settings: "Settings") -> "Parts":
    """Return the parts that settings name; raises HomewardError with one sentence if one cannot be had."""
    from models.release import load
    from serving.access import Keys, read_token
    from serving.gate import Guard
    from serving.limits import Limits
    from serving.metrics import Metrics
    from serving.release import release_digest, release_folder
    from serving.routes import Parts
    from serving.store import Store
    from serving.workers import Workers

    keys = Keys(read_token(settings.token_file))
    folder = release_folder(settings.release)
    return Parts(
        settings=settings,
        guard=Guard(keys, now, Metrics(), Limits(settings.requests_per_minute)),
        predictor=load(folder),
        digest=release_digest(folder),
        store=Store(settings.database_url),
        predicting=Workers(
            "predicting",
            threads=PREDICTING_THREADS,
            at_once=settings.predictions_at_once,
            seconds=settings.answer_seconds,
        ),
        reading=Workers(
            "reading",
            threads=READING_THREADS,
            at_once=settings.reads_at_once,
            seconds=settings.answer_seconds,
        ),
    )


def now() -> datetime:
    """Return this instant; the only clock of the service."""
    return datetime.now(UTC)


Homeward = served(WardService)

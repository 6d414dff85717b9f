"""The BentoML service: wiring only.  Everything heavy is imported when a worker starts, not with it."""

import gc
import logging
import os
import secrets
import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import bentoml

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from serving.parts import Parts
    from serving.settings import Settings

# BentoML's own limits answer without Retry-After, so ours come first: this is over the longest body and answer
# that settings allow, and how many may ask at once is for the gate alone.
TIMEOUT_SECONDS = 90
PASSWORDS_AT_ONCE = 8  # each takes a tenth of a second and 64 MiB, on purpose
# A board never waits behind a long batch, nor one patient behind a ward, nor a fact behind either.
THREADS = {"predicting": 2, "reading": 2, "keeping": 2, "admitting": 4, "signing_in": 1}
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
        self.parts.loop.start()
        if self.parts.shadow is not None:
            self.parts.shadow.start()
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
        workers=int(os.environ.get("HOMEWARD_WORKERS", "2")),  # `start` checks it and says it
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
    from serving.callers import callers_of
    from serving.gate import Guard
    from serving.last_good import Memory
    from serving.limits import MOST_REQUESTS_AT_ONCE, Limits
    from serving.loop import Loop
    from serving.metrics import Metrics
    from serving.parts import Parts
    from serving.release import Releases
    from serving.shadow import Shadow
    from serving.starting import named_release
    from serving.store.store import opened as stored
    from serving.trial import Trial
    from serving.workers import Workers

    metrics = Metrics()
    releases = Releases(named_release(settings), Trial(Memory(settings.home)), metrics)
    store = stored(settings)
    holder = f"{socket.gethostname()} {os.getpid()} {secrets.token_hex(4)}"

    def workers(name: str, at_once: int) -> Workers:
        return Workers(name, threads=THREADS[name], at_once=at_once, seconds=settings.answer_seconds)

    admitting = workers("admitting", MOST_REQUESTS_AT_ONCE)
    callers = callers_of(settings, store, now, admitting)
    return Parts(
        settings=settings,
        guard=Guard(callers, now, metrics, Limits(settings.requests_per_minute)),
        releases=releases.watch(),
        store=store,
        predicting=workers("predicting", settings.predictions_at_once),
        admitting=admitting,
        signing_in=workers("signing_in", PASSWORDS_AT_ONCE),
        reading=workers("reading", settings.reads_at_once),
        keeping=workers("keeping", MOST_REQUESTS_AT_ONCE),
        loop=Loop(store, releases, now, holder, settings.keep),
        shadow=Shadow(settings.environment(os.environ)) if settings.challenger else None,
    )


def now() -> datetime:
    """Return this instant; the only clock of the service."""
    return datetime.now(UTC)


Homeward = served(WardService)

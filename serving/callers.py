"""Who asks: a ward system by its signed token, a person by a session, monitoring by its own secret."""

import hmac
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from serving.access import STRANGER, Caller
from serving.errors import bad_token
from serving.provider import Provider, read_provider
from serving.published import NotAtHand
from serving.secret_file import read_secret
from serving.sessions import SESSION_COOKIE, Sessions
from serving.settings import Settings
from serving.spent import Spent
from serving.store.store import Store
from serving.systems import SystemFault, Systems, read_system
from serving.tokens import TokenFault, checked

if TYPE_CHECKING:
    from starlette.requests import Request

    from serving.gate import Clock
    from serving.workers import Workers

MONITORED = "/metrics"
REFRESH = "x-homeward-refresh"  # a page that is left open asks by itself: nobody has used the session
MONITORING = Caller("monitoring", "monitoring", frozenset())
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Callers:
    """Finds out who asks; `monitoring` is the secret that opens the counters and nothing else, or empty."""

    systems: Systems
    spent: Spent
    sessions: Sessions
    audience: str
    monitoring: str
    clock: "Clock"
    workers: "Workers"

    async def of(self, request: "Request", route: str) -> Caller:
        """Return who asks, a stranger where nothing is shown or a session does not run.

        Raises Problem, 401 for a token that does not hold, whatever cookie comes with it.
        """
        shown = request.headers.get("authorization")
        if shown is not None:
            scheme, _, token = shown.partition(" ")
            if scheme.lower() != "bearer":
                raise bad_token()
            if route == MONITORED and self.monitoring and _same(token.strip(), self.monitoring):
                return MONITORING
            return await self._by_token(token.strip(), self.clock())
        cookie = request.cookies.get(SESSION_COOKIE)
        if not cookie:
            return STRANGER
        by_itself = REFRESH in request.headers
        return await self.workers.run(self.sessions.caller, cookie, self.clock(), not by_itself) or STRANGER

    async def _by_token(self, token: str, at: datetime) -> Caller:
        """Return the ward system that a token is of: a millisecond's work, unless its keys are far away."""
        try:
            return self._system(token, at, False)
        except NotAtHand:
            return await self.workers.run(self._system, token, at, True)

    def _system(self, token: str, at: datetime, wait: bool) -> Caller:
        """Return the ward system that a token is of, which is spent with this."""
        try:
            shown = checked(token, self.systems, self.audience, at, wait)
            system = shown.system.name
            if not self.spent.spend(system, shown.jti, shown.ends_at, at):
                raise TokenFault("jti was shown before: sign a new token for each request")
        except SystemFault as fault:
            log.error("a ward system's keys cannot be used: %s", fault)
            raise bad_token() from None
        except TokenFault as fault:
            raise bad_token(str(fault)) from None
        return Caller("ward system", f"ward system {system}", shown.system.sites)


def callers_of(settings: Settings, store: Store, clock: "Clock", workers: "Workers") -> Callers:
    """Return what finds out who asks a service of some settings; raises HomewardError if a file is at fault."""
    provider = Provider(settings.provider_file)
    secret = settings.metrics_token_file
    return Callers(
        systems=Systems(settings.systems),
        spent=Spent(settings.spent_tokens),
        sessions=Sessions(store, provider, timedelta(minutes=settings.idle_minutes)),
        audience=settings.audience,
        monitoring=read_secret(secret) if secret.exists() else "",
        clock=clock,
        workers=workers,
    )


def check_access(settings: Settings) -> None:
    """Raise HomewardError if a file that says who may come in cannot be used."""
    for name in Systems(settings.systems).names():
        read_system(settings.systems / f"{name}.json")
    if settings.provider_file.exists():
        read_provider(settings.provider_file)
    if settings.metrics_token_file.exists():
        read_secret(settings.metrics_token_file)


def _same(one: str, other: str) -> bool:
    """Compare in a time that does not depend on what is shown."""
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode())

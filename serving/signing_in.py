"""How people come in and go: by a link, by a name and a password, or at the trust's provider."""

import math
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from serving import accounts
from serving.design_system import stylesheet
from serving.errors import Problem
from serving.fhir import audit_event
from serving.forms import form_of
from serving.links import use_link_code
from serving.oidc import from_provider, name_of, to_provider
from serving.pages import STATIC, Visitor, page
from serving.parts import Parts
from serving.provider import Described
from serving.secret_file import new_secret
from serving.sessions import SESSION_COOKIE, SESSION_LASTS, Sessions, form_token
from serving.store.sessions import Origin

FORM_COOKIE = "homeward_form"  # ties the form of somebody who has no session yet to their browser
WRONG = "The name or the password is wrong."
USED = "this sign-in link was used or is too old; `python -m serving link` makes a new one"


@dataclass(frozen=True)
class SignIn:
    """The context of `sign_in.html`."""

    fault: str = field(default="", metadata={"help": "What was wrong with the last try; otherwise empty"})
    provider: bool = field(
        default=False, metadata={"help": "Whether people may sign in at the trust's provider"}
    )


@dataclass(frozen=True)
class SignedIn:
    """The context of `signed_in.html`, which needs nothing."""


class SigningIn:
    """The pages of signing in and out."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    @property
    def sessions(self) -> Sessions:
        """The sessions of the service."""
        return self.parts.guard.callers.sessions

    async def form(self, request: Request) -> Response:
        """Show the form, or exchange the code of a one-time link for a session."""
        code = request.query_params.get("code")
        if code is None:
            return self._asked(request)
        return await self.parts.admitting.run(self._by_link, request, code)

    async def by_password(self, request: Request) -> Response:
        """Let somebody in by a name and a password."""
        form = await form_of(request, FORM_COOKIE, self.parts.settings.body_seconds)
        name, password = form.get("name", ""), form.get("password", "")
        return await self.parts.signing_in.run(self._by_password, request, name, password)

    async def out(self, request: Request) -> Response:
        """End the session and take its cookie away."""
        await form_of(request, SESSION_COOKIE, self.parts.settings.body_seconds)
        await self.parts.admitting.run(self.sessions.end, request.cookies[SESSION_COOKIE])
        answer = RedirectResponse("/sign-in", HTTPStatus.SEE_OTHER)
        answer.delete_cookie(SESSION_COOKIE, httponly=True, samesite="strict")
        return answer

    async def style(self, request: Request) -> Response:
        """Give the style of the form to who is not signed in yet."""
        return stylesheet().answer(request)

    async def icon(self, _: Request) -> Response:
        """Give the icon of its window."""
        return FileResponse(STATIC / "icon.svg")

    async def to_provider(self, request: Request) -> Response:
        """Lead to the trust's provider."""
        return await to_provider(request, self._provider())

    async def from_provider(self, request: Request) -> Response:
        """Let somebody in who comes back from the provider, if one of their groups may."""
        provider = self._provider()
        claims = await from_provider(request, provider)
        name, group = name_of(claims, provider), provider.group_of(claims)
        if group is None:
            raise Problem(HTTPStatus.FORBIDDEN, "your account is in no group that may use this service")
        return await self.parts.admitting.run(
            self.let_in, request, name, "provider", group, self.parts.guard.clock()
        )

    def _provider(self) -> Described:
        described = self.sessions.provider.described()
        if described is None:
            raise Problem(HTTPStatus.NOT_FOUND, "no provider of sign-ins is set up here")
        return described

    def _by_link(self, request: Request, code: str) -> Response:
        now = self.parts.guard.clock()
        role = use_link_code(self.parts.settings.links, code, now)
        if role is None:
            raise Problem(HTTPStatus.UNAUTHORIZED, USED)
        return self.let_in(request, "by a link", "link", role, now)

    def _by_password(self, request: Request, name: str, password: str) -> Response:
        now = self.parts.guard.clock()
        tried = accounts.sign_in(self.parts.store, name, password, now)
        if tried.wait_seconds:
            seconds = math.ceil(tried.wait_seconds)
            said = f"Too many wrong passwords for this name: try again in {seconds} seconds."
            answer = self._asked(request, said, HTTPStatus.TOO_MANY_REQUESTS)
            answer.headers["Retry-After"] = str(seconds)
            return answer
        if tried.account is None:
            self._note("sign in", "a stranger", now, "minor failure")
            return self._asked(request, WRONG, HTTPStatus.UNAUTHORIZED)
        return self.let_in(request, name, "account", str(tried.account.number), now)

    def let_in(self, request: Request, name: str, origin: Origin, stands_on: str, now: datetime) -> Response:
        """Begin a session and give its cookie, with a page that leads on.

        Not a redirect: after one from another site's link a browser would hold the strict cookie back.
        """
        before = request.cookies.get(SESSION_COOKIE, "")
        cookie = self.sessions.begin(name, origin, stands_on, now, before)
        if self.sessions.caller(cookie, now) is None:
            raise Problem(HTTPStatus.FORBIDDEN, "your account was removed here")
        self._note("sign in", name, now, "success")
        answer = page("signed_in", SignedIn(), Visitor())
        answer.headers["Refresh"] = "0; url=/"
        lasts = int(SESSION_LASTS.total_seconds())
        _set(answer, request, SESSION_COOKIE, cookie, lasts)
        answer.delete_cookie(FORM_COOKIE, httponly=True, samesite="strict")
        return answer

    def _asked(self, request: Request, fault: str = "", status: int = HTTPStatus.OK) -> Response:
        cookie = request.cookies.get(FORM_COOKIE) or new_secret()
        offered = self.sessions.provider.described() is not None
        answer = page("sign_in", SignIn(fault, offered), Visitor(form_token=form_token(cookie)), status)
        _set(answer, request, FORM_COOKIE, cookie, None)
        return answer

    def _note(self, operation: str, name: str, at: datetime, outcome: str) -> None:
        with self.parts.store.writing() as connection:
            self.parts.store.audit(connection, at, audit_event(operation, "E", at, name, outcome=outcome))


def _set(answer: Response, request: Request, name: str, value: str, seconds: int | None) -> None:
    secure = "https" in (request.url.scheme, request.headers.get("x-forwarded-proto"))  # by a proxy with TLS
    answer.set_cookie(name, value, max_age=seconds, secure=secure, httponly=True, samesite="strict")

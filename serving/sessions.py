"""Sessions of people: kept by the service, so that each can be ended; locked when nobody uses them."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from serving.access import Caller, Grant, granted
from serving.provider import Provider
from serving.secret_file import new_secret
from serving.store import sessions
from serving.store.accounts import Account, account_of
from serving.store.digest import digest
from serving.store.sessions import Origin, Session
from serving.store.store import Store

SESSION_COOKIE = "homeward_session"
SESSION_LASTS = timedelta(hours=12)  # one shift
NOTED_EVERY = timedelta(seconds=60)  # that a session is in use


@dataclass(frozen=True)
class Sessions:
    """Begins, finds and ends sessions; `idle` is how long nobody may use one before it is locked."""

    store: Store
    provider: Provider
    idle: timedelta

    def begin(self, name: str, origin: Origin, stands_on: str, at: datetime, before: str = "") -> str:
        """Return the cookie of a new session; the one before, in the same browser, has ended."""
        cookie = new_secret()
        new = Session(_digest(cookie), name, origin, stands_on, at, at)
        with self.store.writing() as connection:
            sessions.end(connection, _digest(before))
            sessions.begin(connection, new, SESSION_LASTS)
        return cookie

    def end(self, cookie: str) -> None:
        """End a session."""
        with self.store.writing() as connection:
            sessions.end(connection, _digest(cookie))

    def caller(self, cookie: str, at: datetime, used: bool = True) -> Caller | None:
        """Return who a cookie is of, and what they may do now; None for a session that has ended or is locked.

        What it stands on is asked each time: who lost an account, a group or a role has lost the session.
        A page that brings itself up to date has not `used` it: a board that nobody looks at locks.
        """
        with self.store.reading() as connection:
            session = sessions.session_of(connection, _digest(cookie))
            if session is None or not self._runs(session, at):
                return None
            grant = self._grant(session, account_of(connection, session.name))
        if grant is None:
            return None
        if used and at - session.seen_at > NOTED_EVERY:
            with self.store.writing(lasting=False) as connection:
                sessions.seen(connection, session.digest, at)
        return Caller(grant.role, f"{grant.role} {session.name}", grant.sites)

    def _runs(self, session: Session, at: datetime) -> bool:
        return at - session.began_at < SESSION_LASTS and at - session.seen_at < self.idle

    def _grant(self, session: Session, account: Account | None) -> Grant | None:
        """Return what a session stands on, as it is now."""
        if session.origin == "link":
            return granted(session.stands_on, None)
        if account is not None and account.ended:
            return None
        if session.origin == "provider":
            return self.provider.grant(session.stands_on)
        own = account is not None and str(account.number) == session.stands_on
        return granted(account.role, account.sites) if account is not None and own else None


def form_token(cookie: str) -> str:
    """Return what every form of a session must bring: another site cannot know it.

    It follows from the cookie, which no page can read, and tells nothing of it.
    """
    return hmac.new(cookie.encode("utf-8", "surrogatepass"), b"a form of ours", "sha256").hexdigest()


def brings(token: str, cookie: str) -> bool:
    """Tell whether a form brought its session's token, in a time that does not depend on it."""
    return bool(cookie) and hmac.compare_digest(
        token.encode("utf-8", "surrogatepass"), form_token(cookie).encode()
    )


def _digest(cookie: str) -> str:
    return digest(cookie.encode("utf-8", "surrogatepass"))

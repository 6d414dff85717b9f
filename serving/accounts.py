"""Accounts of people who sign in with a name and a password, kept as argon2 digests."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from features.errors import HomewardError
from serving.access import Role
from serving.store import sessions
from serving.store.accounts import Account, account_of, decide
from serving.store.store import Store

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 256


class AccountFault(HomewardError):
    """An account cannot be made or changed as was asked."""


@dataclass(frozen=True)
class Tried:
    """What became of a name and a password: the account, or how long to wait before the next try."""

    account: Account | None
    wait_seconds: float = 0.0


def sign_in(store: Store, name: str, password: str, at: datetime) -> Tried:
    """Try a name and a password; after wrong ones each try must wait longer, and is not looked at before.

    A name that is nobody's takes as long, and waits as long, as one that is somebody's.
    """
    with store.reading() as connection:
        wait = sessions.seconds_to_wait(connection, name, at)
        account = account_of(connection, name) if NAME.fullmatch(name) else None
    if wait:
        return Tried(None, wait)
    known = account is not None and not account.ended and account.password is not None
    right = _fits(account.password if account is not None and known else None, password)
    with store.writing() as connection:
        if right:
            sessions.succeeded(connection, name)
        else:
            sessions.failed(connection, name, at)
    return Tried(account if right else None)


def add(
    store: Store, name: str, password: str, role: Role, sites: Iterable[str] | None, at: datetime, by: str
) -> None:
    """Make an account, or change one; its sessions end.  Raises AccountFault for what cannot be one."""
    if not NAME.fullmatch(name):
        raise AccountFault("a name must be 1 to 64 of a-z, 0-9, dot, hyphen and underscore")
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise AccountFault(f"a password must have {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters")
    kept = None if sites is None else frozenset(sites)
    account = Account(name, role, kept, _hasher().hash(password))
    with store.writing() as connection:
        decide(store, connection, account, at, by, "user add")
        sessions.end_all_of(connection, name)


def remove(store: Store, name: str, at: datetime, by: str) -> int:
    """Let somebody in no more, and end their sessions, of which the number is returned.

    It works for people of the provider too, whom it would let in otherwise.
    """
    with store.writing() as connection:
        known = account_of(connection, name) or Account(name, "", None, None)
        decide(store, connection, replace(known, ended=True), at, by, "user remove")
        return sessions.end_all_of(connection, name)


def restore(store: Store, name: str, at: datetime, by: str) -> None:
    """Let somebody in again who was removed; raises AccountFault if nobody of that name was."""
    with store.writing() as connection:
        known = account_of(connection, name)
        if known is None or not known.ended:
            raise AccountFault("nobody of that name was removed")
        decide(store, connection, replace(known, ended=False), at, by, "user restore")


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()  # argon2id, as RFC 9106 advises where memory is short


@cache
def _nobodys() -> str:
    return _hasher().hash("nobody's password, so that a name that is nobody's takes as long")


def _fits(kept: str | None, password: str) -> bool:
    try:
        _hasher().verify(kept or _nobodys(), password)
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None

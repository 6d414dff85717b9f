"""What was decided about people: rows that are only added, each held by the audit; the newest counts."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sql

from serving.fhir import Action, audit_event, entity
from serving.store.digest import digest_of_all
from serving.store.store import Store
from serving.store.tables import ACCOUNTS, row_seal

ACCOUNT = "accounts"


@dataclass(frozen=True)
class Account:
    """A person as decided last: the role, the sites (None: all), and the digest of the password.

    Who signs in at the provider has no password here; an account that has ended lets nobody in.
    """

    name: str
    role: str
    sites: frozenset[str] | None
    password: str | None
    ended: bool = False
    number: int = 0


def account_of(connection: sql.Connection, name: str) -> Account | None:
    """Return the account of a name as it is now, None if there never was one."""
    own = sql.select(ACCOUNTS).where(ACCOUNTS.c.name == name).order_by(ACCOUNTS.c.number.desc()).limit(1)
    row = connection.execute(own).first()
    return _account(row) if row is not None else None


def accounts(connection: sql.Connection) -> list[Account]:
    """Return every account as it is now, by name."""
    newest = {row.name: _account(row) for row in connection.execute(sql.select(ACCOUNTS).order_by("number"))}
    return [newest[name] for name in sorted(newest)]


def decide(
    store: Store, connection: sql.Connection, account: Account, at: datetime, by: str, operation: str
) -> None:
    """Write what is decided about a person, with its row of the audit."""
    last = connection.execute(sql.select(sql.func.coalesce(sql.func.max(ACCOUNTS.c.number), 0))).scalar_one()
    row = {
        "number": last + 1,
        "name": account.name,
        "role": account.role,
        "sites": None if account.sites is None else json.dumps(sorted(account.sites)),
        "password": account.password,
        "ended": account.ended,
        "made_at": at,
    }
    action: Action = "D" if account.ended else "U"
    about = [entity(ACCOUNT, account.name, sha256=digest_of_all([row_seal(ACCOUNTS, row)]))]
    number = store.audit(connection, at, audit_event(operation, action, at, by, about))
    connection.execute(ACCOUNTS.insert(), [{**row, "audit": number}])


def _account(row: Any) -> Account:
    sites = None if row.sites is None else frozenset(json.loads(row.sites))
    return Account(row.name, row.role, sites, row.password, row.ended, row.number)

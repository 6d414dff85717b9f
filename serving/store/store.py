"""The store as the service holds it: a database, and the key that seals its audit chain."""

import hmac
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sql
from sqlalchemy.exc import SQLAlchemyError

from serving.keys import KeyFile, Keys
from serving.store.database import Database, StoreFault
from serving.store.digest import canonical, digest
from serving.store.migrate import migrate
from serving.store.tables import AUDIT, WRITE_CHECK
from serving.store.vault import VAULT, Vault, current, fitting

if TYPE_CHECKING:
    from serving.settings import Settings

KEY_BYTES = 32
WRITABLE_FOR_SECONDS = 1.0
BEGINNING = "0" * 64


class Store:
    """A database at the newest tables, every change of which leaves a sealed row in the audit."""

    def __init__(self, url: str, key: bytes, keys: Keys) -> None:
        """Open a database and bring it to the newest tables.

        `key` seals the audit; `keys` are for pseudonyms and what is encrypted.  Raises StoreFault if that
        cannot be, and KeyFault if the database was written with other keys.
        """
        self.database = Database(url)
        self._key = key
        self._written_until = 0.0
        self.revision = migrate(self.database)
        self._vault = Vault(key, keys, fitting(self.database, keys))

    @contextmanager
    def reading(self) -> Iterator[sql.Connection]:
        """Give a connection that sees one state of the store."""
        with self.database.reading() as connection:
            yield connection.execution_options(**{VAULT: self._vault})

    @contextmanager
    def writing(self, lasting: bool = True) -> Iterator[sql.Connection]:
        """Give the one connection that may write; all of it is on disk when this ends, or none is.

        What need not outlast a power failure is not `lasting`.
        """
        with self.database.writing(lasting) as connection:
            self._vault.follow(current(connection))
            yield connection.execution_options(**{VAULT: self._vault})

    def audit(self, connection: sql.Connection, at: datetime, event: Mapping[str, Any]) -> int:
        """Append an operation to the audit, in the transaction that does it, and return its number."""
        last = connection.execute(
            sql.select(AUDIT.c.number, AUDIT.c.seal).order_by(AUDIT.c.number.desc()).limit(1)
        )
        before, seal = last.first() or (0, BEGINNING)
        details, number = canonical(event), int(before) + 1
        sealed = self.seal(seal, number, at, digest(details))
        row = {"number": number, "made_at": at, "details": details.decode(), "seal": sealed}
        connection.execute(AUDIT.insert(), [{**row, "details_digest": digest(details)}])
        return number

    def seal(self, before: str, number: int, made_at: datetime, details_digest: str) -> str:
        """Return the seal of an audit row: nobody without the key can make one, and it holds the one before."""
        content = f"{before} {number} {made_at.timestamp():.6f} {details_digest}"
        return hmac.new(self._key, content.encode(), "sha256").hexdigest()

    def derived(self, purpose: str) -> str:
        """Return a secret for another purpose, which tells nothing of the key that it follows from."""
        return hmac.new(self._key, f"for {purpose}".encode(), "sha256").hexdigest()

    def fits(self) -> bool:
        """Tell whether the audit was sealed with our key: its first row, or its newest, as one may be altered.

        An audit without a row fits every key.
        """
        with self.reading() as connection:
            first = connection.execute(sql.select(AUDIT).order_by(AUDIT.c.number).limit(1)).all()
            last = connection.execute(sql.select(AUDIT).order_by(AUDIT.c.number.desc()).limit(2)).all()
        rows = [*zip(first, [BEGINNING], strict=False), *((row, prior.seal) for row, prior in pairwise(last))]
        return not first or any(
            row.seal == self.seal(before, row.number, row.made_at, row.details_digest) for row, before in rows
        )

    def writable(self) -> bool:
        """Tell whether a row can be brought to disk now, or could within the last second: anybody may ask."""
        if time.monotonic() < self._written_until:
            return True
        try:
            with self.writing() as connection:
                connection.execute(WRITE_CHECK.delete())
                connection.execute(WRITE_CHECK.insert(), [{"written": 1}])
        except (StoreFault, SQLAlchemyError):
            return False
        self._written_until = time.monotonic() + WRITABLE_FOR_SECONDS
        return True

    def close(self) -> None:
        """Close every connection."""
        self.database.close()


def opened(settings: "Settings") -> Store:
    """Return the store that settings name; raises StoreFault if it cannot be opened, or its keys are others."""
    key = audit_key(settings.audit_key_file)
    return Store(settings.database_url, key, KeyFile(settings.pseudonym_key_file))


def audit_key(file: Path) -> bytes:
    """Return the key that seals the audit chain, made where there is none, for this user's eyes only.

    It lies apart from the database, so that whoever can change rows cannot seal them.  Raises StoreFault
    if it cannot be read or is too short.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(secrets.token_hex(KEY_BYTES) + "\n", "ascii")
        key = bytes.fromhex(file.read_text("ascii").strip())
    except (OSError, ValueError) as error:
        raise StoreFault(f"the audit's key {file.name} cannot be read: {type(error).__name__}") from error
    if len(key) < KEY_BYTES:
        raise StoreFault(f"the audit's key {file.name} must hold at least {2 * KEY_BYTES} hexadecimal digits")
    return key

"""What turns values into what may lie in a database, and back, with keys that lie apart from it."""

import hmac
import os
from collections.abc import Sequence

import sqlalchemy as sql
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from serving.keys import KeyFault, Keyring, Keys, Place, Purpose
from serving.store.database import Database, StoreFault
from serving.store.tables import KEYS

VAULT = "homeward_vault"  # the option of a connection that holds the vault of its store
NONCE_BYTES = 12
HEAD_BYTES = 1 + NONCE_BYTES  # of what is encrypted: the number of its key and the nonce


class Vault:
    """Encrypts, and makes pseudonyms and digests that nobody without the keys can make or guess.

    Another process may add a key meanwhile: what one number more names is read anew.
    """

    def __init__(self, audit_key: bytes, keys: Keys, ring: Keyring) -> None:
        self.keys = keys
        self._audit_key, self._ring = audit_key, ring
        self._ciphers: dict[tuple[Purpose, int], AESGCM] = {}

    @property
    def ring(self) -> Keyring:
        """The keys as they were read last."""
        return self._ring

    def follow(self, numbers: dict[Purpose, int]) -> None:
        """Read the keys anew if the database was written with newer ones; raises KeyFault if none are there."""
        if any(number > self._ring.newest(purpose) for purpose, number in numbers.items()):
            self._ring = self.keys.read()
            for purpose, number in numbers.items():
                self._ring.key(purpose, number)

    def digest(self, content: bytes) -> str:
        """Return a digest, in hexadecimal, that nobody without the audit's key can make: so none can guess."""
        return hmac.digest(self._audit_key, b"digest " + content, "sha256").hex()

    def pseudonym(self, patient_id: str, number: int) -> str:
        """Return the pseudonym of a patient under the keys up to a number."""
        found = patient_id
        for each in range(1, number + 1):
            found = self.renewed(found, each)
        return found

    def renewed(self, pseudonym: str, number: int) -> str:
        """Return the next pseudonym of a patient from the one before, under the key of a number."""
        key = self._ring.key("pseudonyms", number)
        return hmac.digest(key, pseudonym.encode("utf-8", "surrogatepass"), "sha256").hex()

    def encrypted(self, place: str, row: object, content: bytes, purpose: Purpose = "inputs") -> bytes:
        """Return content as it may lie in a row: the number of its key, a nonce, and what AES-GCM makes of it.

        `place` is its table and column; moved elsewhere, or to another row, it does not open.
        """
        number, nonce = self._ring.newest(purpose), os.urandom(NONCE_BYTES)
        cipher = self._cipher(purpose, number)
        return bytes([number]) + nonce + cipher.encrypt(nonce, content, f"{place} {row}".encode())

    def decrypted(self, place: str, row: object, content: bytes, purpose: Purpose = "inputs") -> bytes:
        """Return what was encrypted; raises StoreFault if it was altered or moved, or its key is another."""
        return self.all_decrypted(place, [row], [content], purpose)[0]

    def all_decrypted(
        self, place: str, rows: Sequence[object], contents: Sequence[bytes], purpose: Purpose = "inputs"
    ) -> list[bytes]:
        """Return what was encrypted in some rows of one place: a round opens tens of thousands.

        Raises StoreFault as for one.
        """
        if min(map(len, contents), default=HEAD_BYTES) < HEAD_BYTES:
            raise StoreFault(f"{place}: a row was altered and cannot be opened")
        numbers = {content[0] for content in contents}
        self.follow({purpose: max(numbers, default=0)})
        opens = {number: self._cipher(purpose, number).decrypt for number in numbers}
        try:
            return [
                opens[content[0]](content[1:HEAD_BYTES], content[HEAD_BYTES:], f"{place} {row}".encode())
                for row, content in zip(rows, contents, strict=True)
            ]
        except InvalidTag:
            raise StoreFault(f"{place}: a row was altered, or encrypted with another key") from None

    def _cipher(self, purpose: Purpose, number: int) -> AESGCM:
        if (purpose, number) not in self._ciphers:
            self._ciphers[purpose, number] = AESGCM(self._ring.key(purpose, number))
        return self._ciphers[purpose, number]


def vault_of(connection: sql.Connection) -> Vault:
    """Return the vault of the store that opened a connection."""
    vault: Vault = connection.get_execution_options()[VAULT]
    return vault


def fitting(database: Database, keys: Keys) -> Keyring:
    """Return the keys of a database, made where it is new.

    Raises KeyFault if they are not those that it was written with: with others every patient would be a new
    person.
    """
    with database.reading() as connection:
        known = marks(connection)
    if not known:
        with database.writing() as connection:
            known = marks(connection)  # another worker may have been first
            if not known:
                ring = keys.made()
                _keep(connection, ring.marks())
                return ring
    ring = keys.read()
    if not known.items() <= ring.marks().items():
        raise KeyFault(
            "the database was written with other keys than those of HOMEWARD_PSEUDONYM_KEY_FILE: name its own, "
            "or put them back from your copy"
        )
    return ring


def marks(connection: sql.Connection) -> dict[Place, str]:
    """Return the mark of each key that a database was written with."""
    return {(row.purpose, row.number): row.mark for row in connection.execute(sql.select(KEYS))}


def current(connection: sql.Connection) -> dict[Purpose, int]:
    """Return the number of the key that a database is at, for each purpose."""
    newest = sql.select(KEYS.c.purpose, sql.func.max(KEYS.c.number)).group_by(KEYS.c.purpose)
    return {row[0]: row[1] for row in connection.execute(newest)}


def next_key(connection: sql.Connection, purpose: Purpose) -> int:
    """Add a key of a purpose, in a file and then in the transaction, and return its number.

    A key that is in the file and not in the database is of a rotation that was interrupted: that one is taken.
    """
    vault = vault_of(connection)
    number = current(connection)[purpose] + 1
    if vault.keys.read().newest(purpose) < number:
        vault.keys.added(purpose)
    vault.follow({purpose: number})
    _keep(connection, {(purpose, number): vault.ring.marks()[purpose, number]})
    return number


def _keep(connection: sql.Connection, known: dict[Place, str]) -> None:
    rows = [{"purpose": purpose, "number": number, "mark": mark} for (purpose, number), mark in known.items()]
    connection.execute(KEYS.insert(), rows)

"""Who is who: what a ward system calls a patient never lies in the database, only a pseudonym under our keys.

Everything that is stored and computed names a *person*: ten letters and digits that mean nothing, which stay
when the keys are changed.
"""

import secrets
from collections.abc import Collection, Iterable, Mapping

import sqlalchemy as sql

from serving.store import followed
from serving.store.chunks import chunks
from serving.store.tables import PEOPLE, PREDICTIONS, STAY_FACTS
from serving.store.vault import Vault, current, vault_of

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no letter that is read out as another
LETTERS = 10  # 50 bits: among a million people the chance that the next is one of them is one in a billion
MISREAD = str.maketrans("OIL", "011", "- ")


def new_person() -> str:
    """Return a person that nobody has been yet.

    >>> len(new_person())
    10
    """
    drawn = secrets.randbits(5 * LETTERS)
    return "".join(ALPHABET[drawn >> 5 * place & 31] for place in range(LETTERS))


def as_written(person: str) -> str:
    """Return a person as the database has it, from how somebody wrote it down.

    >>> as_written("7k3q-x9m2to")
    '7K3QX9M2T0'
    """
    return person.upper().translate(MISREAD)


def known(connection: sql.Connection, patient_ids: Iterable[str]) -> dict[str, str]:
    """Return the person of each patient who is known, by what a ward system calls them."""
    pseudonyms = _pseudonyms(connection, patient_ids)
    return _found(connection, pseudonyms)


def introduced(
    connection: sql.Connection, patient_ids: Iterable[str], proposed: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the person of each patient; who is new is kept, as the person proposed or as a new one."""
    pseudonyms = _pseudonyms(connection, patient_ids)
    found = _found(connection, pseudonyms)
    new = {
        name: (proposed or {}).get(name) or new_person() for name in pseudonyms.values() if name not in found
    }
    if new:
        vault, number = vault_of(connection), current(connection)["pseudonyms"]
        rows = [
            _row(vault, new[name], pseudonym, number) for pseudonym, name in pseudonyms.items() if name in new
        ]
        connection.execute(PEOPLE.insert(), rows)
    return {**found, **new}


def remaining(connection: sql.Connection, people: Collection[str]) -> set[str]:
    """Return which of some people are still known: others were erased meanwhile."""
    found: set[str] = set()
    for some in chunks(sorted(people)):
        found |= set(connection.execute(sql.select(PEOPLE.c.person).where(PEOPLE.c.person.in_(some))).scalars())
    return found


def forget(connection: sql.Connection, people: Collection[str]) -> int:
    """Take away those of some people of whom nothing is kept, and return how many that were."""
    forgotten = sorted(set(people) - _named(connection, people))
    for some in chunks(forgotten):
        connection.execute(PEOPLE.delete().where(PEOPLE.c.person.in_(some)))
    followed.forget(connection, forgotten)
    return len(forgotten)


def renew(connection: sql.Connection, number: int) -> int:
    """Give everybody the pseudonym under one key more, and return how many people there are."""
    vault = vault_of(connection)
    rows = [
        _row(vault, row.person, vault.renewed(row.pseudonym, number), number)
        for row in connection.execute(sql.select(PEOPLE))
    ]
    connection.execute(PEOPLE.delete())  # a PostgreSQL takes minutes for a million updates
    if rows:
        connection.execute(PEOPLE.insert(), rows)
    return len(rows)


def faults(connection: sql.Connection) -> list[str]:
    """Return what is wrong with the table of people, in sentences: altered, added or removed rows."""
    vault, number = vault_of(connection), current(connection).get("pseudonyms", 0)
    rows = connection.execute(sql.select(PEOPLE)).all()
    altered = sum(row.seal != seal(vault, row.person, row.pseudonym, number) for row in rows)
    named = {
        person
        for column in (STAY_FACTS.c.person, PREDICTIONS.c.person)
        for person in connection.execute(sql.select(column).where(column.is_not(None)).distinct()).scalars()
    }
    lost = len(named ^ {row.person for row in rows})
    said = (
        (altered, "were altered or added"),
        (lost, "are missing or belong to nothing that is kept"),
    )
    return [f"people: {count:,} rows {what}" for count, what in said if count]


def seal(vault: Vault, person: str, pseudonym: str, number: int) -> str:
    """Return what only who holds the audit's key can make of a row of the table."""
    return vault.digest(f"person {person} {pseudonym} {number}".encode())


def _row(vault: Vault, person: str, pseudonym: str, number: int) -> dict[str, str]:
    return {"person": person, "pseudonym": pseudonym, "seal": seal(vault, person, pseudonym, number)}


def _pseudonyms(connection: sql.Connection, patient_ids: Iterable[str]) -> dict[str, str]:
    """Return the patient behind each pseudonym, under the keys that the database is at."""
    vault, numbers = vault_of(connection), current(connection)
    vault.follow(numbers)
    return {vault.pseudonym(name, numbers["pseudonyms"]): name for name in sorted(set(patient_ids))}


def _found(connection: sql.Connection, pseudonyms: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for some in chunks(list(pseudonyms)):
        rows = connection.execute(
            sql.select(PEOPLE.c.pseudonym, PEOPLE.c.person).where(PEOPLE.c.pseudonym.in_(some))
        )
        found |= {pseudonyms[pseudonym]: str(person) for pseudonym, person in rows}
    return found


def _named(connection: sql.Connection, people: Collection[str]) -> set[str]:
    """Return which of some people a fact or a prediction names."""
    found: set[str] = set()
    for some in chunks(sorted(people)):
        for column in (STAY_FACTS.c.person, PREDICTIONS.c.person):
            found |= set(connection.execute(sql.select(column).where(column.in_(some)).distinct()).scalars())
    return found

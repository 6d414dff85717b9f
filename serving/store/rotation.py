"""Changing keys: a new one is added to its file, and what the database holds follows."""

from datetime import datetime

from serving.fhir import audit_event, entity
from serving.keys import Purpose
from serving.store import people
from serving.store.store import Store
from serving.store.vault import next_key


def rotate(store: Store, purpose: Purpose, at: datetime, by: str) -> int:
    """Add a key of a purpose, and return its number; running workers take it from then on.

    With a new one for pseudonyms everybody gets a new pseudonym in this one transaction, and keeps the
    person under which they are stored: who knew the old pseudonyms knows nobody any more.  A new one for
    inputs is for what is written from now on.  Raises KeyFault if the keys file cannot be written.
    """
    with store.writing() as connection:
        number = next_key(connection, purpose)
        count = people.renew(connection, number) if purpose == "pseudonyms" else 0
        about = entity("key", purpose, number=number, people=count)
        store.audit(connection, at, audit_event("rotate", "U", at, by, [about]))
    return number

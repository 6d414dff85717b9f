"""Facts as they lie in their tables: what they say is encrypted, and equal facts are told by a keyed digest."""

import json
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

from serving.census import EventFact, StayFact
from serving.store.digest import canonical
from serving.store.tables import EVENTS, STAY_FACTS
from serving.store.vault import Vault

BODY, SAID = f"{STAY_FACTS.name}.body", f"{EVENTS.name}.said"
NUMBER = struct.Struct("<d")  # NaN for none: no fact can hold one
TEXT_AT = NUMBER.size
TEXT = b"="  # comes before a text, so that an empty one is not none


def stay_row(vault: Vault, fact: StayFact, number: int) -> dict[str, Any]:
    """Return the row of a fact about a stay, but for its digest; it must name a person and not a patient."""
    return {
        "number": number,
        "admission_id": fact.admission_id,
        "kind": fact.kind,
        "recorded_at": fact.recorded_at,
        "void": fact.void,
        "person": fact.body.get("patient_id"),
        "body": vault.encrypted(BODY, number, canonical(fact.body)),
    }


def event_row(vault: Vault, fact: EventFact, number: int) -> dict[str, Any]:
    """Return the row of an event, but for its digest."""
    said = NUMBER.pack(np.nan if fact.number is None else fact.number)
    text = b"" if fact.text is None else TEXT + fact.text.encode()
    return {
        "number": number,
        "admission_id": fact.admission_id,
        "happened_at": fact.happened_at,
        "recorded_at": fact.recorded_at,
        "name": fact.name,
        "said": vault.encrypted(SAID, number, said + text),
    }


def digest_of(vault: Vault, fact: StayFact | EventFact) -> str:
    """Return what tells a fact from others; who has the database alone cannot try what it may say."""
    return vault.digest(fact.digest.encode())


def body_of(vault: Vault, number: int, body: bytes) -> dict[str, Any]:
    """Return what a fact about a stay says; raises StoreFault if it cannot be opened."""
    read: dict[str, Any] = json.loads(vault.decrypted(BODY, number, body))
    return read


def said_in(
    vault: Vault, numbers: Sequence[int], said: Sequence[bytes]
) -> tuple[np.ndarray[Any, np.dtype[np.float64]], list[str | None]]:
    """Return the numbers (NaN for none) and the texts of events; raises StoreFault if one cannot be opened."""
    opened = vault.all_decrypted(SAID, numbers, said)
    found = np.frombuffer(b"".join([each[:TEXT_AT] for each in opened]), "<f8")
    return found, [each[TEXT_AT + 1 :].decode() if len(each) > TEXT_AT else None for each in opened]

"""Who is behind a stay, for a coordinator's eyes: apart from everything else, under a key of its own.

Nothing that predicts, learns, logs or exports reads this table.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sql

from serving.fhir import audit_event, entity
from serving.keys import Purpose
from serving.store.chunks import chunks
from serving.store.digest import canonical, digest_of_all
from serving.store.facts import Receipt
from serving.store.numbers import last_number
from serving.store.store import Store
from serving.store.tables import IDENTITIES, row_seal
from serving.store.vault import vault_of

IDENTITY = "identities"
CONTENT = f"{IDENTITIES.name}.content"
PURPOSE: Purpose = "identity"


@dataclass(frozen=True)
class Identity:
    """How a person is called and told from others of the name; a part that was not sent is None."""

    name: str
    hospital_number: str | None = None
    born_on: str | None = None


def keep(
    store: Store,
    connection: sql.Connection,
    admission_id: str,
    identity: Identity,
    recorded_at: datetime,
    receipt: Receipt,
) -> bool:
    """Keep who is behind a stay, with its row of the audit; tells whether it is new."""
    told = [(row.recorded_at, opened) for row, opened in _rows(connection, [admission_id])]
    if (recorded_at, identity) in told:
        return False
    number = last_number(connection, IDENTITIES) + 1
    content = vault_of(connection).encrypted(CONTENT, number, canonical(asdict(identity)), PURPOSE)
    row = {
        "number": number,
        "admission_id": admission_id,
        "recorded_at": recorded_at,
        "content": content,
        "received_at": receipt.at,
        "sent_by": receipt.by,
    }
    about = [entity(IDENTITY, "1", sha256=digest_of_all([row_seal(IDENTITIES, row)]))]
    event = audit_event(receipt.operation, receipt.action, receipt.at, receipt.by, about)
    connection.execute(IDENTITIES.insert(), [{**row, "audit": store.audit(connection, receipt.at, event)}])
    return True


def identities_of(connection: sql.Connection, admission_ids: Sequence[str]) -> dict[str, Identity]:
    """Return who is behind each of some stays, as recorded last; who asks must note whom in the audit."""
    return {row.admission_id: opened for row, opened in _rows(connection, admission_ids)}


def _rows(connection: sql.Connection, admission_ids: Sequence[str]) -> list[tuple[Any, Identity]]:
    """Return what was told of some stays, that recorded last at the end."""
    vault, found = vault_of(connection), []
    order = (IDENTITIES.c.recorded_at, IDENTITIES.c.number)
    for some in chunks(admission_ids):
        own = sql.select(IDENTITIES).where(IDENTITIES.c.admission_id.in_(some)).order_by(*order)
        for row in connection.execute(own):
            content = vault.decrypted(CONTENT, row.number, row.content, PURPOSE)
            found.append((row, Identity(**json.loads(content))))
    return found

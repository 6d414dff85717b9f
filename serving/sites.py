"""A site sees its own rows only: what somebody of some sites sends must be of these too."""

from collections.abc import Collection
from typing import TYPE_CHECKING

import sqlalchemy as sql

from serving.access import Caller
from serving.errors import not_your_site
from serving.schema import PredictRequest
from serving.store import facts

if TYPE_CHECKING:
    from serving.door import Sent


def must_be_asked_by(caller: Caller, request: PredictRequest) -> None:
    """Raise Problem (403) with every stay of a question that is of another site, or names none."""
    strange = [place for place, row in enumerate(request.admissions) if not caller.sees(row.site)]
    if strange:
        raise not_your_site([f"/admissions/{place}/site" for place in strange])


def must_be_told_by(caller: Caller, sent: "Sent", connection: sql.Connection) -> None:
    """Raise Problem (403) if facts are of another site's stay, as they say or as the census knows.

    What is told of a stay before its admission cannot be known to be another's, and is kept.
    """
    if caller.sites is None:
        return
    if any(
        fact.kind == "admission" and not fact.void and not caller.sees(fact.body.get("site"))
        for fact in sent.stays
    ):
        raise not_your_site(["/site"])
    stays = {fact.admission_id for fact in sent.stays} | {fact.admission_id for fact in sent.events}
    must_see(caller, stays, connection)


def must_see(caller: Caller, admission_ids: Collection[str], connection: sql.Connection) -> None:
    """Raise Problem (403) if the census knows one of some stays as another site's."""
    if caller.sites is None:
        return
    if not all(caller.sees(site) for site in facts.sites_of(connection, sorted(admission_ids)).values()):
        raise not_your_site()

"""Who looks at which board: what they see, once it is in the audit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sql

from serving.access import NAMES, Caller
from serving.fhir import audit_event, entity
from serving.parts import Parts
from serving.standing import ON_A_BOARD, Standing, standing_of
from serving.store import identities, log
from serving.store.followed import followed_by
from serving.store.identities import Identity
from serving.store.log import LoggedPrediction
from serving.store.told import told_of
from serving.wards import Board, board_of, boards

A_DAY_AGO = timedelta(hours=20)  # a round at the same hour a day before was made late, or a clock has changed
NOTHING = Standing()


@dataclass(frozen=True)
class Seen:
    """A board as somebody sees it, each mapping by stay.

    `identities` has who is behind it, where they may know; `standing` what people and systems have told since;
    `before` what the ward's board said a day ago; `own` are the people whom they follow.
    """

    board: Board
    identities: Mapping[str, Identity] = field(default_factory=dict)
    standing: Mapping[str, Standing] = field(default_factory=dict)
    before: Mapping[str, LoggedPrediction] = field(default_factory=dict)
    own: frozenset[str] = frozenset()

    def standing_of(self, admission_id: str) -> Standing:
        """Return what stands of a stay."""
        return self.standing.get(admission_id, NOTHING)


def read_board(
    parts: Parts, ward: str, site: str, caller: Caller, operation: str, for_a_page: bool = True
) -> Seen | None:
    """Return what the board of a ward shows now, once it is in the audit who read it, and whose names.

    What a page alone shows beside the predictions is read only `for_a_page`.  None for a ward that was never
    predicted, and for one of a site that is not the caller's.
    """
    now = parts.guard.clock()
    if not caller.sees(site):
        return None
    with parts.store.reading() as connection:
        board = board_of(connection, ward, site, parts.releases.current().predictor.facts, now)
        if board is None:
            return None
        stays = {row.admission_id: row.person for row in board.predictions}
        names = identities.identities_of(connection, list(stays)) if caller.role in NAMES else {}
        seen = Seen(board, names)
        if for_a_page:
            standing, before = _standing(connection, list(stays), now), _before(connection, board)
            seen = Seen(board, names, standing, before, followed_by(connection, caller.name))
    about = [entity("ward", f"{ward} {site}".strip(), predictions=len(stays))]
    about += [entity("name-of-person", stays[stay]) for stay in sorted(names)]
    with parts.store.writing() as connection:
        parts.store.audit(connection, now, audit_event(operation, "R", now, caller.name, about))
    return seen


def read_boards(parts: Parts, caller: Caller) -> list[Board]:
    """Return the boards of all wards of the caller's sites, once it is in the audit who read them."""
    now = parts.guard.clock()
    with parts.store.reading() as connection:
        found = boards(connection, parts.releases.current().predictor.facts, now, caller.sees)
    about = [entity("wards", str(len(found)), predictions=sum(len(one.predictions) for one in found))]
    with parts.store.writing() as connection:
        parts.store.audit(connection, now, audit_event("GET /board", "R", now, caller.name, about))
    return found


def _standing(connection: sql.Connection, stays: Sequence[str], now: datetime) -> dict[str, Standing]:
    return {stay: standing_of(told) for stay, told in told_of(connection, stays, ON_A_BOARD, now).items()}


def _before(connection: sql.Connection, board: Board) -> dict[str, LoggedPrediction]:
    earlier = log.round_before(connection, board.ward, board.site, board.round.at - A_DAY_AGO)
    if earlier is None:
        return {}
    return {row.admission_id: row for row in log.of_round(connection, earlier, board.ward, board.site)}

"""What a ward's board speaks of: its newest round, without those who have left it since."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sql

from features.hospital import Facts
from serving.rounds import wards_of
from serving.store import log
from serving.store.log import LoggedPrediction, Round


@dataclass(frozen=True)
class Board:
    """The predictions of one ward, all of one round, and how many of that round have left the ward since."""

    ward: str
    site: str
    round: Round
    predictions: tuple[LoggedPrediction, ...]
    left: int


def board_of(
    connection: sql.Connection, ward: str, site: str, facts: Facts, now: datetime, newest: Round | None = None
) -> Board | None:
    """Return the board of a ward at a moment, None if the ward was never predicted."""
    one = newest or log.wards(connection).get((ward, site))
    if one is None:
        return None
    predicted = log.of_round(connection, one.number, ward, site)
    here = wards_of(connection, [row.admission_id for row in predicted], facts, now)
    still = tuple(row for row in predicted if here.get(row.admission_id) == (ward, site))
    return Board(ward, site, one, still, len(predicted) - len(still))


def boards(connection: sql.Connection, facts: Facts, now: datetime, sees: Callable[[str], bool]) -> list[Board]:
    """Return the board of every ward that was ever predicted, by name, of the sites that somebody sees."""
    found = [
        board_of(connection, ward, site, facts, now, newest)
        for (ward, site), newest in log.wards(connection).items()
        if sees(site)
    ]
    return [board for board in found if board is not None]

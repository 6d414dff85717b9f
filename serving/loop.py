"""The prediction loop: everybody at the board round, a ward when it has news; one worker does it for all."""

import logging
import threading
import traceback
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

import sqlalchemy as sql

from features.hospital import Facts
from serving.gate import Clock
from serving.rounds import Ward, predict_round, wards_of
from serving.settings import Keep
from serving.store import facts, lease, log, news
from serving.store.log import ON_TIME, Round
from serving.store.news import News
from serving.store.retention import tidy_of_the_day
from serving.store.store import Store

if TYPE_CHECKING:
    from serving.release import Loaded

BOARD_ROUND, NEW_FACTS, NEW_RELEASE = "board round", "news", "new release"
LEASE = "prediction loop"
LEASE_LASTS = timedelta(seconds=60)
LOOKS_EVERY_SECONDS = 1.0
AFTER_A_FAULT_SECONDS = 10.0
A_PATIENT_AT_MOST_EVERY = timedelta(minutes=15)
SILENT_AFTER = timedelta(hours=24)  # no hospital records nothing for a day: its feed is down
logger = logging.getLogger(__name__)


class Releases(Protocol):
    """Where the release to predict with comes from."""

    def current(self) -> "Loaded":
        """Return the release to answer with."""

    def close(self) -> None:
        """Look for no other any more."""


class Loop:
    """Looks every second whether a round is due, as long as it holds the lease.

    It stands still while the census is silent: a board made from it would say that everybody stays.
    """

    def __init__(self, store: Store, releases: Releases, clock: Clock, holder: str, keep: Keep) -> None:
        self._store, self._releases, self._clock, self._holder = store, releases, clock, holder
        self._keep = keep
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=LEASE, daemon=True)
        self._silent = False

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Let the round under way end, and leave the lease to another worker."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
            with self._store.writing() as connection:
                lease.give_back(connection, LEASE, self._holder)

    def turn(self) -> str | None:
        """Do what is due now, if it is ours to do; returns the kind of round that was predicted.

        Where no round is due, some of what is past its time is erased, once a day.  Not while the census is
        silent: a clock that is years ahead looks like silence, and must erase nothing.
        """
        now = self._clock()
        if not lease.held(self._store, LEASE, self._holder, now, LEASE_LASTS) or self._is_silent(now):
            return None
        kind = self._round(now)
        if kind is None:
            tidy_of_the_day(self._store, self._keep, now, self._holder)
        return kind

    def _round(self, now: datetime) -> str | None:
        release = self._releases.current()
        facts_ = release.predictor.facts
        with self._store.reading() as connection:
            boards = log.wards(connection)
            due_at = round_due(connection, facts_, now)
        if due_at is not None:
            at = due_at if now - due_at <= ON_TIME else now
            predict_round(self._store, release, at, now, BOARD_ROUND, due_at)
            return BOARD_ROUND
        if any(board.release_digest != release.digest for board in boards.values()):
            predict_round(self._store, release, now, now, NEW_RELEASE)
            return NEW_RELEASE
        with self._store.reading() as connection:
            due, gone = wards_due(connection, facts_, now, boards)
        if gone:
            with self._store.writing() as connection:
                news.heard(connection, gone)
        if not due:
            return None
        predict_round(self._store, release, now, now, NEW_FACTS, only=frozenset(due))
        return NEW_FACTS

    def _is_silent(self, now: datetime) -> bool:
        with self._store.reading() as connection:
            last = facts.newest_recorded(connection, now)
        silent = last is None or now - last > SILENT_AFTER
        if silent and not self._silent and last is not None:
            logger.warning("the census is silent since %s: no round until a ward system sends again", last)
        self._silent = silent
        return silent

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self.turn()
                wait = LOOKS_EVERY_SECONDS
            except Exception as error:  # whatever it is, its text may hold a patient's data, and rounds go on
                places = [f"{it.name}:{it.lineno}" for it in traceback.extract_tb(error.__traceback__)[-4:]]
                logger.error("a round failed: %s in %s", type(error).__name__, " > ".join(places))
                wait = AFTER_A_FAULT_SECONDS
            self._ended.wait(wait)


def round_due(connection: sql.Connection, facts_: Facts, now: datetime) -> datetime | None:
    """Return the board round that should have been by now and was not, None if there is none.

    Of several that were missed the last is caught up.  The first of all is due now: nobody waited for it.
    """
    last_hour = last_board_hour(facts_, now)
    last = log.last_due(connection, BOARD_ROUND, now)
    if last is None:
        return now
    return last_hour if last < last_hour else None


def last_board_hour(facts_: Facts, now: datetime) -> datetime:
    """Return the last local board-round hour at or before a moment.

    >>> from datetime import UTC
    >>> from features.hospital import shipped_facts
    >>> last_board_hour(shipped_facts(), datetime(2026, 3, 29, 7, 30, tzinfo=UTC)).isoformat()
    '2026-03-29T08:00:00+01:00'
    """
    local = now.astimezone(ZoneInfo(facts_.time_zone))
    today = local.replace(hour=facts_.board_hour, minute=0, second=0, microsecond=0, fold=0)
    return today if today <= local else (today - timedelta(days=1))


def wards_due(
    connection: sql.Connection, facts_: Facts, now: datetime, boards: Mapping[Ward, Round]
) -> tuple[set[Ward], dict[str, News]]:
    """Return the wards to predict for their news, and news of stays that are in no bed.

    A ward is predicted when somebody has come in, and otherwise a quarter of an hour after its last round.
    Where somebody has moved, the ward that they left is predicted too.
    """
    waiting = news.waiting(connection)
    places = wards_of(connection, sorted(waiting), facts_, now)
    due: set[Ward] = set()
    for name, ward in places.items():
        seen = log.newest(connection, name)
        concerned = {ward} | ({(seen.ward, seen.site)} if seen else set())
        rested = all(_rested(boards.get(each), now) for each in concerned)
        if rested or (waiting[name].arrived and seen is None):
            due |= concerned
    return due, {name: one for name, one in waiting.items() if name not in places}


def _rested(board: Round | None, now: datetime) -> bool:
    return board is None or abs(now - board.made_at) >= A_PATIENT_AT_MOST_EVERY

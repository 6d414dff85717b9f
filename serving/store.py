"""The log of predictions, on disk before an answer leaves; the only place that knows SQLAlchemy."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sql
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.types import TypeDecorator

from features.errors import HomewardError

BUSY_SECONDS = 5


class StoreFault(HomewardError):
    """The store cannot be read or written; what it holds is as it was before."""


class Instant(TypeDecorator[datetime]):
    """An instant with a zone, kept in UTC, since SQLite keeps no zones."""

    impl = sql.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sql.Dialect) -> datetime | None:
        """Refuse an instant without a zone; keep the others in UTC."""
        if value is not None and value.tzinfo is None:
            raise ValueError("an instant must carry a time zone")
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: sql.Dialect) -> datetime | None:
        """Give the instant its zone back."""
        return None if value is None else value.replace(tzinfo=UTC)


@dataclass(frozen=True)
class LoggedPrediction:
    """One row of the log: who asked when about whom, what was known, and what was answered."""

    made_at: datetime
    at: datetime
    admission_id: str
    ward: str
    site: str
    in_bed: bool
    release: str
    release_digest: str
    asked_by: str
    inputs: dict[str, Any]
    answer: dict[str, Any]


TABLES = sql.MetaData()
PREDICTIONS = sql.Table(
    "predictions",
    TABLES,
    sql.Column("id", sql.Integer, primary_key=True, autoincrement=True),
    sql.Column("made_at", Instant, nullable=False),
    sql.Column("at", Instant, nullable=False),
    sql.Column("admission_id", sql.String, nullable=False),
    sql.Column("ward", sql.String, nullable=False),
    sql.Column("site", sql.String, nullable=False),
    sql.Column("in_bed", sql.Boolean, nullable=False),
    sql.Column("release", sql.String, nullable=False),
    sql.Column("release_digest", sql.String, nullable=False),
    sql.Column("asked_by", sql.String, nullable=False),
    sql.Column("inputs", sql.JSON, nullable=False),
    sql.Column("answer", sql.JSON, nullable=False),
    sql.Index("predictions_of_a_ward", "in_bed", "ward", "site", "at"),
    sqlite_autoincrement=True,  # an id is never used twice
)
WRITE_CHECK = sql.Table("write_check", TABLES, sql.Column("written", sql.Integer, primary_key=True))
LOGGED = [PREDICTIONS.c[field.name] for field in fields(LoggedPrediction)]


class Store:
    """An open log of predictions."""

    def __init__(self, url: str) -> None:
        """Open the log and create its tables where they are missing; raises StoreFault if that cannot be."""
        # An error that shows its parameters would show a patient's.
        self._engine = sql.create_engine(url, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS})
        sql.event.listen(self._engine, "connect", _durable)
        try:
            if database := sql.make_url(url).database:
                Path(database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                Path(database).touch(mode=0o600)  # the files beside it take the same mode
            TABLES.create_all(self._engine)
        except (SQLAlchemyError, OSError) as error:
            raise StoreFault(
                f"the database of HOMEWARD_DATABASE_URL cannot be opened ({type(error).__name__}); its folder "
                "must exist and be writable"
            ) from error

    def log(self, predictions: Iterable[LoggedPrediction]) -> None:
        """Write all rows in one transaction; when this returns they are on disk, when it raises none is."""
        rows = [asdict(prediction) for prediction in predictions]
        if not rows:
            return
        try:
            with self._engine.begin() as connection:
                connection.execute(PREDICTIONS.insert(), rows)
        except SQLAlchemyError as error:
            raise StoreFault(f"predictions cannot be logged: {type(error).__name__}") from error

    def wards(self) -> list[tuple[str, str]]:
        """Return every (ward, site) with a prediction of somebody in a bed, in order."""
        columns = (PREDICTIONS.c.ward, PREDICTIONS.c.site)
        rows = self._rows(sql.select(*columns).where(PREDICTIONS.c.in_bed).distinct().order_by(*columns))
        return [(str(ward), str(site)) for ward, site in rows]

    def latest(self, ward: str, site: str | None = None) -> list[LoggedPrediction]:
        """Return the newest prediction of each inpatient at the newest moment of a ward; none if unknown.

        A board never mixes moments: only the newest `at` is shown, and of that the newest answers.
        """
        here = PREDICTIONS.c.in_bed & (PREDICTIONS.c.ward == ward)
        if site is not None:
            here &= PREDICTIONS.c.site == site
        newest_at = sql.select(sql.func.max(PREDICTIONS.c.at)).where(here).scalar_subquery()
        newest = (
            sql.select(sql.func.max(PREDICTIONS.c.id))
            .where(here, PREDICTIONS.c.at == newest_at)
            .group_by(PREDICTIONS.c.admission_id)
        )
        rows = self._rows(sql.select(*LOGGED).where(PREDICTIONS.c.id.in_(newest)).order_by(PREDICTIONS.c.id))
        return [LoggedPrediction(*row) for row in rows]

    def count(self) -> int:
        """Return how many predictions were ever logged."""
        return int(self._rows(sql.select(sql.func.count()).select_from(PREDICTIONS))[0][0])

    def writable(self) -> bool:
        """Tell whether a row can be brought to disk right now."""
        try:
            with self._engine.begin() as connection:
                connection.execute(WRITE_CHECK.delete())
                connection.execute(WRITE_CHECK.insert(), [{"written": 1}])
        except SQLAlchemyError:
            return False
        return True

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def _rows(self, question: sql.Select[Any]) -> Sequence[Any]:
        try:
            with self._engine.connect() as connection:
                return connection.execute(question).all()
        except SQLAlchemyError as error:
            raise StoreFault(f"predictions cannot be read: {type(error).__name__}") from error


def _durable(connection: Any, _: object) -> None:
    """Make SQLite bring every commit to disk, and let readers read while one writes."""
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")

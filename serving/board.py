"""What the ward board shows: one row a patient, made from the newest round of a ward."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from features.hospital import Facts
from models.code_words import words_of
from serving.board_order import BY_LEAVING, ORDERS, View, by_bed, in_order
from serving.board_row import (
    Beside,
    Day,
    Patient,
    Unpredicted,
    Who,
    chance_by,
    free_days,
    patient_row,
    specialty_of,
    unpredicted_row,
    who_is,
)
from serving.board_words import clock_time, how_old, spoken
from serving.looking import Seen
from serving.store.log import LoggedPrediction
from serving.wards import Board

STALE_AFTER = timedelta(hours=24)
SUNDAY = 6


@dataclass(frozen=True)
class Expected:
    """How many of a ward's patients are expected to be home, summed over their curves."""

    patients: int
    today: str
    tomorrow: str
    weekend: str
    weekend_ends: str


@dataclass(frozen=True)
class WardPage:
    """The context of `ward.html`."""

    ward: str = field(metadata={"help": "Name of the ward"})
    site: str = field(metadata={"help": "Site of the ward, empty where the rows name none"})
    link: str = field(metadata={"help": "Address of the page"})
    at: str = field(metadata={"help": "The moment of which the predictions speak, local time"})
    made_at: str = field(metadata={"help": "When the newest of them was made, local time"})
    late: str = field(
        metadata={"help": "When the round was due, if it was missed and caught up; otherwise empty"}
    )
    left: int = field(metadata={"help": "How many of the round have left the ward since"})
    release: str = field(metadata={"help": "The release that made them"})
    age: str = field(
        metadata={"help": "How old the predictions are, in words, once over a day; otherwise empty"}
    )
    expected: Expected = field(metadata={"help": "Counts at the top of the page"})
    view: View = field(metadata={"help": "The order and the specialty that were chosen"})
    orders: Mapping[str, str] = field(metadata={"help": "The orders that can be chosen, with their words"})
    about: int = field(metadata={"help": "How many of the rows the order is about; they come first"})
    specialties: Mapping[str, str] = field(
        metadata={"help": "Specialties that can be chosen, with their words"}
    )
    days: tuple[Day, ...] = field(metadata={"help": "The days of every strip, for its heading"})
    patients: tuple[Patient, ...] = field(metadata={"help": "Rows in the order that was chosen"})
    unpredicted: tuple[Unpredicted, ...] = field(metadata={"help": "Patients without a date, and why"})


@dataclass(frozen=True)
class WardLine:
    """One ward of the list."""

    ward: str
    site: str
    link: str
    at: str
    expected: Expected


@dataclass(frozen=True)
class WardsPage:
    """The context of `wards.html`."""

    wards: tuple[WardLine, ...] = field(metadata={"help": "Every ward with a prediction, by name"})


def ward_page(
    seen: Seen, facts: Facts, now: datetime, view: View = BY_LEAVING, blind: bool = False
) -> WardPage:
    """Return the page of a ward, on which there may be nobody, as somebody chose to see it.

    Where the trust is `blind`, nothing is suggested of a stay until a person has set a date for it.
    """
    zone, board, one = ZoneInfo(facts.time_zone), seen.board, seen.board.round
    age, today = now - one.at, one.at.astimezone(zone).date()
    free = free_days(today, facts)
    beside = Beside(today, now, facts, free, blind, seen.own)
    patients, first = in_order([_row(row, seen, beside) for row in board.predictions if has_date(row)], view)
    undated = [_undated(row, seen, beside) for row in board.predictions if not has_date(row)]
    return WardPage(
        ward=board.ward,
        site=board.site,
        link=ward_link(board.ward, board.site),
        at=clock_time(one.at, zone),
        made_at=clock_time(one.made_at, zone),
        late=clock_time(one.due_at, zone) if one.late else "",
        left=board.left,
        release=one.release,
        age=how_old(age) if age > STALE_AFTER else "",
        expected=expected_home(board.predictions, today),
        view=view,
        orders={name: order.words for name, order in ORDERS.items()},
        about=first,
        specialties=_specialties(board, facts.nation),
        days=tuple(Day(day, is_free) for day, is_free in free.items()),
        patients=tuple(patients),
        unpredicted=tuple(
            sorted(
                (each for each in undated if view.shows(each.specialty, each.own)),
                key=lambda each: by_bed(each.bed),
            )
        ),
    )


def ward_line(board: Board, facts: Facts) -> WardLine:
    """Return a ward's line of the list from its board."""
    zone, at = ZoneInfo(facts.time_zone), board.round.at
    return WardLine(
        ward=board.ward,
        site=board.site,
        link=ward_link(board.ward, board.site),
        at=clock_time(at, zone),
        expected=expected_home(board.predictions, at.astimezone(zone).date()),
    )


def expected_home(rows: Sequence[LoggedPrediction], today: date) -> Expected:
    """Return expected numbers home by the end of today, tomorrow and the weekend after: sums of chances."""
    curves = [row.answer["discharge"]["by"] for row in rows if row.answer["discharge"]]
    tomorrow = today + timedelta(days=1)
    weekend_ends = tomorrow + timedelta(days=1 + (SUNDAY - tomorrow.weekday() - 1) % 7)
    ends = (today, tomorrow, weekend_ends)
    by_today, by_tomorrow, by_weekend = (
        f"{sum(chance_by(curve, day) for curve in curves):.1f}" for day in ends
    )
    return Expected(len(rows), by_today, by_tomorrow, by_weekend, spoken(weekend_ends))


def ward_link(ward: str, site: str) -> str:
    """Return the address of a ward's board."""
    return f"/board/{quote(ward, safe='')}" + (f"?{urlencode({'site': site})}" * bool(site))


def has_date(row: LoggedPrediction) -> bool:
    """Tell whether a prediction has a date."""
    return bool(row.answer["discharge"])


def _specialties(board: Board, nation: str) -> dict[str, str]:
    codes = {specialty_of(row) for row in board.predictions} - {""}
    words = {code: words_of("treatment_function", code, nation) or code for code in codes}
    return dict(sorted(words.items(), key=lambda one: one[1]))


def _row(row: LoggedPrediction, seen: Seen, beside: Beside) -> Patient:
    name = row.admission_id
    return patient_row(row, seen.standing_of(name), seen.before.get(name), _who(row, seen), beside)


def _undated(row: LoggedPrediction, seen: Seen, beside: Beside) -> Unpredicted:
    return unpredicted_row(row, seen.standing_of(row.admission_id), _who(row, seen), beside)


def _who(row: LoggedPrediction, seen: Seen) -> Who:
    return who_is(row.person, seen.identities.get(row.admission_id))

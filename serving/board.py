"""What the ward board shows: one row a patient, made from the newest round of a ward."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import pandas as pd

from features.hospital import Facts
from features.working_days import calendar
from serving.board_words import clock_time, date_range, delay, how_old, percent, percent_if, spoken, spoken_iso
from serving.store.identities import Identity
from serving.store.log import LoggedPrediction
from serving.wards import Board

EVEN_CHANCE = 0.5
STRIP_DAYS = 14
REASONS_SHOWN = 2
GAPS_SHOWN = 3
STALE_AFTER = timedelta(hours=24)
SUNDAY = 6
NOT_ABOUT_THE_PATIENT = "calibration"  # a reason in the sum, but nothing that a ward can look at
COMPARED = " than patients like this on average"  # said once, in the heading of the column


@dataclass(frozen=True)
class Day:
    """One day of the strip: the chance of being home by its end."""

    on: date
    chance: float
    free: bool  # a weekend day or bank holiday

    @property
    def letter(self) -> str:
        """The first letter of its weekday."""
        return f"{self.on:%a}"[0]

    @property
    def words(self) -> str:
        """The day and its chance, for a reader who cannot see the strip."""
        return f"{spoken(self.on)} {percent(self.chance)}"


@dataclass(frozen=True)
class Who:
    """Who a row is about: ten letters and digits that mean nothing, and for a coordinator's eyes the name."""

    person: str
    name: str = ""
    hospital_number: str = ""
    born: str = ""


@dataclass(frozen=True)
class Patient:
    """One row of the board; texts are ready to be shown, and empty where there is nothing to say."""

    bed: str
    who: Who
    days_so_far: int
    planned: str
    planned_chance: str
    planned_passed: bool
    ready: str
    ready_range: str
    leaving: str
    leaving_range: str
    doubtful: bool
    home_within_30_days: str
    strip: tuple[Day, ...]
    delay: str
    band: str
    risk: str
    reasons: tuple[str, ...]
    gaps: tuple[str, ...]
    more_gaps: int


@dataclass(frozen=True)
class Unpredicted:
    """A patient without a date, and why."""

    bed: str
    who: Who
    days_so_far: int
    why: str


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
    days: tuple[Day, ...] = field(metadata={"help": "The days of every strip, for its heading"})
    patients: tuple[Patient, ...] = field(metadata={"help": "Rows by likely leaving date, then bed"})
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
    board: Board, facts: Facts, now: datetime, identities: Mapping[str, Identity] = MappingProxyType({})
) -> WardPage:
    """Return the page of a ward from its board, on which there may be nobody; `identities` by stay."""
    zone, rows, one = ZoneInfo(facts.time_zone), board.predictions, board.round
    age = now - one.at
    today = one.at.astimezone(zone).date()
    free = free_days(today, facts)
    dated = sorted((row for row in rows if row.answer["discharge"]), key=_by_leaving)
    undated = sorted((row for row in rows if not row.answer["discharge"]), key=_bed)
    return WardPage(
        ward=board.ward,
        site=board.site,
        at=clock_time(one.at, zone),
        made_at=clock_time(one.made_at, zone),
        late=clock_time(one.due_at, zone) if one.late else "",
        left=board.left,
        release=one.release,
        age=how_old(age) if age > STALE_AFTER else "",
        expected=expected_home(rows, today),
        days=tuple(Day(day, 0.0, is_free) for day, is_free in free.items()),
        patients=tuple(
            _patient(row, today, zone, free, who_is(row.person, identities.get(row.admission_id)))
            for row in dated
        ),
        unpredicted=tuple(
            _unpredicted(row, today, zone, who_is(row.person, identities.get(row.admission_id)))
            for row in undated
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


def who_is(person: str, known: Identity | None) -> Who:
    """Return who somebody is, by name where that may be known."""
    if known is None:
        return Who(person)
    born = f"{date.fromisoformat(known.born_on):%d %b %Y}" if known.born_on else ""
    return Who(person, known.name, known.hospital_number or "", born)


def ward_link(ward: str, site: str) -> str:
    """Return the address of a ward's board."""
    return f"/board/{quote(ward, safe='')}" + (f"?{urlencode({'site': site})}" * bool(site))


def _patient(
    row: LoggedPrediction, today: date, zone: ZoneInfo, free: Mapping[date, bool], who: Who
) -> Patient:
    answer, known = row.answer, row.inputs["now"]
    discharge, ready = answer["discharge"], answer["ready"]
    since = answer["ready_since"]
    risk = answer["readmission"]
    gaps = [str(warning["text"]).partition(";")[0] for warning in answer["warnings"]]
    planned = known["planned_discharge_on"]
    return Patient(
        bed=_bed(row),
        who=who,
        days_so_far=midnights_so_far(row, today, zone),
        planned=spoken_iso(planned),
        planned_chance=percent(chance_by(discharge["by"], date.fromisoformat(planned))) if planned else "",
        planned_passed=bool(planned) and date.fromisoformat(planned) < today,
        ready=f"since {spoken_iso(since)}" if since else spoken_iso(ready["likely"]) if ready else "",
        ready_range="" if since else date_range(ready),
        leaving=spoken_iso(discharge["likely"]),
        doubtful=discharge["home_within_30_days"] < EVEN_CHANCE,
        leaving_range=date_range(discharge),
        home_within_30_days=percent_if(discharge["home_within_30_days"]),
        strip=tuple(Day(day, chance_by(discharge["by"], day), is_free) for day, is_free in free.items()),
        delay=delay(answer["expected_delay_days"], bool(since)),
        band=risk["band"] if risk else "",
        risk=percent_if(risk["risk"]) if risk else "",
        reasons=_reasons(answer["reasons"]),
        gaps=tuple(gaps[:GAPS_SHOWN]),
        more_gaps=max(len(gaps) - GAPS_SHOWN, 0),
    )


def _unpredicted(row: LoggedPrediction, today: date, zone: ZoneInfo, who: Who) -> Unpredicted:
    warnings = row.answer["warnings"]
    why = [warning["text"] for warning in warnings if warning["kind"] == "scope"] or [
        warning["text"] for warning in warnings
    ]
    return Unpredicted(
        bed=_bed(row),
        who=who,
        days_so_far=midnights_so_far(row, today, zone),
        why="; ".join(why) or "no date could be given",
    )


def free_days(today: date, facts: Facts, count: int = STRIP_DAYS) -> dict[date, bool]:
    """Return the next days, each with whether it is a weekend day or bank holiday."""
    days = pd.date_range(today, periods=count)
    working = calendar(days, facts.nation)["working_day"]
    return {day.date(): not works for day, works in zip(days, working, strict=True)}


def chance_by(by: Mapping[str, float], day: date) -> float:
    """Return P(home by the end of a day): 0 before the curve begins, its last value after it ends."""
    found = by.get(day.isoformat())
    if found is not None:
        return float(found)
    earlier = [on for on in by if on < day.isoformat()]  # ISO dates sort as dates
    return float(by[max(earlier)]) if earlier else 0.0


def _reasons(reasons: Mapping[str, Sequence[Mapping[str, Any]]]) -> tuple[str, ...]:
    about = [reason for reason in reasons["discharge"] if reason["feature"] != NOT_ABOUT_THE_PATIENT]
    by_size = sorted(about, key=lambda reason: -abs(reason["days"]))
    return tuple(str(reason["text"]).removesuffix(COMPARED) for reason in by_size[:REASONS_SHOWN])


def _by_leaving(row: LoggedPrediction) -> tuple[str, str]:
    return row.answer["discharge"]["likely"], _bed(row)


def _bed(row: LoggedPrediction) -> str:
    return row.inputs["now"]["bed"] or ""


def midnights_so_far(row: LoggedPrediction, today: date, zone: ZoneInfo) -> int:
    """Return midnights since the admission, the length of stay as a hospital counts it."""
    admitted_at = datetime.fromisoformat(row.inputs["admission"]["admitted_at"])
    return (today - admitted_at.astimezone(zone).date()).days

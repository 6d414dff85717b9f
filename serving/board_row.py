"""One row of the ward board: what it says of one patient, and what it can be put in order by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from features.hospital import Facts
from features.working_days import calendar
from serving.board_words import date_range, delay, percent, percent_if, spoken, spoken_iso
from serving.delay_reasons import ORGANISATIONS, words_of
from serving.shown import NOT_ABOUT_THE_PATIENT, Moved, leaving_shown, moved, ready_shown
from serving.standing import Standing
from serving.store.identities import Identity
from serving.store.log import LoggedPrediction

EVEN_CHANCE = 0.5
STRIP_DAYS = 14
REASONS_SHOWN = 2
GAPS_SHOWN = 3
SOON = timedelta(days=2)
LONG_STAYS = (21, 14, 7)  # days; those that England counts
COMPARED = " than patients like this on average"  # said once, in the heading of the column


@dataclass(frozen=True)
class Day:
    """One day of every strip."""

    on: date
    free: bool  # a weekend day or bank holiday

    @property
    def letter(self) -> str:
        """The first letter of its weekday."""
        return f"{self.on:%a}"[0]


@dataclass(frozen=True)
class Strip:
    """The days of a row as a picture: its bars as an SVG path, and the same in words."""

    bars: str
    words: str


@dataclass(frozen=True)
class Who:
    """Who a row is about: ten letters and digits that mean nothing, and for a coordinator's eyes the name."""

    person: str
    name: str = ""
    hospital_number: str = ""
    born: str = ""


@dataclass(frozen=True)
class Keys:
    """What rows are put in order by: dates in ISO 8601, chances as parts of 1, `open` what is still to do."""

    leaving: str
    bed: str
    specialty: str
    days_so_far: int
    soon: float
    open: bool
    planned_chance: float | None


@dataclass(frozen=True)
class Beside:
    """What a row is made with beside its prediction; `blind` where a person must set a date first.

    `own` are the people whom the viewer follows.
    """

    today: date
    now: datetime
    facts: Facts
    free: Mapping[date, bool]
    blind: bool = False
    own: frozenset[str] = frozenset()

    @property
    def zone(self) -> ZoneInfo:
        """The hospital's time zone."""
        return ZoneInfo(self.facts.time_zone)


@dataclass(frozen=True)
class Patient:
    """One row of the board; texts are ready to be shown, and empty where there is nothing to say."""

    bed: str
    who: Who
    own: bool
    days_so_far: int
    long_stay: str
    planned: str
    planned_by: str
    planned_chance: str
    planned_passed: bool
    hidden: bool
    ready: str
    ready_range: str
    leaving: str
    leaving_range: str
    doubtful: bool
    home_within_30_days: str
    strip: Strip
    changed: str
    changed_why: str
    waiting: str
    waiting_more: str
    pathway: str
    delay: str
    band: str
    risk: str
    reasons: tuple[str, ...]
    gaps: tuple[str, ...]
    more_gaps: int
    keys: Keys


@dataclass(frozen=True)
class Unpredicted:
    """A patient without a date, and why."""

    bed: str
    who: Who
    days_so_far: int
    why: str
    specialty: str
    own: bool


def patient_row(
    row: LoggedPrediction, standing: Standing, before: LoggedPrediction | None, who: Who, beside: Beside
) -> Patient:
    """Return the row of a patient who has a date; `before` is what a board said of them a day ago."""
    answer, plan, lasting = row.answer, standing.plan, standing.delay
    discharge, ready, since = answer["discharge"], answer["ready"], answer["ready_since"]
    risk = answer["readmission"]
    gaps = [str(warning["text"]).partition(";")[0] for warning in answer["warnings"]]
    leaving, changed = leaving_shown(row), moved(row, before)
    days = midnights_so_far(row, beside.today, beside.zone)
    chance = chance_by(discharge["by"], plan.on) if plan else None
    return Patient(
        bed=bed_of(row, standing),
        who=who,
        own=who.person in beside.own,
        days_so_far=days,
        long_stay=next((f"{least}+ days" for least in LONG_STAYS if days >= least), ""),
        planned=spoken(plan.on) if plan else "",
        planned_by=plan.told.by if plan else "",
        planned_chance="" if chance is None else percent(chance),
        planned_passed=plan is not None and plan.on < beside.today,
        hidden=beside.blind and plan is None,
        ready=f"since {spoken_iso(since)}" if since else spoken_iso(ready_shown(row)),
        ready_range="" if since else date_range(ready),
        leaving=spoken_iso(leaving),
        doubtful=discharge["home_within_30_days"] < EVEN_CHANCE,
        leaving_range=date_range(discharge),
        home_within_30_days=percent_if(discharge["home_within_30_days"]),
        strip=_strip([(day, chance_by(discharge["by"], day)) for day in beside.free]),
        changed=_changed(changed),
        changed_why=changed.why.removesuffix(COMPARED) if changed else "",
        waiting=words_of(lasting.code, beside.facts.nation) or "Reason not given" if lasting else "",
        waiting_more=_waiting_more(standing, beside.now),
        pathway=standing.pathway,
        delay=delay(answer["expected_delay_days"], bool(since)),
        band=risk["band"] if risk else "",
        risk=percent_if(risk["risk"]) if risk else "",
        reasons=_reasons(answer["reasons"]),
        gaps=tuple(gaps[:GAPS_SHOWN]),
        more_gaps=max(len(gaps) - GAPS_SHOWN, 0),
        keys=Keys(
            leaving=leaving or "",
            bed=bed_of(row, standing),
            specialty=specialty_of(row),
            days_so_far=days,
            soon=1.0 if since else chance_by(ready["by"], beside.today + SOON) if ready else 0.0,
            open=lasting is not None or plan is None or plan.on < beside.today or not standing.pathway,
            planned_chance=chance,
        ),
    )


def unpredicted_row(row: LoggedPrediction, standing: Standing, who: Who, beside: Beside) -> Unpredicted:
    """Return the row of a patient without a date."""
    warnings = row.answer["warnings"]
    why = [warning["text"] for warning in warnings if warning["kind"] == "scope"] or [
        warning["text"] for warning in warnings
    ]
    return Unpredicted(
        bed=bed_of(row, standing),
        who=who,
        days_so_far=midnights_so_far(row, beside.today, beside.zone),
        why="; ".join(why) or "no date could be given",
        specialty=specialty_of(row),
        own=who.person in beside.own,
    )


def who_is(person: str, known: Identity | None) -> Who:
    """Return who somebody is, by name where that may be known."""
    if known is None:
        return Who(person)
    born = f"{date.fromisoformat(known.born_on):%d %b %Y}" if known.born_on else ""
    return Who(person, known.name, known.hospital_number or "", born)


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


def bed_of(row: LoggedPrediction, standing: Standing) -> str:
    """Return the bed as it is known now, or as it was when the prediction was made."""
    return standing.bed or row.inputs["now"]["bed"] or ""


def specialty_of(row: LoggedPrediction) -> str:
    """Return the code of the treatment function of the stay, empty where none is known."""
    return str(row.inputs["admission"].get("treatment_function") or "")


def midnights_so_far(row: LoggedPrediction, today: date, zone: ZoneInfo) -> int:
    """Return midnights since the admission, the length of stay as a hospital counts it."""
    admitted_at = datetime.fromisoformat(row.inputs["admission"]["admitted_at"])
    return (today - admitted_at.astimezone(zone).date()).days


def _strip(days: Sequence[tuple[date, float]]) -> Strip:
    """Return a bar a day: 14 wide with its gaps, 1 to 43 high, on a picture of 50."""
    heights = [1 + 42 * chance for _, chance in days]
    bars = "".join(f"M{14 * n + 2} 50v{-height:.1f}h10v{height:.1f}z" for n, height in enumerate(heights))
    return Strip(bars, ", ".join(f"{spoken(day)} {percent(chance)}" for day, chance in days))


def _changed(found: Moved | None) -> str:
    if found is None:
        return ""
    count, way = abs(found.days), "later" if found.days > 0 else "earlier"
    return f"{count} {'day' if count == 1 else 'days'} {way} than {found.was}"


def _waiting_more(standing: Standing, now: datetime) -> str:
    """Return whose the next step is, and for how long it was waited."""
    lasting = standing.delay
    if lasting is None:
        return ""
    days = (now - lasting.told.happened_at) // timedelta(days=1)
    owner = ORGANISATIONS.get(lasting.owner, lasting.owner)
    return "; ".join(part for part in (owner, f"{days} days" if days != 1 else "1 day") if part)

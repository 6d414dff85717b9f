"""What the page of one patient shows: dates, what they hang on, how they moved, and what people decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from features.hospital import Facts
from serving.bedside import Bedside
from serving.board import STALE_AFTER, ward_link
from serving.board_row import (
    COMPARED,
    EVEN_CHANCE,
    Who,
    chance_by,
    free_days,
    midnights_so_far,
    who_is,
)
from serving.board_words import clock_time, date_range, delay, how_old, percent, percent_if, spoken, spoken_iso
from serving.decisions import WHY, undoable
from serving.delay_reasons import ORGANISATIONS, delay_reasons, words_of
from serving.shown import NOT_ABOUT_THE_PATIENT, leaving_shown, ready_shown
from serving.standing import Delay, Plan, Standing
from serving.store.log import LoggedPrediction

DAYS_SHOWN = 28
LEAST_DRAWN = 0.05  # days, or points of risk: less is said to be much the same
KINDS = (("ready", "Ready to go"), ("discharge", "Leaving hospital"), ("readmission", "Back within 30 days"))


@dataclass(frozen=True)
class Chance:
    """One day of the picture: the chance of leaving on it and of having left by its end, as parts of 1."""

    on: date
    words: str
    alone: float
    by: float
    free: bool

    @property
    def alone_words(self) -> str:
        """The chance of leaving on the day."""
        return percent(self.alone)

    @property
    def by_words(self) -> str:
        """The chance of having left by its end."""
        return percent(self.by)


@dataclass(frozen=True)
class Because:
    """One reason: `size` is its share of the largest one of its kind, and `more` whether it adds."""

    text: str
    size: float
    more: bool


@dataclass(frozen=True)
class Reasons:
    """All reasons of one answer; `little` are those that make little difference."""

    title: str
    rows: tuple[Because, ...]
    little: tuple[str, ...]


@dataclass(frozen=True)
class Moved:
    """What was suggested on one day, and which planned date stood then."""

    seen: str
    ready: str
    leaving: str
    planned: str


@dataclass(frozen=True)
class Suggested:
    """What the newest prediction says; texts are empty where there is nothing to say."""

    at: str
    age: str
    release: str
    ready: str
    ready_range: str
    leaving: str
    leaving_range: str
    iso: str
    doubtful: bool
    home_within_30_days: str
    delay: str
    band: str
    risk: str
    days: tuple[Chance, ...]
    reasons: tuple[Reasons, ...]
    gaps: tuple[str, ...]
    why_none: str


@dataclass(frozen=True)
class Decided:
    """A planned date or a delay with who entered it and when; `undo` is its number where it can be undone."""

    text: str
    more: str
    by: str
    at: str
    undo: int = 0


@dataclass(frozen=True)
class Form:
    """What somebody entered that was not kept: which field is at fault, why, and all that they entered."""

    at_fault: str = ""
    fault: str = ""
    entered: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PatientPage:
    """The context of `patient.html`."""

    link: str = field(metadata={"help": "Address of the page"})
    who: Who = field(metadata={"help": "Who the page is about"})
    bed: str = field(metadata={"help": "Bed, empty where none is known"})
    ward: str = field(metadata={"help": "Name of the ward"})
    ward_link: str = field(metadata={"help": "Address of its board"})
    days_so_far: str = field(metadata={"help": "Midnights since the admission; empty where no round was yet"})
    pathway: str = field(metadata={"help": "Discharge pathway, empty where none is recorded"})
    fit_since: str = field(metadata={"help": "Since when no reason to stay is recorded, otherwise empty"})
    hidden: bool = field(metadata={"help": "Whether a person must enter a date before ours is shown"})
    suggested: Suggested | None = field(metadata={"help": "The newest prediction; None before the first"})
    planned: Decided | None = field(metadata={"help": "The planned date that holds"})
    planned_chance: str = field(metadata={"help": "Chance of being home by it, in words"})
    planned_passed: bool = field(metadata={"help": "Whether it has passed"})
    plans: tuple[Decided, ...] = field(metadata={"help": "All planned dates, the newest first"})
    waiting: Decided | None = field(metadata={"help": "What the patient waits for now"})
    delays: tuple[Decided, ...] = field(metadata={"help": "All delays, the newest first"})
    moved: tuple[Moved, ...] = field(metadata={"help": "What was suggested day by day, the newest first"})
    may_decide: bool = field(metadata={"help": "Whether who looks may enter dates and delays"})
    seen: int = field(metadata={"help": "The newest decision that the page knows of"})
    today: str = field(metadata={"help": "Today in ISO 8601, the first day that can be planned"})
    why: Mapping[int, str] = field(metadata={"help": "Why a planned date can be set"})
    causes: Mapping[str, Mapping[str, str]] = field(metadata={"help": "What can be waited for, by group"})
    organisations: Mapping[str, str] = field(metadata={"help": "Whose the next step can be"})
    form: Form = field(metadata={"help": "What was entered and not kept"})


def patient_page(
    bedside: Bedside, facts: Facts, now: datetime, may_decide: bool, blind: bool, form: Form | None = None
) -> PatientPage:
    """Return the page of one person in a bed.

    Where the trust is `blind`, nothing of ours is shown until a person has set a date for this stay.
    """
    zone, stay = ZoneInfo(facts.time_zone), bedside.stay
    standing, newest = stay.standing, bedside.predictions[-1] if bedside.predictions else None
    today = now.astimezone(zone).date()
    hidden = blind and standing.plan is None
    holding = standing.plan
    shown = None if hidden or newest is None else newest
    undo = {one.number for one in undoable(standing)} if may_decide else set()
    plans = tuple(_plan(one, zone, undo) for one in reversed(standing.plans))
    delays = tuple(_delay(one, facts.nation, now, zone, undo) for one in reversed(standing.delays))
    return PatientPage(
        link=f"/patients/{stay.person}",
        who=who_is(stay.person, bedside.identity),
        bed=standing.bed,
        ward=stay.ward[0],
        ward_link=ward_link(*stay.ward),
        days_so_far=str(midnights_so_far(newest, today, zone)) if newest else "",
        pathway=standing.pathway,
        fit_since=clock_time(standing.fit_since, zone) if standing.fit_since else "",
        hidden=hidden,
        suggested=_suggested(shown, facts, now, zone) if shown else None,
        planned=plans[0] if plans else None,
        planned_chance=_chance_of(holding, shown),
        planned_passed=holding is not None and holding.on < today,
        plans=plans,
        waiting=delays[0] if standing.delay else None,
        delays=delays,
        moved=() if hidden else tuple(_moved(one, standing, zone) for one in reversed(bedside.predictions)),
        may_decide=may_decide,
        seen=standing.seen,
        today=today.isoformat(),
        why=WHY,
        causes=delay_reasons(facts.nation),
        organisations=ORGANISATIONS,
        form=form or Form(),
    )


def _suggested(one: LoggedPrediction, facts: Facts, now: datetime, zone: ZoneInfo) -> Suggested:
    answer = one.answer
    discharge, ready, since = answer["discharge"], answer["ready"], answer["ready_since"]
    risk, age = answer["readmission"], now - one.at
    gaps = [str(warning["text"]) for warning in answer["warnings"]]
    return Suggested(
        at=clock_time(one.at, zone),
        age=how_old(age) if age > STALE_AFTER else "",
        release=one.release,
        ready=_ready(one),
        ready_range="" if since else date_range(ready),
        leaving=spoken_iso(leaving_shown(one)),
        leaving_range=date_range(discharge),
        iso=leaving_shown(one) or "",
        doubtful=bool(discharge) and discharge["home_within_30_days"] < EVEN_CHANCE,
        home_within_30_days=percent_if(discharge["home_within_30_days"]) if discharge else "",
        delay=delay(answer["expected_delay_days"], bool(since)),
        band=risk["band"] if risk else "",
        risk=percent_if(risk["risk"]) if risk else "",
        days=_days(discharge["by"], one.at.astimezone(zone).date(), facts) if discharge else (),
        reasons=tuple(
            _reasons(title, answer["reasons"][kind]) for kind, title in KINDS if answer["reasons"][kind]
        ),
        gaps=tuple(gaps) if discharge else (),
        why_none="" if discharge else "; ".join(gaps) or "no date could be given",
    )


def _days(by: Mapping[str, float], today: date, facts: Facts) -> tuple[Chance, ...]:
    found, before = [], 0.0
    for day, free in free_days(today, facts, DAYS_SHOWN).items():
        until = chance_by(by, day)
        found.append(Chance(day, spoken(day), max(until - before, 0.0), until, free))
        before = until
    return tuple(found)


def _reasons(title: str, told: Sequence[Mapping[str, Any]]) -> Reasons:
    """Return all reasons of one answer, the largest first; what is not about the patient comes last."""
    unit = "days" if "days" in told[0] else "points"
    most = max(abs(one[unit]) for one in told) or 1.0
    in_order = sorted(told, key=lambda one: (one["feature"] == NOT_ABOUT_THE_PATIENT, -abs(one[unit])))
    large = [one for one in in_order if abs(one[unit]) >= LEAST_DRAWN]
    return Reasons(
        title,
        tuple(Because(_said(one), abs(one[unit]) / most, one[unit] > 0) for one in large),
        tuple(_said(one) for one in in_order if abs(one[unit]) < LEAST_DRAWN),
    )


def _said(reason: Mapping[str, Any]) -> str:
    return str(reason["text"]).removesuffix(COMPARED)


def _moved(one: LoggedPrediction, standing: Standing, zone: ZoneInfo) -> Moved:
    then = [plan for plan in standing.plans if plan.told.recorded_at <= one.at]
    return Moved(
        seen=spoken(one.at.astimezone(zone).date()),
        ready=_ready(one),
        leaving=spoken_iso(leaving_shown(one)),
        planned=spoken(then[-1].on) if then else "",
    )


def _ready(one: LoggedPrediction) -> str:
    since = one.answer["ready_since"]
    return f"since {spoken_iso(since)}" if since else spoken_iso(ready_shown(one))


def _plan(one: Plan, zone: ZoneInfo, undo: set[int]) -> Decided:
    number = one.told.number
    return Decided(
        text=spoken(one.on),
        more=WHY.get(one.why or 0, ""),
        by=one.told.by,
        at=clock_time(one.told.happened_at, zone),
        undo=number if number in undo else 0,
    )


def _delay(one: Delay, nation: str, now: datetime, zone: ZoneInfo, undo: set[int]) -> Decided:
    last = one.ended or one.told
    lasted = (one.ended.happened_at if one.ended else now) - one.told.happened_at
    days = f"{max(lasted, timedelta(0)) / timedelta(days=1):.1f} days"
    owner = ORGANISATIONS.get(one.owner, one.owner) or "nobody named"
    return Decided(
        text=words_of(one.code, nation) or "Reason not given",
        more=f"{owner}; {days}{', ended' if one.ended else ' so far'}",
        by=last.by,
        at=clock_time(last.happened_at, zone),
        undo=last.number if last.number in undo else 0,
    )


def _chance_of(plan: Plan | None, newest: LoggedPrediction | None) -> str:
    if plan is None or newest is None or not newest.answer["discharge"]:
        return ""
    return percent(chance_by(newest.answer["discharge"]["by"], plan.on))

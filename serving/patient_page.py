"""What the page of one patient shows: dates, what they hang on, how they moved, and what people decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from features.hospital import Facts
from serving.bedside import Bedside
from serving.board import ward_link
from serving.board_row import (
    Who,
    chance_by,
    midnights_so_far,
    who_is,
)
from serving.board_words import clock_time, percent, spoken, spoken_iso
from serving.decisions import WHY, undoable
from serving.delay_reasons import ORGANISATIONS, delay_reasons, words_of
from serving.movement import Movement, movement
from serving.shown import leaving_shown
from serving.standing import Delay, Plan, Standing
from serving.store.log import LoggedPrediction
from serving.suggested import Suggested, ready_words, suggested_of


@dataclass(frozen=True)
class Moved:
    """What was suggested on one day, and which planned date stood then."""

    seen: str
    ready: str
    leaving: str
    planned: str


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

    def field(self, name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters of a field's macro, with what is wrong where it is the one at fault."""
        wrong = {"errorMessage": {"text": self.fault}} if self.at_fault == name else {}
        return {**parameters, **wrong}


@dataclass(frozen=True)
class PatientPage:
    """The context of `patient.html`."""

    link: str = field(metadata={"help": "Address of the page"})
    who: Who = field(metadata={"help": "Who the page is about"})
    own: bool = field(metadata={"help": "Whether the patient is among the viewer's own"})
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
    movement: Movement | None = field(metadata={"help": "The same as a picture, from the second day on"})
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
        own=bedside.own,
        bed=standing.bed,
        ward=stay.ward[0],
        ward_link=ward_link(*stay.ward),
        days_so_far=str(midnights_so_far(newest, today, zone)) if newest else "",
        pathway=standing.pathway,
        fit_since=clock_time(standing.fit_since, zone) if standing.fit_since else "",
        hidden=hidden,
        suggested=suggested_of(shown, facts, now, zone) if shown else None,
        planned=plans[0] if plans else None,
        planned_chance=_chance_of(holding, shown),
        planned_passed=holding is not None and holding.on < today,
        plans=plans,
        waiting=delays[0] if standing.delay else None,
        delays=delays,
        moved=() if hidden else tuple(_moved(one, standing, zone) for one in reversed(bedside.predictions)),
        movement=None if hidden else _movement(bedside.predictions, standing),
        may_decide=may_decide,
        seen=standing.seen,
        today=today.isoformat(),
        why=WHY,
        causes=delay_reasons(facts.nation),
        organisations=ORGANISATIONS,
        form=form or Form(),
    )


def _movement(predictions: Sequence[LoggedPrediction], standing: Standing) -> Movement | None:
    shown = [leaving_shown(one) for one in predictions]
    plans = [_plan_then(one, standing) for one in predictions]
    return movement(
        [date.fromisoformat(day) if day else None for day in shown],
        [plan.on if plan else None for plan in plans],
    )


def _plan_then(one: LoggedPrediction, standing: Standing) -> Plan | None:
    """Return the planned date that stood when a prediction was made, of those that were not taken back."""
    then = [plan for plan in standing.plans if plan.told.recorded_at <= one.at]
    return then[-1] if then else None


def _moved(one: LoggedPrediction, standing: Standing, zone: ZoneInfo) -> Moved:
    plan = _plan_then(one, standing)
    return Moved(
        seen=spoken(one.at.astimezone(zone).date()),
        ready=ready_words(one),
        leaving=spoken_iso(leaving_shown(one)),
        planned=spoken(plan.on) if plan else "",
    )


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

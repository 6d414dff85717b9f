"""Watching a release in use, week by week: inputs, feeds, predictions, calibration, coverage and flow."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.tables import Hospital
from models.predictor import Predictor
from training.cohort import Say
from training.metrics import readmission_figures
from training.watch.null import Judged, Null
from training.watch.panel import FEWEST_EVENTS, Panel
from training.watch.rows import RIPE_AFTER_DAYS, Told, told
from training.watch.shown import SIDES, share, told_apart
from training.watch.weeks import Weeks
from training.watch.words import ALARM, CANNOT_TELL, WAITS, findings, sentence

SERIES = ("admissions", "emergencies", "leaving", "home_by_24h", "home_by_72h", "range", "readmission")
WEEKS_SHOWN = 26
AT_ONCE = 4  # weeks in which a change shows that is too small for one
EVENTS_FOR_A_SLOPE = 100
Found = dict[str, Any]


@dataclass(frozen=True)
class Usual:
    """What chance does to the panel in a week, and to its key measures in four weeks."""

    week: Null
    four_weeks: Null

    @classmethod
    def of(cls, predictor: Predictor, reference: Told) -> "Usual":
        """Return what is usual in a reference."""
        panel = Panel(predictor, reference)
        return cls(Null(panel, reference), Null(panel.key_in_four_weeks(), reference, AT_ONCE))


@dataclass(frozen=True)
class Watched:
    """What was found: `by_week` the measures of each week, `alarms` those that stand now, as sentences."""

    release: str
    source: str
    weeks: Weeks
    by_week: dict[int, list[Found]]
    alarms: list[str]
    pooled: dict[str, Found]
    feedback: Found | None = None

    def as_json(self) -> Found:
        """Return everything that was found."""
        weeks = self.weeks
        return {
            "release": self.release,
            "source": self.source,
            "extract_until": f"{weeks.until:%Y-%m-%d}",
            "reference": {
                "from": f"{weeks.first:%Y-%m-%d}",
                "until": f"{weeks.monday(weeks.reference):%Y-%m-%d}",
                "weeks": weeks.reference,
                "history_days": weeks.history_days,
                "late_days": weeks.late_days,
            },
            "alarms": self.alarms,
            "pooled": self.pooled,
            "feedback": self.feedback,
            "weeks": {monday: dict(week) for monday, week in self.history().items()},
        }

    def history(self) -> dict[str, Found]:
        """Return each week by its Monday."""
        return {
            f"{self.weeks.monday(week):%Y-%m-%d}": {
                "release": self.release,
                "alarms": [one["sentence"] for one in found if one["state"] == ALARM],
                "measures": found,
            }
            for week, found in self.by_week.items()
        }

    def latest(self) -> Found:
        """Return what the service shows: each measure where it was last judged, and the key ones by week."""
        everything = self.as_json()
        everything.pop("weeks")
        newest = {name: standing(self.by_week, name, self.weeks) for name in self._names()}
        return {**everything, "measures": list(newest.values()), "series": self._series()}

    def _names(self) -> list[str]:
        return [one["name"] for one in next(iter(self.by_week.values()))]

    def _series(self) -> list[Found]:
        found = []
        for name in (each for each in SERIES if each in self._names()):
            weeks = list(self.by_week)[-WEEKS_SHOWN:]
            rows = [next(one for one in self.by_week[week] if one["name"] == name) for week in weeks]
            values = [_value(row) for row in rows]
            mondays = [f"{self.weeks.monday(week):%Y-%m-%d}" for week in weeks]
            unit = "a day" if name == "admissions" else "seen over expected"
            found.append(
                {"name": name, "words": rows[0]["words"], "unit": unit, "weeks": mondays, "values": values}
            )
        return found


def watched(
    predictor: Predictor, hospital: Hospital, weeks: Weeks, say: Say, shown: pd.Series | None = None
) -> Watched:
    """Return what a release's weeks show beside its reference; raises ReleaseFault for other kinds of data.

    `shown` tells since when each stay's dates were looked at (see `training.watch.shown`).
    """
    predictor.suits(hospital)
    say(f"the reference: {weeks.reference} weeks from {weeks.first:%d %B %Y}")
    reference = told(predictor, hospital, weeks, range(weeks.reference))
    usual = Usual.of(predictor, reference)
    say(f"{len(weeks.places)} weeks until {weeks.monday(weeks.places.stop):%d %B %Y}")
    new = told(predictor, hospital, weeks, weeks.places, shown)
    say("drawing weeks from the reference")
    by_week = {week: judged_week(usual, new, weeks, week)[1] for week in weeks.places}
    measures = {one.name: one for null in (usual.week, usual.four_weeks) for one in null.panel.measures}
    for week, found in by_week.items():
        for one in found:
            if one["state"] == ALARM:
                since = _since(by_week, one["name"], week)
                one["since"] = f"{weeks.monday(since):%Y-%m-%d}"
                one["sentence"] = sentence(measures[one["name"]], one, weeks.said(since))
    last = [standing(by_week, name, weeks) for name in measures]
    alarms = [one["sentence"] for one in last if one["state"] == ALARM]
    return Watched(predictor.release, hospital.source, weeks, by_week, alarms, pooled(new), apart(new))


def judged_week(usual: Usual, new: Told, weeks: Weeks, place: int) -> tuple[tuple[Judged, Judged], list[Found]]:
    """Return a week's panel, that of it and the three before, and all measures in words.

    What is not mature for the whole week waits; so do four weeks of which `new` does not hold all.
    """
    first = int(new.events.index[0]) // 7
    lacking = max(first + AT_ONCE - 1 - place, 0)
    over = f"four weeks are over on {weeks.monday(first + AT_ONCE):%-d %B %Y}" if lacking else None
    judged, words = _judged(usual.week, new.week(place), weeks, place)
    four = new.week(place, with_before=AT_ONCE - 1 - lacking)
    in_four, more = _judged(usual.four_weeks, four, weeks, place, over)
    return (judged, in_four), words + more


def _judged(
    null: Null, some: Told, weeks: Weeks, place: int, why: str | None = None
) -> tuple[Judged, list[Found]]:
    """Return measures of some days that end with a week; none is judged where `why` is given."""
    waiting: dict[str, str] = {}
    for one in null.panel.measures:
        if why:
            waiting[one.name] = why
        elif one.of in RIPE_AFTER_DAYS and one.kind in ("residual", "slope"):
            on = weeks.ripe_on(place, RIPE_AFTER_DAYS[one.of])
            if on > weeks.until:
                waiting[one.name] = f"labels are mature from {on:%-d %B %Y}"
    ripe = np.array([one.name not in waiting for one in null.panel.measures])
    judged = null.judged(some, ripe)
    return judged, findings(null, judged, waiting)


def standing(by_week: Mapping[int, list[Found]], name: str, weeks: Weeks) -> Found:
    """Return a measure in the newest week in which it could be judged, or in the newest."""
    newest: Found | None = None
    for week in reversed(list(by_week)):
        found = next(one for one in by_week[week] if one["name"] == name)
        newest = newest or {**found, "week": f"{weeks.monday(week):%Y-%m-%d}"}
        if found["state"] not in (WAITS, CANNOT_TELL):
            return {**found, "week": f"{weeks.monday(week):%Y-%m-%d}"}
    assert newest is not None
    return newest


def apart(new: Told) -> Found | None:
    """Return calibration of rows whose dates people had looked at, and of the others; None if it is not known.

    Who was shown a date may have left otherwise because of it, so the two are never pooled into one verdict.
    """
    if "shown" not in new.rows["board"].table:
        return None
    flags = {name: rows.table["shown"].to_numpy(np.float64) for name, rows in new.rows.items() if len(rows.day)}
    sides = {
        side: pooled(new, {name: own == float(shown) for name, own in flags.items()})
        for side, shown in SIDES.items()
    }
    found = {**share(flags["board"]), **sides}
    return {**found, "said": told_apart(found)}


def pooled(new: Told, of: Mapping[str, npt.NDArray[np.bool_]] | None = None) -> dict[str, Found]:
    """Return calibration over all mature rows that were watched, or some; a slope only of enough events."""
    found: dict[str, Found] = {}
    for moment, rows in new.rows.items():
        for name, chance in rows.expected.items():
            known = ~np.isnan(chance) & (of[moment] if of else True)
            if float(chance[known].sum()) < FEWEST_EVENTS or name in found:
                found.setdefault(name, {"verdict": CANNOT_TELL, "n": int(known.sum())})
                continue
            figures = readmission_figures(np.clip(chance[known], 0, 1), rows.seen[name][known])
            slope = figures["slope"] if figures["events"] >= EVENTS_FOR_A_SLOPE else None
            kept = {key: figures[key] for key in ("observed_over_expected", "n", "events")}
            found[name] = {**kept, "slope": slope}
    return found


def _since(by_week: Mapping[int, list[Found]], name: str, week: int) -> int:
    """Return the first week of an unbroken run of alarms; weeks that could not be judged do not break it."""
    first = week
    for before in sorted((each for each in by_week if each < week), reverse=True):
        state = next(one["state"] for one in by_week[before] if one["name"] == name)
        if state == ALARM:
            first = before
        elif state not in (WAITS, CANNOT_TELL):
            break
    return first


def _value(row: Found) -> float | None:
    if row["state"] in (WAITS, CANNOT_TELL):
        return None
    if row.get("expected"):
        return round(float(row["seen"]) / float(row["expected"]), 3)
    return float(row["now"].split()[0]) if row["now"].endswith("a day") else None

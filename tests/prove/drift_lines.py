"""The lines T13 and T14 of the watch: alarms in quiet weeks, shifts that are found, labels that wait."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from inputs import Inputs
from line import Found, Line
from planted_shifts import OF_LIVES, OF_RECORDS, part

from features.snapshot import as_known
from features.sources.simulation import simulate
from features.sources.simulation.estimate import Estimate
from features.tables import Hospital
from models.predictor import Predictor
from training.drift import judged_week
from training.watch.null import Null
from training.watch.panel import Panel
from training.watch.rows import Told, told
from training.watch.weeks import Weeks, weeks_of

SHIFTS = len(OF_RECORDS) + len(OF_LIVES)
CUTS = 6
WEEKS_BEFORE_A_CUT = 18  # those in which some labels are mature and some are not
WATCHED_SEED, SHIFTED_SEED = 25, 26  # the statistics were made on other hospitals
DAY = pd.Timedelta(days=1)


@dataclass(frozen=True)
class Sizes:
    """Weeks learnt from, quiet weeks, admissions a week, and those of the hospital that is shifted."""

    known_weeks: int = 104  # before the quiet ones: history, and the reference
    quiet_weeks: int = 201
    weekly: int = 140
    weekly_shifted: int = 420
    cuts: int = CUTS


def lines() -> tuple[Line, ...]:
    """Return the lines of the watch."""
    return (
        Line("T13a", "Weeks of 20 quiet ones in which the panel alarms", "at most 1", false_alarms, 0, 1),
        Line(
            "T13b",
            f"Of {SHIFTS} planted shifts, found within 7 days",
            f"{SHIFTS}",
            shifts_found,
            SHIFTS,
            SHIFTS,
        ),
        Line(
            "T14b",
            f"Watched figures of a hospital cut at {CUTS} dates that the whole denies",
            "0",
            denied,
            0,
            0,
        ),
    )


def sizes(inputs: Inputs) -> Sizes:
    """Return the sizes of the full form, smaller for inputs that are small."""
    small = inputs.admissions < 10_000
    return Sizes(40, 6, 60, 60, cuts=2) if small else Sizes()


@dataclass(frozen=True)
class Quiet:
    """A hospital in which nothing changes, a release of another one, and what it says of every week."""

    hospital: Hospital
    predictor: Predictor
    weeks: Weeks
    null: Null
    new: Told


def quiet(inputs: Inputs) -> Quiet:
    """Return a quiet hospital, watched with a release that knows none of its patients."""
    size = sizes(inputs)
    count = size.known_weeks + size.quiet_weeks + 1
    hospital = simulate(size.weekly * count, seed=WATCHED_SEED, days=7 * count)
    until = hospital.admissions["admitted_at"].min().normalize() + pd.Timedelta(weeks=size.known_weeks)
    predictor, weeks = inputs.quick_release, weeks_of(hospital, until)
    inputs.say(f"watching {len(weeks.places)} quiet weeks")
    reference = told(predictor, hospital, weeks, range(weeks.reference))
    null = Null(Panel(predictor, reference), reference)
    return Quiet(hospital, predictor, weeks, null, told(predictor, hospital, weeks, weeks.places))


def false_alarms(inputs: Inputs) -> Found:
    """Return in how many of 20 quiet weeks the panel alarms."""
    of = inputs.once(quiet)
    found = {place: _alarms(of.null, of.new.week(place), of.weeks, place) for place in of.weeks.places}
    alarmed = [names for names in found.values() if names]
    inputs.say("; ".join(", ".join(names) for names in alarmed))
    share = 20 * len(alarmed) / len(found)
    measures = len(of.null.panel.measures)
    return Found(Estimate(share), f"{len(alarmed)} of {len(found)} weeks, {measures} measures")


def shifts_found(inputs: Inputs) -> Found:
    """Return how many planted shifts the first week after them shows."""
    size, predictor = sizes(inputs), inputs.once(quiet).predictor
    count = 2 * 52 + 20 if size.quiet_weeks > 100 else 60

    def made(**drifts: pd.Timestamp) -> Hospital:
        return simulate(size.weekly_shifted * count, SHIFTED_SEED, days=7 * count, drifts=drifts)

    whole = made()
    until = whole.observed_until - pd.Timedelta(weeks=18)
    weeks = weeks_of(whole, until)
    place = weeks.places[0]
    since = weeks.monday(place).tz_localize(whole.facts.time_zone)
    span = (since - pd.Timedelta(days=weeks.history_days + 35), whole.observed_until)
    reference = told(predictor, whole, weeks, range(weeks.reference))
    null, base = Null(Panel(predictor, reference), reference), part(whole, *span)

    def alarmed(name: str, hospital: Hospital) -> bool:
        names = _alarms(null, told(predictor, hospital, weeks, range(place, place + 1)), weeks, place)
        inputs.say(f"{name}: {', '.join(names[:5]) or 'not found'}")
        return bool(names)

    if alarmed("nothing planted", base):
        return Found(Estimate(np.nan), "the week alarms by itself: nothing can be planted in it")
    found = {name: alarmed(name, shift(base, since)) for name, shift in OF_RECORDS.items()}
    found |= {name: alarmed(name, part(made(**{name: since}), *span)) for name in OF_LIVES}
    missed = [name for name, there in found.items() if not there]
    words = f"not found: {', '.join(missed)}" if missed else "each in the first week after it began"
    return Found(Estimate(sum(found.values())), f"{size.weekly_shifted} admissions a week; {words}")


def denied(inputs: Inputs) -> Found:
    """Return how many mature labels and figures of a cut hospital differ from those of the whole."""
    of = inputs.once(quiet)
    wrong = told_ = figures = 0
    last = of.weeks.places[-1]
    cuts = np.linspace(
        of.weeks.places[min(WEEKS_BEFORE_A_CUT, len(of.weeks.places) // 2)], last - 1, sizes(inputs).cuts
    )
    for number, cut in enumerate(cuts.astype(int)):
        at = of.weeks.monday(int(cut) + 1) + pd.Timedelta(days=number % 7, hours=5 * number % 24)
        known = as_known(of.hospital, at.tz_localize(of.hospital.facts.time_zone))
        weeks = weeks_of(known, _learnt_until(of), count=WEEKS_BEFORE_A_CUT)
        new = told(of.predictor, known, weeks, weeks.places)
        for place in weeks.places:
            one, whole = new.week(place), of.new.week(place)
            for moment, rows in one.rows.items():
                for name, seen in rows.seen.items():
                    mature = ~np.isnan(seen)
                    told_ += int(mature.sum())
                    wrong += int((mature & (seen != whole.rows[moment].seen[name])).sum())
            ours, theirs = (judged_week(of.null, each, weeks, place)[0].statistic for each in (one, whole))
            figures += len(ours)
            wrong += int((~np.isclose(ours, theirs, atol=1e-12, equal_nan=True)).sum())
    return Found(Estimate(wrong), f"{told_:,} labels, {figures:,} figures")


def _learnt_until(of: Quiet) -> pd.Timestamp:
    return of.weeks.monday(of.weeks.reference).tz_localize(of.hospital.facts.time_zone)


def _alarms(null: Null, week: Told, weeks: Weeks, place: int) -> list[str]:
    """Return the measures that alarm in a week, the loudest first."""
    judged, _ = judged_week(null, week, weeks, place)
    order = np.argsort(-np.nan_to_num(judged.distance, nan=-np.inf))
    return [null.panel.measures[one].name for one in order if judged.alarms[one]]

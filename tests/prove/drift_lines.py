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
from training.drift import AT_ONCE, Usual, judged_week
from training.watch.rows import Told, told
from training.watch.weeks import Weeks, weeks_of
from training.watch.words import ALARM

SHIFTS = len(OF_RECORDS) + len(OF_LIVES)
CUTS = 6
WEEKS_BEFORE_A_CUT = 18  # those in which some labels are mature and some are not
WATCHED_SEED, SHIFTED_SEED = 25, 26  # the statistics were made on other hospitals
DAY = pd.Timedelta(days=1)


@dataclass(frozen=True)
class Sizes:
    """Weeks learnt from, quiet weeks, admissions a week, and those of the hospitals that are shifted."""

    known_weeks: int = 104  # before the quiet ones: history, and the reference
    quiet_weeks: int = 201
    weekly: int = 140
    weekly_large: int = 2520  # a health board of three hospitals
    weekly_small: int = 420
    cuts: int = CUTS


def lines() -> tuple[Line, ...]:
    """Return the lines of the watch."""
    return (
        Line("T13a", "Weeks of 20 quiet ones in which the panel alarms", "at most 1", false_alarms, 0, 1),
        Line(
            "T13b",
            f"Of {SHIFTS} shifts planted in a large hospital, found within 7 days",
            f"{SHIFTS}",
            found_in_a_week,
            SHIFTS,
            SHIFTS,
        ),
        Line(
            "T13c",
            f"Of {SHIFTS} shifts planted in a small hospital, found within 28 days",
            f"{SHIFTS}",
            found_in_four,
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
    return Sizes(40, 6, 60, 60, 60, cuts=2) if small else Sizes()


@dataclass(frozen=True)
class Quiet:
    """A hospital in which nothing changes, a release of another one, and what it says of every week."""

    hospital: Hospital
    predictor: Predictor
    weeks: Weeks
    usual: Usual
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
    usual = Usual.of(predictor, reference)
    return Quiet(hospital, predictor, weeks, usual, told(predictor, hospital, weeks, weeks.places))


def false_alarms(inputs: Inputs) -> Found:
    """Return in how many of 20 quiet weeks the panel alarms."""
    of = inputs.once(quiet)
    found = {place: _alarms(of.usual, of.new, of.weeks, place) for place in of.weeks.places}
    alarmed = [names for names in found.values() if names]
    inputs.say("; ".join(", ".join(names) for names in alarmed))
    share = 20 * len(alarmed) / len(found)
    measures = len(of.usual.week.panel.measures) + len(of.usual.four_weeks.panel.measures)
    return Found(Estimate(share), f"{len(alarmed)} of {len(found)} weeks, {measures} measures")


def found_in_a_week(inputs: Inputs) -> Found:
    """Return how many planted shifts the first week after them shows in a large hospital."""
    return _shifts_found(inputs, sizes(inputs).weekly_large, 1)


def found_in_four(inputs: Inputs) -> Found:
    """Return how many planted shifts one of the four weeks after them shows in a small hospital."""
    return _shifts_found(inputs, sizes(inputs).weekly_small, AT_ONCE)


def _shifts_found(inputs: Inputs, weekly: int, within: int) -> Found:
    predictor = inputs.once(quiet).predictor
    count = 2 * 52 + 20 if sizes(inputs).quiet_weeks > 100 else 60

    def made(**drifts: pd.Timestamp) -> Hospital:
        return simulate(weekly * count, SHIFTED_SEED, days=7 * count, drifts=drifts)

    whole = made()
    weeks = weeks_of(whole, whole.observed_until - pd.Timedelta(weeks=18))
    first = weeks.monday(weeks.places[0]).tz_localize(whole.facts.time_zone)
    span = (first - pd.Timedelta(days=weeks.history_days + 35), whole.observed_until)
    usual = Usual.of(predictor, told(predictor, whole, weeks, range(weeks.reference)))
    base = part(whole, *span)

    def loud(new: Told, places: range) -> dict[int, list[str]]:
        some = new.part(places)
        return {place: names for place in places if (names := _alarms(usual, some, weeks, place))}

    before = told(predictor, base, weeks, weeks.places)
    starts = range(weeks.places.start, weeks.places.stop - within)
    quiet_start = next((one for one in starts if not loud(before, range(one, one + within))), None)
    if quiet_start is None:
        return Found(Estimate(np.nan), "every week alarms by itself: nothing can be planted")
    places = range(quiet_start, quiet_start + within)
    since = weeks.monday(quiet_start).tz_localize(whole.facts.time_zone)

    def alarmed(name: str, hospital: Hospital) -> bool:
        heard = loud(told(predictor, hospital, weeks, places), places)
        inputs.say(f"{name}: {'; '.join(', '.join(names[:4]) for names in heard.values()) or 'not found'}")
        return bool(heard)

    found = {name: alarmed(name, shift(base, since)) for name, shift in OF_RECORDS.items()}
    found |= {name: alarmed(name, part(made(**{name: since}), *span)) for name in OF_LIVES}
    missed = [name for name, there in found.items() if not there]
    words = f"not found: {', '.join(missed)}" if missed else f"each within {7 * within} days of its beginning"
    return Found(Estimate(sum(found.values())), f"{weekly:,} admissions a week; {words}")


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
            whole = of.new.week(place)
            for moment, rows in new.week(place).rows.items():
                for name, seen in rows.seen.items():
                    mature = ~np.isnan(seen)
                    told_ += int(mature.sum())
                    wrong += int((mature & (seen != whole.rows[moment].seen[name])).sum())
            held = of.new.part(weeks.places)
            for ours, theirs in zip(
                *(judged_week(of.usual, each, weeks, place)[0] for each in (new, held)), strict=True
            ):
                figures += len(ours.statistic)
                wrong += int((~np.isclose(ours.statistic, theirs.statistic, atol=1e-12, equal_nan=True)).sum())
    return Found(Estimate(wrong), f"{told_:,} labels, {figures:,} figures")


def _learnt_until(of: Quiet) -> pd.Timestamp:
    return of.weeks.monday(of.weeks.reference).tz_localize(of.hospital.facts.time_zone)


def _alarms(usual: Usual, new: Told, weeks: Weeks, place: int) -> list[str]:
    """Return the measures that alarm in a week or in the four that it ends, the loudest first."""
    loud = [one for one in judged_week(usual, new, weeks, place)[1] if one["state"] == ALARM]
    return [one["name"] for one in sorted(loud, key=lambda one: -one["distance"])]

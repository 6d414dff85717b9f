"""The lines T13 and T14 of the watch: alarms in quiet weeks, shifts that are found, labels that wait."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

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
from training.cohort import prepared
from training.drift import AT_ONCE, Usual, judged_week
from training.fit import fit
from training.watch.rows import LATELY_DAYS, Told, told
from training.watch.weeks import Weeks, weeks_of
from training.watch.words import ALARM

SHIFTS = len(OF_RECORDS) + len(OF_LIVES)
CUTS = 6
WEEKS_BEFORE_A_CUT = 18  # those in which some labels are mature and some are not
WATCHED_SEED, SHIFTED_SEED = 25, 26  # the statistics were made on other hospitals
TRIED = 6  # weeks, for a quiet beginning
LEARNT_WEEKS = 26
OF_WARDS = ("ward", "ward:unknown", "ward:missing", "ward_first", "ward_first:unknown", "ward_first:missing")
"""Not counted for what changes lives: `simulate` lays out wards by all who will come, long before."""
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
    """Return how many shifts the first week shows in a large hospital, beside four weeks in a small one."""
    size = sizes(inputs)
    large = _found(inputs, size.weekly_large, 1)
    small = _found(inputs, size.weekly_small, AT_ONCE)
    words = f"{size.weekly_large:,} admissions a week{_missed(large)}"
    words += f"; {size.weekly_small} a week: {sum(small.values())} in 28 days{_missed(small)}"
    return Found(Estimate(sum(large.values()) if large else np.nan), words)


def _missed(found: Mapping[str, bool]) -> str:
    if not found:
        return ", and no quiet week to plant in"
    missed = [name for name, there in found.items() if not there]
    return f", not found: {', '.join(missed)}" if missed else ""


def _found(inputs: Inputs, weekly: int, within: int) -> dict[str, bool]:
    """Return which shifts are found within some weeks of a hospital; nothing where no weeks are quiet."""
    count = 2 * 52 + 20 if sizes(inputs).quiet_weeks > 100 else 60

    def made(**drifts: pd.Timestamp) -> Hospital:
        return simulate(weekly * count, SHIFTED_SEED, days=7 * count, drifts=drifts)

    whole = made()
    zone = whole.facts.time_zone
    learnt_until = whole.observed_until - pd.Timedelta(weeks=18)
    predictor, weeks = _own_release(inputs, whole, learnt_until), weeks_of(whole, learnt_until)
    usual = Usual.of(predictor, told(predictor, whole, weeks, range(weeks.reference)))
    seen_from = weeks.monday(weeks.places.start) - (weeks.history_days + 2 * LATELY_DAYS) * DAY
    span = (seen_from.tz_localize(zone), whole.observed_until)
    base = part(whole, *span)
    places = _quiet_places(usual, predictor, base, weeks, within)
    if places is None:
        return {}
    until = weeks.monday(places.stop) + pd.Timedelta(days=weeks.late_days)
    then = replace(weeks, until=until)  # so that nothing counts that is known later
    since, at = (day.tz_localize(zone) for day in (weeks.monday(places.start), until + DAY / 2))

    def found(name: str, hospital: Hospital, passed_over: tuple[str, ...] = ()) -> bool:
        new = told(predictor, as_known(hospital, at), weeks, places)
        of_each = (
            [one for one in _alarms(usual, new, then, place) if one not in passed_over] for place in places
        )
        heard = [names for names in of_each if names]
        inputs.say(f"{name}: {'; '.join(', '.join(names[:4]) for names in heard) or 'not found'}")
        return bool(heard)

    of_records = {name: found(name, shift(base, since)) for name, shift in OF_RECORDS.items()}
    lives = ((name, part(made(**{name: since}), *span)) for name in OF_LIVES)  # one at a time: each is large
    return of_records | {name: found(name, life, OF_WARDS) for name, life in lives}


def _own_release(inputs: Inputs, hospital: Hospital, until: pd.Timestamp) -> Predictor:
    """Return a quick release that learnt the last half year before a moment, and so knows the wards."""
    known = as_known(part(hospital, until - LEARNT_WEEKS * 7 * DAY, until), until)
    plan = replace(inputs.plan, most_moments=20_000, date_rounds=40, calibration_folds=2)
    return fit(prepared(known, plan, inputs.say), plan, inputs.say).predictor


def _quiet_places(
    usual: Usual, predictor: Predictor, hospital: Hospital, weeks: Weeks, within: int
) -> range | None:
    """Return the first weeks together in which nothing alarms, or None."""
    some = weeks.places[: within + TRIED]
    new = told(predictor, hospital, weeks, some)
    for start in some[: TRIED + 1]:
        places = range(start, start + within)
        if not any(_alarms(usual, new.part(places), weeks, place) for place in places):
            return places
    return None


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

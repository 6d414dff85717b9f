"""What a release says of the board, admissions and discharges of some weeks, and what became of them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.history import READMISSION_WINDOW_DAYS
from features.snapshot import at_moments
from features.table import feature_table
from features.tables import Hospital
from models.discharge_date import Targets
from models.distribution import Curves, fewest_days
from models.predictor import Predictor
from training.moment import prediction_moments
from training.outcomes import stay_outcomes, targets
from training.returning import CODED_AFTER_DAYS
from training.watch.shown import was_shown
from training.watch.weeks import Weeks, days_after

Floats = npt.NDArray[np.float64]
WEEKS_AT_ONCE = 4
EXPECTED_DAYS = 28
RANGE_ENDS_WITHIN = 13  # days: ranges that end later would wait too long for their labels
HOME_DAYS = {"home_by_24h": 1, "home_by_48h": 2, "home_by_72h": 3}
RIPE_AFTER_DAYS = {
    "leaving": 0,
    **HOME_DAYS,
    "range": RANGE_ENDS_WITHIN,
    "readmission": READMISSION_WINDOW_DAYS,
    "same_issue": CODED_AFTER_DAYS,
}
"""How many days after a row its label can be known, late recording not counted."""
MOMENTS = ("admission", "first", "board", "discharge")
"""Kinds of rows; `first` are those of each stay's first board round: a row a person, and all of them new."""
LATELY_DAYS = 28  # whole weeks, with whose emergencies those of a week, or of four, are compared


@dataclass(frozen=True)
class Rows:
    """Rows of one kind of moment, ordered by day: `day` counts from the first reference Monday.

    `table` holds features and what the release said; `expected` and `seen` hold, by name, the chance of
    something and whether it was (1 or 0), NaN in both where it does not apply or its label is not mature.
    """

    day: npt.NDArray[np.int64]
    patient: npt.NDArray[np.int64]
    table: pd.DataFrame
    expected: dict[str, Floats]
    seen: dict[str, Floats]

    def between(self, first: int, last: int) -> "Rows":
        """Return the rows of days from `first` to before `last`."""
        part = slice(*np.searchsorted(self.day, [first, last]))
        of = {name: values[part] for name, values in self.expected.items()}
        was = {name: values[part] for name, values in self.seen.items()}
        return Rows(self.day[part], self.patient[part], self.table.iloc[part], of, was)


@dataclass(frozen=True)
class Told:
    """The rows of some weeks by kind of moment, and what was recorded a day.

    `events` has how many of each name, a column each.  `emergencies` has how many were `seen`, and how many
    were to be `expected` by the four weeks that ended a week before, or four (`expected_in_four`).  Both have
    one row a day.
    """

    rows: dict[str, Rows]
    events: pd.DataFrame
    emergencies: pd.DataFrame

    def week(self, week: int, with_before: int = 0) -> "Told":
        """Return one week, or it with some that came before."""
        return self.part(range(week - with_before, week + 1))

    def part(self, weeks: range) -> "Told":
        """Return some weeks that follow each other."""
        first, last = 7 * weeks.start, 7 * weeks.stop
        events, emergencies = (
            days.reindex(range(first, last), fill_value=0) for days in (self.events, self.emergencies)
        )
        rows = {name: rows.between(first, last) for name, rows in self.rows.items()}
        return Told(rows, events, emergencies)


def told(
    predictor: Predictor, hospital: Hospital, weeks: Weeks, places: range, shown: pd.Series | None = None
) -> Told:
    """Return what a release says of some weeks, each seen with the same depth of history.

    `shown` tells since when each stay's dates were looked at; rows then have a column `shown`.
    """
    outcomes = stay_outcomes(hospital)
    people, _ = pd.factorize(hospital.admissions["patient_id"], sort=True)
    person = pd.Series(people, index=hospital.admissions["admission_id"])
    parts: dict[str, list[Rows]] = {moment: [] for moment in MOMENTS}
    for part, moments in _blocks(hospital, weeks, places):
        inpatients = at_moments(part, moments)
        table = feature_table(inpatients, part, inpatients["at"])
        goals = targets(hospital, inpatients, outcomes, np.ones(len(moments)))
        became = outcomes.loc[moments["admission_id"]].set_axis(moments.index)
        day = days_after(moments["at"], weeks.first)
        patient = person.loc[moments["admission_id"]].to_numpy(np.int64)
        for moment in ("admission", "board", "discharge"):
            own = (moments["moment"] == moment).to_numpy()
            rows = Rows(day[own], patient[own], table[own], {}, {})
            said = _said(
                predictor, moment, rows, moments["at"][own], (goals.pick(own), became[own]), weeks.late_days
            )
            if shown is not None:
                flags = was_shown(moments["admission_id"][own], moments["at"][own], shown)
                column = pd.DataFrame({"shown": flags}, index=said.table.index)
                said = replace(said, table=pd.concat([said.table, column], axis=1))
            parts[moment].append(said)
            if moment == "board":
                first = moments["first"].to_numpy()[own]
                parts["first"].append(Rows(said.day[first], said.patient[first], said.table[first], {}, {}))
    joined = {moment: _joined(some) for moment, some in parts.items()}
    return Told(joined, _events(hospital, weeks, places), _emergencies(hospital, weeks, places))


def _blocks(hospital: Hospital, weeks: Weeks, places: range) -> Iterator[tuple[Hospital, pd.DataFrame]]:
    """Yield moments of a few weeks at a time, with the hospital of the same depth of history."""
    zone = hospital.facts.time_zone
    moments = prediction_moments(hospital, seed=0)
    moments = moments[moments["moment"] != "any"]
    board = moments["moment"] == "board"
    moments = moments.assign(
        first=board & ~moments[board].duplicated("admission_id").reindex(moments.index, fill_value=True)
    )
    week = days_after(moments["at"], weeks.first) // 7
    stays = hospital.admissions
    # Blocks lie as the weeks do, whichever of them are asked for: the same week is seen with the same history.
    for block in range(places.start // WEEKS_AT_ONCE, -(-places.stop // WEEKS_AT_ONCE)):
        first = block * WEEKS_AT_ONCE
        chosen = (week >= max(first, places.start)) & (week < min(first + WEEKS_AT_ONCE, places.stop))
        begins = (weeks.monday(first) - pd.Timedelta(days=weeks.history_days)).tz_localize(zone)
        ends = weeks.monday(first + WEEKS_AT_ONCE).tz_localize(zone)
        inside = (stays["admission_recorded_at"] < ends) & ~(stays["discharged_at"] < begins)
        kept = stays[inside].reset_index(drop=True)
        events = hospital.events[hospital.events["admission_id"].isin(kept["admission_id"])]
        part = replace(hospital, admissions=kept, events=events.reset_index(drop=True))
        if chosen.any():
            yield part, moments[chosen].sort_values("at", kind="stable").reset_index(drop=True)


def _said(
    predictor: Predictor,
    moment: str,
    rows: Rows,
    at: pd.Series,
    outcomes: tuple[Targets, pd.DataFrame],
    late: int,
) -> Rows:
    """Return rows with what the release says of them, and with labels that are mature."""
    goals, became = outcomes
    if not len(rows.day):
        return rows
    gone, board = moment == "discharge", moment == "board"
    added: dict[str, Floats] = {}
    labels: dict[str, tuple[Floats, Floats]] = {}
    if predictor.readmission is not None:
        matrix = predictor.encoder.matrix(rows.table)
        risk = added["readmission_risk"] = np.asarray(predictor.readmission.risk(matrix), np.float64)
        if gone:
            labels["readmission"] = _came_back(risk, goals, became, late)
        if gone and predictor.same_issue is not None:
            labels["same_issue"] = _same_issue(risk * predictor.same_issue.risk(matrix), goals, became, late)
    if predictor.date_model is not None and board:
        curves = predictor.curves(rows.table, predictor.days_of(rows.table, at))
        added["expected_days"] = curves.in_bed[:, :EXPECTED_DAYS].sum(axis=1)
        added["home_by_24h_chance"] = curves.home_by[:, 1]
        labels |= _left(curves, goals, late)
    expected, seen = ({name: pair[side] for name, pair in labels.items()} for side in (0, 1))
    table = pd.concat([rows.table, pd.DataFrame(added, index=rows.table.index)], axis=1)
    return replace(rows, table=table, expected=expected, seen=seen)


def _left(curves: Curves, goals: Targets, late: int) -> dict[str, tuple[Floats, Floats]]:
    """Return by name the chance of something on the board, and whether it was; who is still in was not."""
    home_day = np.where(goals.went_home, goals.exit_day, np.inf)

    def mature(name: str, chance: Floats, was: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
        return _known(chance, was.astype(np.float64), goals.observed_days > RIPE_AFTER_DAYS[name] + late)

    found = {"leaving": mature("leaving", 1 - curves.in_bed[:, 0], goals.exit_day <= 0)}
    for name, days in HOME_DAYS.items():
        found[name] = mature(name, curves.home_by[:, days], home_day <= days)
    first, last = fewest_days(curves.home_by)
    row = np.arange(len(first))
    before = np.where(first > 0, curves.home_by[row, first - 1], 0.0)
    soon = last <= RANGE_ENDS_WITHIN  # known at the moment, so that leaving the others out favours no outcome
    promised = np.where(soon, curves.home_by[row, last] - before, np.nan)
    found["range"] = mature("range", promised, (first <= home_day) & (home_day <= last))
    return found


def _came_back(risk: Floats, goals: Targets, became: pd.DataFrame, late: int) -> tuple[Floats, Floats]:
    label = became["readmitted"].to_numpy(np.float64)
    return _known(risk, label, goals.observed_days > RIPE_AFTER_DAYS["readmission"] + late)


def _same_issue(risk: Floats, goals: Targets, became: pd.DataFrame, late: int) -> tuple[Floats, Floats]:
    back, same = (became[name].to_numpy(np.float64) for name in ("readmitted", "same_issue"))
    label = np.where(back == 0, 0.0, same)  # who came back without codes is unknown, never no
    return _known(risk, label, goals.observed_days > RIPE_AFTER_DAYS["same_issue"] + late)


def _known(chance: Floats, was: Floats, ripe: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    known = ripe & ~np.isnan(was) & ~np.isnan(chance)
    return np.where(known, chance, np.nan), np.where(known, was, np.nan)


def _joined(parts: list[Rows]) -> Rows:
    parts = [part for part in parts if len(part.day)]
    if not parts:
        return Rows(np.empty(0, np.int64), np.empty(0, np.int64), pd.DataFrame(), {}, {})
    names = parts[0].expected
    return Rows(
        np.concatenate([part.day for part in parts]),
        np.concatenate([part.patient for part in parts]),
        pd.concat([_plain(part.table) for part in parts], ignore_index=True),
        {name: np.concatenate([part.expected[name] for part in parts]) for name in names},
        {name: np.concatenate([part.seen[name] for part in parts]) for name in names},
    )


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose codes are texts: those of two blocks may be other categories."""
    codes = table.select_dtypes("category").columns
    return table.astype(dict.fromkeys(codes, "object"))


def _events(hospital: Hospital, weeks: Weeks, places: range) -> pd.DataFrame:
    """Return how many events of each name were recorded on each day of some weeks."""
    day = days_after(hospital.events["recorded_at"], weeks.first)
    inside = (day >= 7 * places.start) & (day < 7 * places.stop)
    names = hospital.events["name"].astype("str")
    counts = pd.crosstab(day[inside], names[inside].to_numpy())
    return counts.reindex(range(7 * places.start, 7 * places.stop), fill_value=0)


def _emergencies(hospital: Hospital, weeks: Weeks, places: range) -> pd.DataFrame:
    """Return how many emergencies were admitted a day, and how many by four weeks before; see `Told`."""
    stays = hospital.admissions
    urgent = stays["admission_method"].isin(hospital.facts.group("admission_method", "emergency"))
    days = days_after(stays["admission_recorded_at"][urgent], weeks.first)
    first, last = 7 * places.start, 7 * places.stop
    seen = pd.Series(days).value_counts().reindex(range(first - 2 * LATELY_DAYS, last), fill_value=0)
    usual = seen.rolling(LATELY_DAYS).mean()
    found = {"seen": seen, "expected": usual.shift(7), "expected_in_four": usual.shift(LATELY_DAYS)}
    return pd.DataFrame(found).loc[first:].astype(np.float64)

"""Rows to learn from and to be measured on: moments, features, outcomes and weights of one hospital."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.observations import states
from features.snapshot import at_moments
from features.table import feature_table
from features.tables import Hospital
from features.timeline import microseconds
from models.booster import Sample
from models.discharge_date import Days, Targets
from models.encoding import Matrix
from training.baselines import Cohort
from training.moment import prediction_moments
from training.outcomes import stay_outcomes, targets
from training.plan import TrainingPlan
from training.returning import CODED_AFTER_DAYS
from training.split import patient_draws

Say = Callable[[str], None]
EARLY_ROWS_LIE_BEFORE_END_DAYS = 120  # 30 to be followed, and 90 in which nearly every stay ends
READMISSION_MOMENTS = ("admission", "board", "discharge")


@dataclass(frozen=True)
class Prepared:
    """A hospital's rows with their features and targets, all of the same index and order."""

    hospital: Hospital
    cohort: Cohort
    targets: Targets

    @property
    def rows(self) -> pd.DataFrame:
        """The rows: admission_id, patient_id, at, moment, outcomes and weights."""
        return self.cohort.rows

    @property
    def table(self) -> pd.DataFrame:
        """The feature table of the rows."""
        return self.cohort.X

    def pick(self, chosen: npt.NDArray[np.bool_]) -> "Prepared":
        """Return some of the rows."""
        return Prepared(self.hospital, Cohort(self.table[chosen], self.rows[chosen]), self.targets.pick(chosen))

    def days(self) -> Days:
        """Return the local day of each row's moment."""
        first = self.rows["at"].dt.tz_localize(None).to_numpy("datetime64[D]")
        return Days(first, self.hospital.facts.nation if self.hospital.dates == "comparable" else None)

    def for_dates(self) -> npt.NDArray[np.bool_]:
        """Tell which rows teach the date models: everybody still in a bed at the moment."""
        return (self.rows["moment"] != "discharge").to_numpy()

    def for_readmission(self) -> npt.NDArray[np.bool_]:
        """Tell which rows teach the readmission model: stays whose outcome is known."""
        known = self.rows["readmitted"].notna() & self.rows["moment"].isin(READMISSION_MOMENTS)
        if self.hospital.dates == "comparable":  # near the end only short stays have ended and been followed
            ripe = self.hospital.observed_until - pd.Timedelta(days=EARLY_ROWS_LIE_BEFORE_END_DAYS)
            known &= (self.rows["moment"] == "discharge") | (self.rows["at"] <= ripe)
        return (known & (self.rows["readmission_weight"] > 0)).to_numpy()

    def for_same_issue(self) -> npt.NDArray[np.bool_]:
        """Tell of which rows it is known whether the person came back for the same issue.

        Those who came back without codes of both stays are left out; so are stays of the last 90 days, also of
        those who did not come back, or the share would be wrong.
        """
        unknown = (self.rows["readmitted"] == 1) & self.rows["same_issue"].isna()
        known = self.for_readmission() & ~unknown.to_numpy()
        if self.hospital.dates == "comparable":
            ripe = self.hospital.observed_until - pd.Timedelta(days=CODED_AFTER_DAYS)
            known &= (self.rows["left_at"] <= ripe).to_numpy()
        return known

    def same_issue_sample(
        self, matrix: Matrix, codes: list[int], chosen: npt.NDArray[np.bool_], plan: TrainingPlan
    ) -> Sample:
        """Return the chosen rows of people who came back, as the booster of P(same issue | back) takes them."""
        sample = self.readmission_sample(matrix, codes, chosen, plan)
        return replace(sample, label=self.rows.loc[chosen, "same_issue"].to_numpy(np.float64))

    def readmission_sample(
        self, matrix: Matrix, codes: list[int], chosen: npt.NDArray[np.bool_], plan: TrainingPlan
    ) -> Sample:
        """Return the chosen rows as the readmission booster takes them."""
        rows = self.rows[chosen]
        early = np.where(rows["moment"] == "discharge", 1.0, plan.early_weight)
        weight = rows["readmission_weight"].to_numpy(np.float64) * early
        return Sample(matrix[chosen], rows["readmitted"].to_numpy(np.float64), weight, codes)


def prepared(hospital: Hospital, plan: TrainingPlan, say: Say) -> Prepared:
    """Return every eligible moment of a hospital with features, outcomes and weights, to learn from.

    Moments in a bed of the patients that the models learn from are thinned beyond `plan.most_moments`, with
    known probability, and weigh its inverse; those of other patients are all kept.
    """
    moments, weight = thinned(hospital, prediction_moments(hospital, plan.seed), plan)
    weight = np.where(moments["moment"] == "admission", plan.admission_weight, weight)
    return _prepared(hospital, moments, weight, say)


def measurable(hospital: Hospital, seed: int, say: Say) -> Prepared:
    """Return every admission, board round and discharge of a hospital, to measure a release on."""
    moments = prediction_moments(hospital, seed)
    moments = moments[moments["moment"] != "any"].reset_index(drop=True)
    return _prepared(hospital, moments, np.ones(len(moments)), say)


def _prepared(hospital: Hospital, moments: pd.DataFrame, weight: npt.NDArray[np.float64], say: Say) -> Prepared:
    say(f"{len(hospital.admissions):,} admissions, {len(moments):,} moments")
    inpatients = at_moments(hospital, moments)
    table = feature_table(inpatients, hospital, inpatients["at"])
    say(f"{table.shape[1]} features for each")
    stays = stay_outcomes(hospital)
    goals = targets(hospital, inpatients, stays, weight)
    # Who is recorded as ready is told since when, and asked about no more.
    asked = (table["criteria_to_reside"] != 0).to_numpy()
    goals = replace(goals, ready_usable=goals.ready_usable & asked)
    own = stays.loc[moments["admission_id"]].set_axis(moments.index)
    days_so_far = np.floor(inpatients["hours_so_far"] / 24)
    rows = moments.assign(
        patient_id=inpatients["patient_id"],
        days_so_far=days_so_far.astype("int64"),
        weight=weight,
        exit_kind=own["exit_kind"],
        readmitted=own["readmitted"],
        same_issue=own["same_issue"],
        left_at=stay_ends(hospital, moments),
        home_day=np.where(goals.went_home, goals.exit_day, np.nan),
    )
    rows["readmission_weight"] = _one_a_stay(rows)
    return Prepared(hospital, Cohort(table, rows), goals)


def stay_ends(hospital: Hospital, moments: pd.DataFrame) -> pd.Series:
    """Return when the stay of each moment truly ended."""
    return moments["admission_id"].map(hospital.admissions.set_index("admission_id")["discharged_at"])


def thinned(
    hospital: Hospital, moments: pd.DataFrame, plan: TrainingPlan
) -> tuple[pd.DataFrame, npt.NDArray[np.float64]]:
    """Keep each moment in a bed with a known probability, and give the inverse as its weight.

    The board rounds of patients who calibrate and test are kept whole, so that they are the board.
    """
    daily = moments["moment"].isin(["board", "any"]).to_numpy()
    people = hospital.admissions.set_index("admission_id")["patient_id"]
    learnt_from = patient_draws(moments["admission_id"].map(people)) < plan.fit_share
    thin = daily & learnt_from
    room = max(plan.most_moments - int((~daily).sum()), plan.most_moments // 2)
    chance = min(1.0, room / max(int(thin.sum()), 1))
    lucky = np.random.default_rng(plan.seed).random(len(moments)) < chance
    board = (moments["moment"] != "any").to_numpy()
    kept = np.where(thin, lucky, ~daily | board)
    return moments[kept].reset_index(drop=True), np.where(thin, 1 / chance, 1.0)[kept]


def stays_digest(hospital: Hospital) -> str:
    """Return a digest of who stayed when, to tell whether a release is measured on what it learnt from."""
    columns = hospital.admissions[["admission_id", "patient_id", "admitted_at", "discharged_at"]]
    return hashlib.sha256(pd.util.hash_pandas_object(columns, index=False).to_numpy().tobytes()).hexdigest()


def planned_days(prepared: Prepared) -> pd.Series:
    """Return the person's planned date known at each row's moment, in days after the moment's day."""
    hospital, rows = prepared.hospital, prepared.rows
    admissions = pd.Index(hospital.admissions["admission_id"])
    planned = states(hospital.events, hospital.facts.events["planned_discharge_on"], admissions)
    positions = admissions.get_indexer(pd.Index(rows["admission_id"])).astype(np.int64)
    known = planned.at(positions, microseconds(rows["at"])).texts().set_axis(rows.index)
    days = pd.to_datetime(known.astype("str"), errors="coerce", format="%Y-%m-%d")
    return (days - rows["at"].dt.tz_localize(None).dt.normalize()).dt.days.astype("float64")


def _one_a_stay(rows: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Let a stay weigh one at each kind of moment, one of its board rounds chosen by its hash."""
    draws = patient_draws(rows["admission_id"], "homeward-round-v1")
    board = rows["moment"] == "board"
    order = rows.groupby(["admission_id", "moment"]).cumcount()
    count = rows.groupby(["admission_id", "moment"])["at"].transform("size")
    chosen = order == np.floor(draws * count)
    return np.where(board, chosen, rows["moment"] != "any").astype(np.float64)

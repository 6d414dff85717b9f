"""Moments of the simulated hospital, what could be known of them, and what became of the people."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from inputs import LEARNT_FROM_SEED, Inputs

from features.observations import states
from features.sources.simulation import Arguments
from features.sources.simulation.truth import Known, Truth
from features.tables import Hospital
from features.timeline import microseconds
from models.discharge_date import Targets
from training.moment import prediction_moments
from training.outcomes import stay_outcomes, targets
from training.split import patient_draws

FOLLOWED_DAYS = 100  # before the end of the data: nearly every stay ends, and is followed for 30 days
MOST_ROUNDS = 40_000
ADMISSIONS_A_ROUND = 0.6  # of moments that are looked at
HOME_BY, READY_BY = (1, 3, 7), (3, 7)
ROUNDS = 8  # of a first stay, of which one is looked at for each patient
Numbers = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Claim = tuple[pd.Series, Numbers, Numbers]  # patients, chances, and whether it happened


@dataclass(frozen=True)
class Foreseen:
    """Moments with what could be known of them and what became of them.

    `asked` is True where the person is not on record as ready; those who are get no question.  `returned` is
    1, 0, or NaN where nobody can tell; `hospital` and `truth` are of the same arguments.
    """

    hospital: Hospital
    truth: Truth
    moments: pd.DataFrame
    known: Known
    targets: Targets
    asked: Mask
    returned: Numbers

    def claims(self, answer: str, moment: str) -> Mapping[str, Claim]:
        """Return what the truth says of all days of one answer (home, ready, returns) at one kind of moment."""
        rows = (self.moments["moment"] == moment).to_numpy()
        own = self.targets
        if answer == "returns":
            rows = rows & ~np.isnan(self.returned)
            return {moment: (self.moments["patient_id"][rows], self.known.returns[rows], self.returned[rows])}
        if answer == "home":
            happened = {day: own.went_home & (own.exit_day <= day) for day in HOME_BY}
            return {
                f"{moment}, {day} d": self._by(rows, self.known.home, day, happened[day]) for day in HOME_BY
            }
        rows = rows & own.ready_usable & self.asked
        happened = {day: own.ready_day <= day for day in READY_BY}
        return {f"{moment}, {day} d": self._by(rows, self.known.ready, day, happened[day]) for day in READY_BY}

    def _by(self, rows: Mask, chances: Numbers, day: int, happened: Mask) -> Claim:
        chance = chances[rows, : day + 1].sum(axis=1)
        return self.moments["patient_id"][rows], chance, happened[rows].astype(np.float64)


def foreseen(inputs: Inputs) -> Foreseen:
    """Return rounds and admissions drawn by chance, and every discharge, early enough to be followed."""
    hospital, truth = inputs.hospital(), inputs.once(truth_of)
    moments = inputs.once(followed_moments)
    draws = np.random.default_rng(1).permutation(len(moments))
    rounds = min(MOST_ROUNDS, inputs.admissions)
    most = {"board": rounds, "admission": int(rounds * ADMISSIONS_A_ROUND), "discharge": len(moments)}
    drawn = moments.iloc[draws]
    chosen = drawn[drawn.groupby("moment").cumcount() < drawn["moment"].map(most)].reset_index(drop=True)
    inputs.say(f"what could be known at {len(chosen):,} moments")
    return looked_at(hospital, truth, chosen)


def looked_at(hospital: Hospital, truth: Truth, moments: pd.DataFrame) -> Foreseen:
    """Return what could be known at moments, and what became of them."""
    stays = stay_outcomes(hospital)
    return Foreseen(
        hospital=hospital,
        truth=truth,
        moments=moments,
        known=truth.at(moments),
        targets=targets(hospital, moments, stays, np.ones(len(moments))),
        asked=criteria_on_record(hospital, moments) != 0,
        returned=stays["readmitted"].reindex(moments["admission_id"]).to_numpy(np.float64),
    )


def truth_of(inputs: Inputs) -> Truth:
    """Return the truth about the hospital of England with one site."""
    inputs.say(f"the truth about {inputs.admissions:,} admissions")
    return Truth(Arguments(inputs.admissions, seed=LEARNT_FROM_SEED))


def followed_moments(inputs: Inputs) -> pd.DataFrame:
    """Return all admissions, 08:00 rounds and discharges that were followed long enough, with patient_id."""
    hospital = inputs.hospital()
    moments = prediction_moments(hospital, LEARNT_FROM_SEED)
    early = moments["at"] <= hospital.observed_until - pd.Timedelta(days=FOLLOWED_DAYS)
    moments = moments[early & (moments["moment"] != "any")].reset_index(drop=True)
    people = hospital.admissions.set_index("admission_id")["patient_id"]
    return moments.assign(patient_id=moments["admission_id"].map(people))


def criteria_on_record(hospital: Hospital, moments: pd.DataFrame) -> Numbers:
    """Return the criteria to reside as the ward knew them: 1 meets them, 0 does not, NaN not recorded."""
    admissions = pd.Index(hospital.admissions["admission_id"])
    criteria = states(hospital.events, hospital.facts.events["criteria_to_reside"], admissions)
    places = admissions.get_indexer(pd.Index(moments["admission_id"])).astype(np.int64)
    return criteria.at(places, microseconds(moments["at"])).values


def one_round_a_patient(hospital: Hospital, moments: pd.DataFrame) -> pd.DataFrame:
    """Return one board round of each patient's first stay, which a hash chose: who leaves before has none."""
    stays = hospital.admissions.sort_values(["admitted_at", "admission_id"])
    first = stays.drop_duplicates("patient_id")["admission_id"]
    rounds = moments[(moments["moment"] == "board") & moments["admission_id"].isin(first)]
    chosen = np.floor(patient_draws(rounds["patient_id"], "homeward-round-of-a-patient") * ROUNDS)
    return rounds[rounds.groupby("admission_id").cumcount() == chosen].reset_index(drop=True)

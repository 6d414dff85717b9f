"""Who and when: patients hashed once into fit, calibrate and test, and consecutive periods with a gap."""

import hashlib

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.tables import Dates
from training.plan import TrainingPlan

SALT = "homeward-split-v1"
PARTS = ("fit", "calibrate", "test")


def patient_draws(patients: pd.Series, salt: str = SALT) -> npt.NDArray[np.float64]:
    """Return a number from 0 to 1 for each patient that never changes: a hash, not a draw."""
    unique = {
        patient: int.from_bytes(hashlib.blake2b(f"{salt}:{patient}".encode(), digest_size=8).digest(), "big")
        / 2**64
        for patient in patients.unique()
    }
    return patients.map(unique).to_numpy(np.float64)


def parts(rows: pd.DataFrame, dates: Dates, plan: TrainingPlan) -> pd.Series:
    """Return fit, calibrate, test or empty for rows (patient_id, at).

    A row is used where its patient's part and its moment's period agree, so no patient and no month is
    on two sides.  Dates that do not compare across patients split by patient alone.
    """
    draws = patient_draws(rows["patient_id"])
    bounds = np.array([plan.fit_share, plan.fit_share + plan.calibrate_share])
    person = np.searchsorted(bounds, draws, side="right")
    if dates != "comparable":
        return pd.Series(np.array(PARTS)[person], index=rows.index)
    at = rows["at"]
    begin, end = at.min(), at.max()
    cuts = [
        begin + (end - begin) * share for share in (plan.fit_period, plan.fit_period + plan.calibrate_period)
    ]
    gap = pd.Timedelta(days=plan.gap_days) / 2
    period = np.select(
        [at < cuts[0] - gap, (at >= cuts[0] + gap) & (at < cuts[1] - gap), at >= cuts[1] + gap], [0, 1, 2], -1
    )
    return pd.Series(np.where(period == person, np.array(PARTS)[person], ""), index=rows.index)


def folds(patients: pd.Series, count: int) -> npt.NDArray[np.int64]:
    """Return each row's fold, the same for all rows of a patient and independent of the parts."""
    return np.floor(patient_draws(patients, "homeward-folds-v1") * count).astype(np.int64)

"""What one plan gains over another: the same rows' losses compared, whole patients drawn again."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.booster import Floats
from training.metrics import weighted_mean

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Losses:
    """What rows cost under a proper score, each with its patient and weight; arrays of one length.

    `later` are the rows of the calibrate part: other patients in months after those that most is learnt from.
    """

    patient: npt.NDArray[np.str_]
    later: Mask
    loss: Floats
    weight: Floats

    def mean(self, rows: Mask | None = None) -> float:
        """Return the weighted mean of all or some rows, NaN where they weigh nothing."""
        weight = self.weight if rows is None else np.where(rows, self.weight, 0.0)
        found = weighted_mean(self.loss, weight)
        return float("nan") if found is None else found


@dataclass(frozen=True)
class Scored:
    """A plan's scores: `objective` is the mean over `losses`, smaller is better; `size` is trees x leaves."""

    objective: float
    size: float
    scores: dict[str, float]
    losses: tuple[Losses, ...]


@dataclass(frozen=True)
class Gain:
    """By how much the objective falls, and its 95 % interval over so many patients drawn again."""

    fall: float
    low: float
    high: float
    patients: int


def gain(before: Scored, after: Scored, seed: int, *, later: bool = False, draws: int = 1000) -> Gain | None:
    """Return what one plan gains over another on the same bench, on all rows or those of the later months.

    The same rows are compared, so that only what differs counts.  None where no row weighs anything.
    """
    weights = [one.weight * one.later if later else one.weight for one in before.losses]
    counted = [np.unique(one.patient[weight > 0]) for one, weight in zip(before.losses, weights, strict=True)]
    if not all(len(each) for each in counted):
        return None
    everybody = np.unique(np.concatenate(counted))
    people = len(everybody)
    random = np.random.default_rng(seed)
    times = np.vstack([np.ones(people), random.multinomial(people, np.full(people, 1 / people), draws)])
    falls = []
    for one, other, weight in zip(before.losses, after.losses, weights, strict=True):
        rows = weight > 0
        who, weight = np.searchsorted(everybody, one.patient[rows]), weight[rows]
        saved = np.bincount(who, weight * (one.loss - other.loss)[rows], people)
        falls.append(times @ saved / np.maximum(times @ np.bincount(who, weight, people), 1e-12))
    found = np.mean(falls, axis=0)
    low, high = np.quantile(found[1:], [0.025, 0.975])
    return Gain(float(found[0]), float(low), float(high), people)


def verdict(whole: Gain | None, later: Gain | None) -> dict[str, bool]:
    """Return whether a plan wins: its gain is above the noise, and it does not lose in the later months."""
    above, loses = whole is not None and whole.low > 0, later is not None and later.high < 0
    return {"above_noise": above, "loses_later": loses, "wins": above and not loses}

"""How well one feature alone tells what becomes of a stay: too well, and it knows the future."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.catalogue import catalogue
from features.snapshot import at_moments
from features.table import feature_table
from features.tables import Hospital
from training.metrics import auroc
from training.moment import prediction_moments
from training.outcomes import stay_outcomes
from training.sign import FEWEST, Sign
from training.split import folds, patient_draws

Numbers = npt.NDArray[np.float64]
Groups = npt.NDArray[np.int64]
LIMITS = {  # of AUROC: what whole published models reach, so that no single feature should
    "back within 30 days": 0.70,  # PARR-30; LACE 0.68
    "gone by tomorrow": 0.80,  # daily snapshots, 0.80 to 0.88
    "gone on the same day": 0.85,  # no model published; twice as far from chance as age or diagnosis alone
    "in for a week or more": 0.80,  # Hospital Frailty Risk Score 0.62 to 0.72 for over 10 days
}
DIGIT_LIMIT = 0.55  # a last digit says nothing of anybody: 0.5 but for chance
ERRORS = {"its value": 2, "being missing": 2, "its last digit": 4}  # standard errors; digits are many and blind
HALVES, BINS, DIGITS = 2, 20, 10
WIDE = 30  # units between the 5th and 95th hundredth, from which a last digit says nothing of the size
PRIOR = 10.0  # stays at the mean rate added to each group, so that a rare code is certain of nothing
RARELY = 0.01  # a feature that is missing, or known, less often is not read by that
REMEDY = "see when it is written and whether it is ever written again; leave it out until that is known"


@dataclass(frozen=True)
class Looked:
    """The stays at one kind of moment: features, each patient and their half, and outcomes (NaN unknown)."""

    moment: str
    table: pd.DataFrame
    patients: pd.Series
    half: Groups
    outcomes: Mapping[str, Numbers]


def telling_signs(hospital: Hospital) -> Iterator[Sign]:
    """Yield for each feature how well it alone tells outcomes, read by its value, last digit or being missing.

    A sign is the reading, outcome and moment that lies highest above its limit, or nearest to it: an AUROC less
    its standard errors (Hanley and McNeil, 1982).  Rates are taken from one half of the patients and judged on
    the other, and the other way round.  Stays are emergencies in scope, one row a moment, since the length of
    a planned stay is planned.  Outcomes that fewer than 50 stays have, or all but as few, are passed over.
    """
    kinds = {feature.name: feature.kind for feature in catalogue(hospital)}
    best: dict[str, Sign] = {}
    for looked in _looks(hospital):
        for name in looked.table:
            for reading, groups in readings(looked.table[name], kinds[str(name)]).items():
                for sign in _told(str(name), reading, groups, looked):
                    if sign.evidence - sign.limit > _above(best.get(str(name))):
                        best[str(name)] = sign
    yield from best.values()


def readings(values: pd.Series, kind: str) -> Mapping[str, Groups]:
    """Return the ways to read a feature, each as the number of a group for every row, -1 for missing.

    >>> wide = pd.Series([104.0, 131.0, 168.0, np.nan] * 5)
    >>> {name: groups[:4].tolist() for name, groups in readings(wide, "number").items()}
    {'being missing': [0, 0, 0, 1], 'its value': [1, 4, 7, -1], 'its last digit': [4, 1, 8, -1]}
    """
    missing = values.isna().to_numpy()
    found = {"being missing": missing.astype(np.int64)} if RARELY < missing.mean() < 1 - RARELY else {}
    if missing.all():
        return {}
    if kind != "number":
        return {**found, "its value": pd.factorize(values)[0].astype(np.int64)}
    numbers = values.to_numpy(np.float64)
    known = numbers[~missing]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1]))
    found["its value"] = np.where(missing, -1, np.searchsorted(edges, numbers, side="right"))
    low, high = np.quantile(known, [0.05, 0.95])
    if (known % 1 == 0).all() and high - low >= WIDE:
        found["its last digit"] = np.where(missing, -1, np.nan_to_num(numbers) % DIGITS).astype(np.int64)
    return found


def _above(sign: Sign | None) -> float:
    return sign.evidence - sign.limit if sign else -np.inf


def _told(name: str, reading: str, groups: Groups, looked: Looked) -> Iterator[Sign]:
    for outcome, happened in looked.outcomes.items():
        known = ~np.isnan(happened)
        if reading != "being missing":  # what is there and that it is there are two things
            known &= groups >= 0
        with_it, count = int((happened[known] == 1).sum()), int(known.sum())
        if min(with_it, count - with_it) < FEWEST:
            continue
        area = _area(groups[known], happened[known], looked.half[known])
        least = area - ERRORS[reading] * _standard_error(area, with_it, count - with_it)
        limit = DIGIT_LIMIT if reading == "its last digit" else LIMITS[outcome]
        words = f"{reading} alone tells who is {outcome} ({looked.moment}), AUROC at least"
        yield Sign(f"features.{name}", words, least, limit, looked.patients[known].nunique(), REMEDY)


def _area(groups: Groups, happened: Numbers, half: Groups) -> float:
    rate, place, count = np.empty(len(groups)), groups + 1, int(groups.max()) + 2
    for part in range(HALVES):
        learnt = half != part
        total = np.bincount(place[learnt], minlength=count)
        with_it = np.bincount(place[learnt], happened[learnt], count)
        rates = (with_it + PRIOR * happened[learnt].mean()) / (total + PRIOR)
        rate[~learnt] = rates[place[~learnt]]
    return auroc(rate, happened, np.ones(len(rate))) or 0.5


def _standard_error(area: float, with_it: int, without: int) -> float:
    one, two = area / (2 - area), 2 * area**2 / (1 + area)
    spread = area * (1 - area) + (with_it - 1) * (one - area**2) + (without - 1) * (two - area**2)
    return float(np.sqrt(max(spread, 0) / (with_it * without)))


def _looks(hospital: Hospital) -> Iterator[Looked]:
    for moment, rows in _rows(hospital).groupby("moment"):
        inpatients = at_moments(hospital, rows)
        yield Looked(
            str(moment),
            feature_table(inpatients, hospital, inpatients["at"]),
            inpatients["patient_id"],
            folds(inpatients["patient_id"], HALVES),
            _outcomes(hospital, rows, str(moment)),
        )


def _rows(hospital: Hospital) -> pd.DataFrame:
    """Return the admission, one board round by hash, and the discharge of each emergency in scope."""
    moments = prediction_moments(hospital, seed=1)
    methods = hospital.admissions.set_index("admission_id")["admission_method"]
    emergency = hospital.facts.group("admission_method", "emergency")
    unplanned = moments["admission_id"].map(methods).isin(emergency)
    moments = moments[unplanned & (moments["moment"] != "any")]
    alike = moments.groupby(["admission_id", "moment"])["at"]
    drawn = np.floor(patient_draws(moments["admission_id"], "homeward-round-v1") * alike.transform("size"))
    return moments[alike.cumcount() == drawn].reset_index(drop=True)


def _outcomes(hospital: Hospital, rows: pd.DataFrame, moment: str) -> Mapping[str, Numbers]:
    became = stay_outcomes(hospital).loc[rows["admission_id"]]
    back = {"back within 30 days": became["readmitted"].to_numpy(np.float64)}
    if moment == "discharge" or hospital.dates == "none":
        return back
    today = rows["at"].dt.tz_localize(None).dt.normalize().to_numpy()
    days = (became["exit_on"].to_numpy() - today) / np.timedelta64(1, "D")
    ahead = {"gone by tomorrow": days <= 1}
    if moment == "admission":  # on a board round how long somebody has been in tells how long they stay
        ahead |= {"gone on the same day": days <= 0, "in for a week or more": ~(days < 7)}
    known = _followed(hospital, rows["at"], became["exit_on"]).to_numpy()
    return back | {name: np.where(known, happened, np.nan) for name, happened in ahead.items()}


def _followed(hospital: Hospital, at: pd.Series, left: pd.Series) -> pd.Series:
    """Tell for which rows it is known who is still in a week later."""
    if hospital.dates != "comparable":  # no common end: only stays that have ended are seen whole
        return left.notna()
    return at + pd.Timedelta(days=8) <= hospital.observed_until

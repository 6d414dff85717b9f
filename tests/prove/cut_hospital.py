"""Current inpatients, deaths and young labels: what a hospital cut at some dates makes of them."""

import hardness
import numpy as np
import pandas as pd
from inputs import Inputs, Numbers
from line import Found

from features.snapshot import as_known
from features.sources.simulation.estimate import Estimate, People
from features.table import Columns
from models.distribution import waiting_days
from models.predictor import ready_since
from training.outcomes import stay_outcomes

DATES, LABEL_DATES = 20, 10
FOLLOWED_DAYS = 120  # after a date, so that nearly every stay has ended
DRAWS = 300
FRAILEST = 0.9


def inpatients(inputs: Inputs) -> tuple[pd.DataFrame, pd.DataFrame, Numbers, Numbers]:
    """Return rows and features of other patients' inpatients of 20 mornings, their home curves, and their day.

    The day is infinite for who never went home: deaths and transfers are part of the incidence, and so are
    those who are still in.
    """
    board, curves = inputs.once(hardness._board)
    mornings = board.rows["at"].dt.normalize()
    days = pd.Series(sorted(mornings.unique()))
    last = days.iloc[-1] - pd.Timedelta(days=FOLLOWED_DAYS)
    days = days[days <= last]
    chosen = mornings.isin(days.iloc[np.linspace(30, len(days) - 1, DATES).astype(int)]).to_numpy()
    some = board.pick(chosen)
    day = np.where(some.targets.went_home, some.targets.exit_day, np.inf)
    return some.rows, some.table, curves.home_by[chosen], day


def incidence_gap(days: int, inputs: Inputs, frailest: bool = False) -> Found:
    """Return the mean chance of being home by the end of some days, less the share who were."""
    rows, table, home_by, day = inputs.once(inpatients)
    chosen = np.ones(len(rows), bool)
    if frailest:
        scale = table["clinical_frailty_scale"].to_numpy(np.float64)
        chosen = scale >= np.nanquantile(scale, FRAILEST)
    gap = home_by[:, days] - (day <= days)
    return Found(
        People(rows["patient_id"]).mean(gap, chosen), f"{chosen.sum():,} inpatient-days of {DATES} dates"
    )


def late_centile(inputs: Inputs) -> Found:
    """Return the 90th centile of the days until home that the curves say of all, over that which was seen."""
    rows, _, home_by, day = inputs.once(inpatients)
    home_by = home_by[:, : FOLLOWED_DAYS + 1]
    people, patient = np.unique(rows["patient_id"].to_numpy(str), return_inverse=True)
    was = (day[:, None] <= np.arange(FOLLOWED_DAYS + 1)).astype(np.float64)

    def ratio(weight: Numbers) -> float:
        return _centile(weight @ home_by) / _centile(weight @ was)

    random, found = np.random.default_rng(1), []
    for _ in range(DRAWS):
        times = np.bincount(random.integers(len(people), size=len(people)), minlength=len(people))
        found.append(ratio(times[patient].astype(np.float64)))
    low, high = np.quantile(found, [0.025, 0.975])
    every = np.ones(len(rows))
    seen = _centile(every @ was)
    return Found(Estimate(ratio(every), (float(low), float(high))), f"seen: {seen:.1f} days")


def negative_delays(inputs: Inputs) -> Found:
    """Return how many inpatients are told a delay below zero."""
    board, curves = inputs.once(hardness._board)
    local = board.rows["at"]
    since = np.array([day is not None for day in ready_since(Columns.of(board.table), local)])
    delays = waiting_days(curves, since)
    return Found(Estimate(int((delays < -1e-9).sum())), f"{len(delays):,} inpatient-days")


def immature_labels(inputs: Inputs) -> Found:
    """Return how many labels of a hospital as known at some dates are other than those of the whole."""
    hospital = inputs.hospital()
    whole = stay_outcomes(hospital)[["readmitted", "same_issue"]]
    begun = hospital.admissions["admitted_at"].min()
    span = hospital.observed_until - begun
    wrong = told = 0
    for part in range(1, LABEL_DATES + 1):
        cut = stay_outcomes(as_known(hospital, begun + span * part / (LABEL_DATES + 1)))
        cut = cut[["readmitted", "same_issue"]]
        later = whole.reindex(cut.index)
        known = cut.notna().to_numpy()
        told += int(known.sum())
        wrong += int((known & (cut.to_numpy() != later.to_numpy())).sum())
    return Found(Estimate(wrong), f"{told:,} labels")


def _centile(pooled: Numbers, share: float = FRAILEST) -> float:
    """Return the day, between whole days, by which a share of a pooled curve's own total has happened."""
    running = np.append(0.0, pooled) / pooled[-1]
    return float(np.interp(share, running, np.arange(len(running))))

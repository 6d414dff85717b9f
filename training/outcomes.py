"""What became of each stay: how and when it ended, when the person was ready, whether they came back."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.columns import CANCELLED
from features.tables import Hospital
from models.discharge_date import Targets
from training.returning import returning

READY_RECORDED_SHARE = 0.8  # a site that records criteria on fewer inpatient-days has no ready date


def stay_outcomes(hospital: Hospital) -> pd.DataFrame:
    """Return one row a stay, indexed by admission_id, from true instants whenever they were recorded.

    `exit_kind` is home, died, transfer or empty (still in); `exit_on` and `ready_on` are local days;
    `ready_usable` is False where readiness is unknown; `unready_until` is the last local day up to which
    an open stay is known not to have become ready; `readmitted` and `same_issue` are those of `returning`.
    """
    stays = hospital.admissions.set_index("admission_id")
    facts = hospital.facts
    ended = stays["discharged_at"].notna()
    died = stays["discharge_method"].isin(facts.group("discharge_method", "died"))
    moved = stays["discharge_destination"].isin(facts.group("discharge_destination", "hospital"))
    kind = pd.Series(np.select([~ended, died, moved], ["", "died", "transfer"], "home"), index=stays.index)
    exit_on = _day(stays["discharged_at"])
    ready = _ready(hospital, exit_on, kind)
    ended_how = pd.DataFrame({"exit_kind": kind, "exit_on": exit_on})
    return ended_how.join(returning(hospital, kind)).join(ready)


def targets(
    hospital: Hospital, rows: pd.DataFrame, stays: pd.DataFrame, weight: npt.NDArray[np.float64]
) -> Targets:
    """Return what the date models learn from for rows (admission_id, at), in days after the moment's day."""
    own = stays.loc[rows["admission_id"]]
    today = _day(rows["at"]).to_numpy("datetime64[D]")
    observed = _observed_days(hospital, today, own["exit_kind"].to_numpy(str))
    exit_day = _days_after(own["exit_on"], today)
    ready_day = _days_after(own["ready_on"], today)
    unready_until = _days_after(own["unready_until"], today)
    return Targets(
        exit_day=np.maximum(exit_day, 0),
        went_home=(own["exit_kind"] == "home").to_numpy(),
        observed_days=observed,
        ready_day=np.maximum(ready_day, 0),
        ready_observed_days=np.minimum(observed, np.where(np.isinf(unready_until), observed, unready_until)),
        ready_usable=own["ready_usable"].to_numpy(bool),
        weight=weight,
    )


def ready_state(
    goals: Targets, exit_kind: npt.NDArray[np.str_]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.str_], npt.NDArray[np.float64]]:
    """Return the day of becoming ready (NaN unless seen), how each row ended for that question, and when.

    It ends with "home" where readiness was seen; who went home without is as one still watched, "".
    """
    seen = np.isfinite(goals.ready_day)
    state = np.where(seen, "home", np.where(exit_kind == "home", "", exit_kind))
    ended = np.where(seen, goals.ready_day, goals.exit_day)
    return np.where(seen, goals.ready_day, np.nan), state, ended


def _observed_days(
    hospital: Hospital, today: npt.NDArray[np.datetime64], exit_kind: npt.NDArray[np.str_]
) -> npt.NDArray[np.float64]:
    if hospital.dates != "comparable":  # no common end: ended stays are seen whole, open ones not at all
        return np.where(exit_kind == "", 0.0, np.inf)
    last = _day(pd.Series([hospital.observed_until])).to_numpy("datetime64[D]")[0]
    return np.asarray((last - today) / np.timedelta64(1, "D"))


def _day(instants: pd.Series) -> pd.Series:
    return instants.dt.tz_localize(None).dt.normalize()


def _days_after(days: pd.Series, today: npt.NDArray[np.datetime64]) -> npt.NDArray[np.float64]:
    gap = (days.to_numpy("datetime64[D]") - today) / np.timedelta64(1, "D")
    return np.where(np.isnan(gap), np.inf, gap)


def _ready(hospital: Hospital, exit_on: pd.Series, kind: pd.Series) -> pd.DataFrame:
    stays = hospital.admissions.set_index("admission_id")
    runs = _last_run(hospital)
    run_on = _day(runs["since"].reindex(stays.index))
    not_meeting = runs["value"].reindex(stays.index) == 0
    delayed = _delayed(hospital).reindex(stays.index, fill_value=False)
    gone = kind != ""
    with_run = gone & not_meeting
    live_without = (kind == "home") & ~not_meeting
    unknown = live_without & delayed
    ready_on = run_on.where(with_run).fillna(exit_on.where(live_without & ~unknown))
    return pd.DataFrame(
        {
            "ready_on": ready_on,
            "ready_usable": ~unknown
            & ~stays["site"].astype("str").fillna("").isin(sites_without_ready(hospital)),
            "unready_until": run_on.where(~gone & not_meeting),
        }
    )


def _last_run(hospital: Hospital) -> pd.DataFrame:
    """Return, by admission, the last value of criteria_to_reside in the stay and since when it was so."""
    events = _standing(hospital, ["criteria_to_reside"])
    end = events["admission_id"].map(hospital.admissions.set_index("admission_id")["discharged_at"])
    events = events[~(events["happened_at"] > end)]
    same = events["admission_id"] == events["admission_id"].shift()
    changed = ~(same & (events["number"] == events["number"].shift()))
    events = events.assign(since=events["happened_at"].where(changed).ffill())
    last = events.drop_duplicates("admission_id", keep="last").set_index("admission_id")
    return last[["since", "number"]].rename(columns={"number": "value"})


def _delayed(hospital: Hospital) -> pd.Series:
    events = _standing(hospital, ["delay_began", "pathway"])
    delay = (events["name"] == "delay_began") | events["text"].isin(["P1", "P2", "P3"])
    return delay.groupby(events["admission_id"]).any()


def sites_without_ready(hospital: Hospital) -> list[str]:
    """Return the sites that record the criteria on too few inpatient-days for a ready date; "" has no name."""
    shares = criteria_recorded_shares(hospital)
    return sorted(shares.index[~(shares >= READY_RECORDED_SHARE)])


def criteria_recorded_shares(hospital: Hospital) -> pd.Series:
    """Return, by site, the share of inpatient-days on which criteria were recorded, first days left out."""
    stays = hospital.admissions.set_index("admission_id")
    site = stays["site"].astype("str").fillna("")
    begun, end = _day(stays["admitted_at"]), _day(stays["discharged_at"].fillna(hospital.observed_until))
    nights = (end - begun).dt.days.clip(lower=0).groupby(site).sum()
    events = _standing(hospital, ["criteria_to_reside"])
    rows = pd.DataFrame({"stay": events["admission_id"], "day": _day(events["happened_at"])}).drop_duplicates()
    inside = (rows["day"] > rows["stay"].map(begun)) & (rows["day"] <= rows["stay"].map(end))
    recorded = inside.groupby(rows["stay"].map(site)).sum()
    return recorded.reindex(nights.index, fill_value=0) / nights.where(nights > 0)


def _standing(hospital: Hospital, names: list[str]) -> pd.DataFrame:
    """Return the rows of some events that nothing corrected or voided, by stay and time."""
    events = hospital.events[hospital.events["name"].isin(names)]
    events = events.sort_values(["admission_id", "happened_at", "recorded_at"], kind="stable")
    events = events.drop_duplicates(["admission_id", "name", "happened_at"], keep="last")
    return events[events["text"] != CANCELLED]

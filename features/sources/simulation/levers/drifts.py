"""Three ways in which what a hospital writes changes from a moment on, and nothing changes for its patients."""

from collections.abc import Mapping

import pandas as pd

from features.sources.simulation.levers.lever import Lever, event_called, standing, with_events, without_events
from features.tables import Hospital

MG_PER_DL = 0.1  # of a result in mg/L: the accepted range holds both, so that no check of values sees it


def _unit_change(
    hospital: Hospital,
    stays: pd.Index,
    from_: pd.Timestamp,
    event: str = "c_reactive_protein",
    factor: float = MG_PER_DL,
) -> Hospital:
    rows = standing(hospital, [event_called(hospital, event).name], stays)
    return with_events(hospital, number=rows.loc[rows["recorded_at"] >= _zoned(from_), "number"] * factor)


def _coding_freeze(hospital: Hospital, stays: pd.Index, from_: pd.Timestamp, weeks: int = 6) -> Hospital:
    rows = standing(hospital, ["coded_diagnosis"], stays)
    thaw = _zoned(from_).tz_convert(hospital.facts.time_zone) + pd.Timedelta(weeks=weeks)
    frozen = rows.index[(rows["recorded_at"] >= from_) & (rows["recorded_at"] < thaw)]
    return with_events(hospital, recorded_at=pd.Series(thaw, index=frozen))


def _missing_feed(
    hospital: Hospital, stays: pd.Index, from_: pd.Timestamp, event: str = "news2", days: int = 28
) -> Hospital:
    events, back = hospital.events, _zoned(from_) + pd.Timedelta(days=days)
    lost = (events["name"] == event_called(hospital, event).name) & events["admission_id"].isin(stays)
    return without_events(hospital, lost & (events["recorded_at"] >= from_) & (events["recorded_at"] < back))


def _zoned(from_: pd.Timestamp) -> pd.Timestamp:
    if getattr(from_, "tzinfo", None) is None:
        raise ValueError(
            f"from_ must be a Timestamp with a time zone, found {from_}; try tz_localize('Europe/London')"
        )
    return from_


DRIFTS: Mapping[str, Lever] = {
    "unit_change": Lever(
        "From a moment on, one result (C-reactive protein, mg/L) arrives in another unit (mg/dL).",
        "The distribution of that feature, from the first day; values out of range are set aside and counted.",
        _unit_change,
    ),
    "coding_freeze": Lever(
        "For some weeks from a moment on nothing is coded; then everything is, all at once.",
        "Comorbidity of people who were new is missing, then jumps; outcomes by diagnosis ripen late.",
        _coding_freeze,
    ),
    "missing_feed": Lever(
        "For some days from a moment on, one event (NEWS2) no longer arrives, and is never caught up.",
        "The share of inpatients without that feature, from the first day.",
        _missing_feed,
    ),
}

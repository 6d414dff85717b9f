"""Questions about a hospital's inpatients, as a ward system would send them."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from features.snapshot import as_known, snapshot
from features.tables import Hospital
from serving.ingest import sent
from serving.known import NO_WARD, as_rows, known_now
from serving.loop import last_board_hour


def last_board_round(hospital: Hospital) -> pd.Timestamp:
    """Return the last morning board round of which the hospital's tables speak."""
    return pd.Timestamp(last_board_hour(hospital.facts, hospital.observed_until.to_pydatetime()))


def ward_questions(hospital: Hospital, at: pd.Timestamp) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each ward with its question: its inpatients, their earlier stays, and what was recorded by then."""
    known = as_known(hospital, at)
    inpatients = snapshot(known, at)
    now = known_now(known, at, list(inpatients["admission_id"]))
    ward_of = inpatients["admission_id"].map(lambda name: now[name]["ward"] or NO_WARD)
    for ward, people in sorted(inpatients.groupby(ward_of)["patient_id"], key=lambda group: str(group[0])):
        stays = known.admissions[known.admissions["patient_id"].isin(people)]
        events = known.events[known.events["admission_id"].isin(stays["admission_id"])]
        yield (
            str(ward),
            {
                "at": at.isoformat(),
                "admissions": sent(stays),
                "events": as_rows(events.astype({"name": "str"}).reset_index(drop=True)),
            },
        )

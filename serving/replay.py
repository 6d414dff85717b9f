"""Making a past prediction again from what it was made from: the same release gives the same bits."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from features.errors import HomewardError, ReleaseFault
from serving.known import Record, record_of, recorded
from serving.settings import Settings
from serving.store import log
from serving.store.log import LoggedPrediction
from serving.store.store import Store
from serving.unused import identified, unused_events

if TYPE_CHECKING:
    from models.predictor import Predictor


ERASED = "what is erased, or past its time, cannot be made again"


class ReplayFault(HomewardError):
    """A prediction cannot be made again: it, what it was made from, or its release is not there any more."""


@dataclass(frozen=True)
class Replayed:
    """A logged prediction and the answer made anew; `same` tells whether they are equal to the bit."""

    logged: LoggedPrediction
    answer: dict[str, Any]

    @property
    def same(self) -> bool:
        """Tell whether both answers are the same JSON."""
        return json.dumps(self.answer) == json.dumps(self.logged.answer)


def logged(store: Store, id: str) -> LoggedPrediction:
    """Return a prediction by its id; raises ReplayFault if there is none."""
    with store.reading() as connection:
        found = log.by_id(connection, id)
    if found is None:
        raise ReplayFault(f"there is no prediction of that id in the log; {ERASED}")
    return found


def release_of(one: LoggedPrediction, settings: Settings) -> Path:
    """Return the folder of the release that made a prediction; raises ReplayFault if it is gone."""
    from models.sealed import sealed

    for folder in [Path(settings.release), *sorted(settings.model_store.glob("homeward*/*"))]:
        try:
            if sealed(folder).digest == one.release_digest:
                return folder
        except ReleaseFault:
            continue
    raise ReplayFault(f"release {one.release}, which made the prediction, is not in the model store any more")


def replayed(store: Store, one: LoggedPrediction, predictor: "Predictor") -> Replayed:
    """Make a prediction again from its inputs, with the release that made it.

    What it was asked with lies in the log; what a round took from the census are the facts kept by then.
    Raises ReplayFault if some of them were erased.
    """
    record = _record(store, one)
    hospital = record.hospital(predictor.facts, "the log")
    at = pd.Timestamp(one.at).tz_convert(predictor.facts.time_zone)
    [prediction] = predictor.answer(hospital, at, [one.admission_id])
    unused = unused_events(record.events, predictor.facts)
    return Replayed(one, identified(prediction, unused, one.id))


def _record(store: Store, one: LoggedPrediction) -> Record:
    if "census" not in one.inputs:
        return record_of(one.inputs["stays"], one.inputs["events"])
    with store.reading() as connection:
        found = recorded(connection, one.inputs["census"], one.at, one.inputs["upto"])
    if len(found.stays) < len(one.inputs["census"]):
        raise ReplayFault(f"the stays that the prediction was made from are not in the census; {ERASED}")
    return found

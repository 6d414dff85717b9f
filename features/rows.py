"""Whom a feature table is about: its rows, the stays of their people, and the events of those stays."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.tables import Hospital
from features.timeline import NEVER, Integers, microseconds, one_piece, positions


@dataclass(frozen=True)
class Rows:
    """The rows that features are wanted for; people and stays are positions, instants microseconds.

    `people` and `stays` are each row's person and stay.  `own` are all stays of these people, `owners` their
    people, `event_stays` the stay of each of `events` (-1 for another person's).  `ended` is the moment, or
    the end of the stay where that was known and came first: a discharge recorded late must not let the
    person's next stay into the history of this one.
    """

    at: Integers
    ended: Integers
    admitted: Integers
    people: Integers
    stays: Integers
    own: pd.DataFrame
    owners: Integers
    events: pd.DataFrame
    event_stays: npt.NDArray[np.int32]

    @classmethod
    def of(cls, inpatients: pd.DataFrame, hospital: Hospital) -> "Rows":
        """Find the people and stays of `inpatients`, rows of `snapshot` or `at_moments` with their `at`."""
        people, patients = pd.factorize(inpatients["patient_id"])
        owners = positions(hospital.admissions["patient_id"], patients)
        own = hospital.admissions if (owners >= 0).all() else hospital.admissions[owners >= 0]
        at, left = microseconds(inpatients["at"]), microseconds(inpatients["discharged_at"])
        return cls(
            at=at,
            ended=np.where(left == NEVER, at, np.minimum(at, left)),
            admitted=microseconds(inpatients["admitted_at"]),
            people=people.astype(np.int64),
            stays=positions(inpatients["admission_id"], own["admission_id"]).astype(np.int64),
            own=own,
            owners=owners[owners >= 0].astype(np.int64),
            events=one_piece(hospital.events),
            event_stays=positions(hospital.events["admission_id"], own["admission_id"]),
        )

    def last_of_stays(self) -> Integers:
        """Return the last moment at which each stay of `own` is asked about; nothing later can matter."""
        return _last(self.stays, self.at, len(self.own))

    def last_of_people(self) -> Integers:
        """Return the last instant to which the history of each person is wanted."""
        return _last(self.people, self.ended, int(self.people.max(initial=-1)) + 1)


def _last(groups: Integers, instants: Integers, count: int) -> Integers:
    last = np.full(count, NEVER)
    np.maximum.at(last, groups, instants)
    return last

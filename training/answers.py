"""What a release answers on rows that it never saw: plain arrays, which `compare` and the gate judge."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.distribution import Curves
from models.predictor import Predictor
from training.cohort import Prepared
from training.metrics import censoring_weights
from training.outcomes import ready_state
from training.split import patient_draws

Numbers = npt.NDArray[Any]
SALT = "homeward-gate-v1"


@dataclass(frozen=True)
class Held:
    """The rows that releases are judged on: stays in a bed, and discharges whose readmission is known."""

    board: Prepared
    discharge: Prepared

    @property
    def patients(self) -> int:
        """How many people the rows are of."""
        return int(pd.concat([self.board.rows["patient_id"], self.discharge.rows["patient_id"]]).nunique())

    def told(self) -> str:
        """Return how many rows there are, in words."""
        rows, left = len(self.board.rows), len(self.discharge.rows)
        return f"{rows:,} rows in a bed and {left:,} discharges of {self.patients:,} patients"


@dataclass(frozen=True)
class Answers:
    """What one release says of the rows: curves and risks of those in a bed, and risks at discharge."""

    curves: Curves | None
    board_risk: Numbers | None
    risk: Numbers | None


def held(rows: Prepared, after: pd.Timestamp | None, most_board_rows: int) -> Held:
    """Return the board rows and discharges later than a moment, all of them where it is None.

    Beyond `most_board_rows` the board rows of some patients are taken, chosen by hash.  A source without dates
    has rows at admission in place of the board.
    """
    moment = rows.rows["moment"]
    late = np.ones(len(moment), bool) if after is None else (rows.rows["at"] > after).to_numpy()
    kind = "board" if rows.hospital.dates != "none" else "admission"
    board = late & (moment == kind).to_numpy()
    share = most_board_rows / max(int(board.sum()), 1)
    board &= patient_draws(rows.rows["patient_id"], SALT) < share
    discharge = late & (moment == "discharge").to_numpy() & rows.for_readmission()
    return Held(rows.pick(board), rows.pick(discharge))


def answers_of(predictor: Predictor, rows: Held) -> Answers:
    """Return what a release answers on the rows; parts that it has no model for are None."""
    curves = board_risk = risk = None
    if predictor.date_model is not None and len(rows.board.rows):
        curves = predictor.curves(rows.board.table, rows.board.days())
    if predictor.readmission is not None:
        board_risk, risk = (
            predictor.readmission.risk(predictor.encoder.matrix(some.table)) if len(some.rows) else np.zeros(0)
            for some in (rows.board, rows.discharge)
        )
    return Answers(curves, board_risk, risk)


def seen(rows: Prepared) -> Numbers:
    """Return the inverse-censoring weights of leaving; who is still in weighs nothing."""
    goals = rows.targets
    return censoring_weights(goals.observed_days, goals.exit_day, rows.rows["exit_kind"].to_numpy(str))


def ready_seen(rows: Prepared) -> tuple[Numbers, Numbers]:
    """Return the day of becoming ready, NaN unless seen, and the weight of each row."""
    goals = rows.targets
    day, state, ended = ready_state(goals, rows.rows["exit_kind"].to_numpy(str))
    return day, censoring_weights(goals.ready_observed_days, ended, state) * goals.ready_usable

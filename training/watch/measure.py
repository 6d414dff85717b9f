"""One thing that is watched, and the rows of a place that it may be of."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from training.watch.rows import Rows

WEEKEND = 5  # of the weekday from Monday, 0
Part = Literal["inputs", "feeds", "predictions", "calibration", "coverage", "flow"]


@dataclass(frozen=True)
class Measure:
    """One thing that is watched.

    `kind` is how its statistic is made: a distance between distributions (`numbers` or `codes`), a share of
    rows (`missing` or `unknown`), a count against how many patients there were (`rate`), seen less expected
    (`residual`), or that leaning on the logit of the risk (`slope`).
    """

    name: str
    part: Part
    words: str
    kind: Literal["numbers", "codes", "missing", "unknown", "rate", "residual", "slope"]
    moment: str
    of: str  # the feature, label or event
    place: str = ""  # a ward, a site, the weekend or a wait for a pathway, where the measure is of one

    @property
    def is_key(self) -> bool:
        """Tell whether this says how the hospital as a whole does: these few have an alarm of their own."""
        of_the_whole = self.part in ("calibration", "coverage", "flow") and not self.place.startswith("ward:")
        return of_the_whole or self.of == "emergencies"


def is_there(rows: Rows, place: str) -> npt.NDArray[np.bool_]:
    """Tell which rows are of a place, such as ward:W01, or of the weekend."""
    if place == "weekend":
        return rows.day % 7 >= WEEKEND
    column, _, name = place.partition(":")
    return np.asarray(place_of(rows, column) == name)


def place_of(rows: Rows, column: str) -> pd.Series:
    """Return the site or ward of each row, or the pathway of those who are ready and wait; else ""."""
    needed = {"pathway", "delay_began"} if column == "delayed" else {column}
    if not needed <= set(rows.table):
        return pd.Series("", rows.table.index)
    if column == "delayed":
        return rows.table["pathway"].fillna("").where(rows.table["delay_began"].notna(), "")
    return rows.table[column].fillna("")

"""Building rows of the events table."""

import numpy as np
import pandas as pd


def rows(
    name: str,
    admission_id: pd.Series,
    happened_at: pd.Series,
    recorded_at: pd.Series,
    *,
    number: pd.Series | float = np.nan,
    text: pd.Series | None = None,
) -> pd.DataFrame:
    """Return one event row for each admission_id given; the series share an index.

    >>> stays = pd.Series(["A1"])
    >>> at = pd.Series(pd.to_datetime(["2026-01-06T09:00Z"]))
    >>> rows("news2", stays, at, at, number=3)[["admission_id", "name", "number", "text"]]
      admission_id   name  number text
    0           A1  news2     3.0  NaN
    """
    return pd.DataFrame(
        {
            "admission_id": admission_id.astype("str"),
            "happened_at": happened_at,
            "recorded_at": recorded_at,
            "name": pd.Series(name, index=admission_id.index, dtype="str"),
            "number": pd.Series(number, index=admission_id.index, dtype="float64"),
            "text": pd.Series(np.nan, index=admission_id.index, dtype="str")
            if text is None
            else text.astype("str"),
        }
    )

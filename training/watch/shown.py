"""Whose dates people have looked at: such people may leave otherwise because of it, so they are kept apart."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import DataFault, HomewardError

COLUMNS = ["admission_id", "shown_at"]
SIDES = {"shown": True, "not_shown": False}


def read_shown(file: Path) -> pd.Series:
    """Return since when each stay's dates were shown, by admission_id; NaT where nobody looked.

    Raises HomewardError for a file that cannot be read, and DataFault with every fault of one that is not what
    `python -m serving shown` writes.
    """
    try:
        rows = pd.read_csv(file, dtype="str", keep_default_na=False)
    except OSError as error:
        raise HomewardError(f"the file {file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise DataFault(f"the file {file}", ["it must be what `python -m serving shown` writes"]) from error
    if list(rows.columns) != COLUMNS:
        raise DataFault(f"the file {file}", [f"its columns must be {', '.join(COLUMNS)}"])
    faults = []
    told = rows["shown_at"] != ""
    shown_at = pd.to_datetime(rows["shown_at"].where(told), utc=True, errors="coerce", format="ISO8601")
    wrong = told & (shown_at.isna() | ~rows["shown_at"].str.contains(r"(?:Z|[+-]\d\d:\d\d)$"))
    if wrong.any():
        faults.append(f"shown_at must be an instant with its zone in {int(wrong.sum())} rows")
    if (twice := int(rows["admission_id"].duplicated().sum())) > 0:
        faults.append(f"admission_id must be there once, and is there again in {twice} rows")
    if faults:
        raise DataFault(f"the file {file}", faults)
    return shown_at.set_axis(pd.Index(rows["admission_id"]))


def was_shown(admission_ids: pd.Series, at: pd.Series, shown: pd.Series) -> npt.NDArray[np.float64]:
    """Return for rows of stays 1 if their dates had been looked at by then, 0 if not, NaN if it is not known.

    A board row counts as shown from the day on which somebody first looked: what is shown at 11:00 is the
    round of 08:00.
    """
    since = shown.reindex(admission_ids.to_numpy()).reset_index(drop=True)
    known = admission_ids.isin(shown.index).to_numpy()
    looked = since < at.reset_index(drop=True) + pd.Timedelta(days=1)
    return np.where(known, looked.to_numpy(np.float64), np.nan)


def share(flags: npt.NDArray[np.float64]) -> dict[str, Any]:
    """Return how many rows it is known of, and which share of them had not been shown to anybody."""
    known = flags[~np.isnan(flags)]
    return {"rows": len(known), "not_shown_share": round(float(1 - known.mean()), 4) if len(known) else None}


def told_apart(found: Mapping[str, Any]) -> list[str]:
    """Return a sentence on how many were not shown, and one for each figure of either side.

    >>> one = {"home_by_24h": {"observed_over_expected": 1.02, "n": 400}}
    >>> told_apart({"rows": 500, "not_shown_share": 0.2, "shown": one, "not_shown": {}})[1]
    'home by 24h: seen over expected 1.02 of 400 rows shown; too few not shown'
    """
    if not found["rows"]:
        return ["Of no board row is it known whether anybody looked at its dates."]
    sentences = [
        f"Nobody had looked at the dates of {found['not_shown_share']:.0%} of {found['rows']:,} board rows."
    ]
    for name in dict.fromkeys([*found["shown"], *found["not_shown"]]):
        sides = [_side(found[side].get(name), side.replace("_", " ")) for side in SIDES]
        sentences.append(f"{name.replace('_', ' ')}: {'; '.join(sides)}")
    return sentences


def _side(figures: Mapping[str, Any] | None, side: str) -> str:
    if not figures or figures.get("observed_over_expected") is None:
        return f"too few {side}"
    return f"seen over expected {figures['observed_over_expected']:.2f} of {figures['n']:,} rows {side}"

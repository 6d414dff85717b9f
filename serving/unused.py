"""Warnings about what a patient's record holds that no model can use: names not listed, values out of range."""

import difflib
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import numpy as np
import pandas as pd

from features.columns import CANCELLED
from features.hospital import Facts
from features.timeline import positions
from models.prediction import Prediction

Warnings = list[dict[str, str]]


def unused_events(events: pd.DataFrame, facts: Facts) -> dict[str, Warnings]:
    """Return, for each stay that has some, a warning for each event name that is not used as it was sent."""
    names = sorted(facts.events)
    codes = positions(events["name"], names)
    found: dict[str, Warnings] = {}
    if (codes < 0).any():
        for (stay, name), rows in events[codes < 0].groupby(["admission_id", "name"], sort=False):
            found.setdefault(str(stay), []).append(_unknown(str(name), len(rows), facts))
    numbers = events["number"].to_numpy(np.float64)
    # The code of a name that is not listed is -1: the last, whose range holds every number.
    lows, highs = (
        np.array([*(getattr(facts.events[name], end) for name in names), np.nan])[codes]
        for end in ("low", "high")
    )
    odd = (numbers < lows) | (numbers > highs)
    if not odd.any():
        return found
    odd &= ~np.asarray(events["text"].array == CANCELLED, bool)
    for (stay, name), rows in events[odd].groupby(["admission_id", "name"], sort=False):
        event = facts.events[str(name)]
        text = f"{event.words}: {_rows(len(rows))} outside {event.low:g} to {event.high:g} set aside"
        found.setdefault(str(stay), []).append({"field": event.name, "kind": "impossible", "text": text})
    return found


def identified(one: Prediction, unused: Mapping[str, Warnings], id: str | None = None) -> dict[str, Any]:
    """Return a prediction as JSON, under a new id or its own, with warnings of what it did not use."""
    answer = one.as_json()
    warnings = [*answer["warnings"], *unused.get(one.admission_id, [])]
    return {"id": id or uuid4().hex, **answer, "warnings": warnings}


def _unknown(name: str, count: int, facts: Facts) -> dict[str, str]:
    near = difflib.get_close_matches(name.lower(), list(facts.events), 1)
    meant = f"; did you mean {near[0]}?" if near else ""
    text = f"an event name is in no hospital.toml: {_rows(count)} not used{meant}"
    return {"field": "events", "kind": "unknown", "text": text}


def _rows(count: int) -> str:
    return "1 value" if count == 1 else f"{count:,} values"

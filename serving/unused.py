"""Warnings about what a patient's record holds that no model can use: names not listed, values out of range."""

import difflib

import pandas as pd

from features.columns import CANCELLED
from features.hospital import Facts

Warnings = list[dict[str, str]]


def unused_events(events: pd.DataFrame, facts: Facts) -> dict[str, Warnings]:
    """Return, for each stay that has some, a warning for each event name that is not used as it was sent."""
    listed = events["name"].isin(list(facts.events))
    found: dict[str, Warnings] = {}
    for (stay, name), rows in events[~listed].groupby(["admission_id", "name"], sort=False):
        found.setdefault(str(stay), []).append(_unknown(str(name), len(rows), facts))
    ranged = [
        event for event in facts.events.values() if event.low > float("-inf") or event.high < float("inf")
    ]
    measured = events[events["name"].isin([event.name for event in ranged]) & (events["text"] != CANCELLED)]
    numbers = pd.to_numeric(measured["number"], errors="coerce")
    lows, highs = (
        measured["name"].map({event.name: getattr(event, end) for event in ranged}).astype("float64")
        for end in ("low", "high")
    )
    outside = measured[(numbers < lows) | (numbers > highs)]
    for (stay, name), rows in outside.groupby(["admission_id", "name"], sort=False):
        event = facts.events[str(name)]
        text = f"{event.words}: {_rows(len(rows))} outside {event.low:g} to {event.high:g} set aside"
        found.setdefault(str(stay), []).append({"field": event.name, "kind": "impossible", "text": text})
    return found


def _unknown(name: str, count: int, facts: Facts) -> dict[str, str]:
    near = difflib.get_close_matches(name.lower(), list(facts.events), 1)
    meant = f"; did you mean {near[0]}?" if near else ""
    text = f"an event name is in no hospital.toml: {_rows(count)} not used{meant}"
    return {"field": "events", "kind": "unknown", "text": text}


def _rows(count: int) -> str:
    return "1 value" if count == 1 else f"{count:,} values"

"""What was found, in words and numbers: for each measure of a week its state, and for an alarm one sentence."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from training.watch.measure import Measure
from training.watch.null import Judged, Null
from training.watch.panel import FEWEST_EVENTS, FEWEST_ROWS, Panel, Tally

Floats = npt.NDArray[np.float64]
QUIET, ALARM, CANNOT_TELL, WAITS = "quiet", "alarm", "cannot tell", "not mature"
ROWS = {
    "board": "board rows",
    "admission": "admissions",
    "discharge": "discharges",
    "first": "first board rounds",
}
AT = {"first": " at the first board round", "discharge": " at discharge", "board": "", "admission": ""}
LOOK = {
    "feeds": "whether the feed still comes, and whether its event name or its ward system has changed",
    "predictions": "which inputs changed in the same weeks, then who is being admitted",
    "calibration": "what changed in how people leave or come back; if it stays, fit the release again",
    "coverage": "the dates of leaving of that week; if it stays, fit the release again",
    "flow": "what held people up or let them go: services, closures, beds; if it stays, fit the release again",
}
WHO_COMES = "who is coming, and from where: a season, an outbreak, another hospital's door"
LOOK_AT = {
    "numbers": "the unit and the form it is recorded on, then who is being admitted",
    "codes": "the codes that the source sends now, then who is being admitted",
    "missing": "whether it is still recorded and still sent",
    "unknown": "the source's list of codes: the release has not learnt these",
}


def findings(null: Null, judged: Judged, waiting: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return each measure of a week with its state, what it was and what is usual.

    `waiting` says of measures that are not judged yet what they wait for.
    """
    found = []
    for place, one in enumerate(null.panel.measures):
        distance, threshold = float(judged.distance[place]), float(judged.threshold[place])
        unsure = np.isnan(distance) or np.isinf(threshold)  # of too few, nothing says what is seldom
        state = ALARM if judged.alarms[place] else CANNOT_TELL if unsure else QUIET
        now, usual = said(null.panel, one, judged.tally), said(null.panel, one, null.whole, null.days)
        if one.name in waiting:
            state, now = WAITS, waiting[one.name]
        elif state == CANNOT_TELL:
            now = _too_little(one, now)
        found.append(
            {
                "name": one.name,
                "part": one.part,
                "words": headline(one),
                "state": state,
                "now": now,
                "usual": usual,
                "distance": None if unsure else round(distance, 3),
                "threshold": None if np.isinf(threshold) else round(threshold, 3),
                **figures(null.panel, one, judged.tally),
            }
        )
    return found


def headline(one: Measure) -> str:
    """Return what a measure is of."""
    more = {"missing": ": missing", "unknown": ": codes not learnt"}.get(one.kind, "")
    at = AT[one.moment] if one.part in ("inputs", "predictions") else ""
    return f"{one.words}{at}{more}"


def sentence(one: Measure, found: Mapping[str, Any], since: str) -> str:
    """Return an alarm as one sentence: what, how much, since when, and what to look at."""
    look = LOOK_AT[one.kind] if one.part == "inputs" else LOOK[one.part]
    look = WHO_COMES if one.of == "emergencies" else look
    how_far = f"{found['distance']:.1f} usual spreads off where {found['threshold']:.1f} are an alarm"
    return (
        f"{found['words']}: {found['now']}; usual: {found['usual']} ({how_far}); since {since}; look at {look}."
    )


def figures(panel: Panel, one: Measure, tally: Tally) -> dict[str, float | None]:
    """Return the numbers of residuals: seen, expected and how many rows were known; nothing for others."""
    if one.kind not in ("residual", "slope"):
        return {}
    place = panel.residuals.index(one)
    expected, known = float(tally.expected[0, place]), float(tally.known[0, place])
    if one.kind == "slope" or not known:
        return {"expected": None, "seen": None, "n": known}
    return {
        "expected": round(expected, 3),
        "seen": round(expected + float(tally.gaps[0, place]), 3),
        "n": known,
    }


def said(panel: Panel, one: Measure, tally: Tally, days: int = 7) -> str:
    """Return what a tally of some days says of a measure."""
    if one.kind == "rate":
        return _rate(panel, one, tally, days)
    if one.kind in ("residual", "slope"):
        return _residual(panel, one, tally)
    counts, features = tally.counts[one.moment][0], panel.features[one.moment]
    position = next(place for place, each in enumerate(features) if each.name == one.of)
    own = counts[slice(*panel.offsets[one.moment][position : position + 2])]
    if not own.sum():
        return "no rows"
    if one.kind in ("missing", "unknown"):
        return f"{own[-1 if one.kind == 'missing' else -2] / own.sum():.1%} of {ROWS[one.moment]}"
    if not own[:-1].sum():
        return "nothing is known"
    if one.kind == "codes":
        return _codes(panel, one, own[:-1])
    return _middle(panel.edges[one.moment, one.of], own[:-1])


def _middle(edges: Floats, counts: Floats) -> str:
    """Return between which values the middle row lies."""
    place = int(np.searchsorted(np.cumsum(counts), counts.sum() / 2))
    if not len(edges) or len(edges) == 1:
        share = counts[-1] / counts.sum()
        return f"{share:.1%} at {edges[0]:.3g} or more" if len(edges) else "one value"
    if place == 0:
        return f"half are below {edges[0]:.3g}"
    if place == len(edges):
        return f"half are {edges[-1]:.3g} or more"
    return f"the middle is from {edges[place - 1]:.3g} to {edges[place]:.3g}"


def _codes(panel: Panel, one: Measure, counts: Floats) -> str:
    """Return the shares of the commonest codes."""
    names = [*panel.common[one.moment, one.of], "rare codes", "codes not learnt"]
    order = np.argsort(-counts)[:3]
    return ", ".join(f"{names[code]} {counts[code] / counts.sum():.0%}" for code in order if counts[code])


def _rate(panel: Panel, one: Measure, tally: Tally, days: int) -> str:
    place = 1 + panel.events.index(one.of) if one.moment == "events" else 0
    return f"{tally.rates[0, place] / days:.1f} a day"


def _residual(panel: Panel, one: Measure, tally: Tally) -> str:
    place = panel.residuals.index(one)
    expected, known = tally.expected[0, place], tally.known[0, place]
    seen = expected + tally.gaps[0, place]
    if not known:
        return "nothing is known"
    if one.kind == "slope":
        return "risks are spread too far" if tally.gaps[0, place] < 0 else "risks are spread too little"
    if one.of == "range":
        return f"{seen / known:.1%} of {known:,.0f} where {expected / known:.1%} were promised"
    return f"{seen:,.0f} where {expected:,.0f} were expected"


def _too_little(one: Measure, now: str) -> str:
    if one.kind in ("residual", "slope"):
        return f"fewer than {FEWEST_EVENTS:.0f} are expected ({now}), or the reference has too few"
    return f"fewer than {FEWEST_ROWS} rows know it, or the reference has too few"

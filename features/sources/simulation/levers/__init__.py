"""Named levers on a finished hospital, for tests and notebooks: planted leaks, planted biases, drifts.

A lever changes what is written and never what happened to anybody; the drifts of `WITHIN_SIMULATE` change what
happens, and are arguments of `simulate`.
"""

import inspect
from collections.abc import Mapping
from typing import Any

import pandas as pd

from features.errors import HomewardError
from features.sources.simulation.levers.biases import BIASES
from features.sources.simulation.levers.drifts import DRIFTS
from features.sources.simulation.levers.leaks import LEAKS
from features.sources.simulation.levers.lever import Lever, drawn_stays
from features.tables import Hospital, check

__all__ = ["BIASES", "DRIFTS", "LEAKS", "LEVERS", "WITHIN_SIMULATE", "Lever", "pull"]

LEVERS: Mapping[str, Lever] = {**LEAKS, **BIASES, **DRIFTS}
WITHIN_SIMULATE: Mapping[str, str] = {
    "care_home_closure": "From a day on a care home is closed, and people wait longer for a place.",
    "seven_day_service": "From a day on, weekends and bank holidays send people home as other days do.",
    "winter_surge": "From a day on, more people come for some weeks, and sicker ones.",
}


def pull(hospital: Hospital, name: str, seed: int = 1, share: float | None = None, **how: Any) -> Hospital:
    """Return the hospital with one of `LEVERS` pulled; it keeps the contract, and its notes name the lever.

    The lever meets the share of patients that `seed` draws, with all their stays (without `share`, the lever's
    own, mostly everybody); `how` are the lever's own arguments, and a drift needs `from_`, a zoned Timestamp.
    All other patients, columns and rows keep their bits, and rows their order.  Raises ValueError for a name
    that is no lever and for arguments that mean nothing, and HomewardError where the hospital has nothing for
    the lever to change: a planted fault that is not there would let a blind check pass.
    """
    if name in WITHIN_SIMULATE:
        raise ValueError(f"{name} changes what happens: use simulate(..., drifts={{{name!r}: its first day}})")
    if name not in LEVERS:
        raise ValueError(f"name must be one of {', '.join(LEVERS)}, found {name!r}")
    lever = LEVERS[name]
    share = lever.share if share is None else share
    if not 0 < share <= 1:
        raise ValueError(f"share must be above 0 and at most 1, found {share}")
    stays = drawn_stays(hospital, seed, share)
    changed = _bound(name, lever, hospital, stays, how)
    if changed.events.equals(hospital.events) and changed.admissions.equals(hospital.admissions):
        raise HomewardError(f"{name} found nothing to change in this hospital. {lever.does}")
    said = "".join(f", {key} {value}" for key, value in {"seed": seed, "share": share, **how}.items())
    return _checked(changed, f"planted: {name}{said}. {lever.does}")


def _bound(name: str, lever: Lever, hospital: Hospital, stays: pd.Index, how: Mapping[str, Any]) -> Hospital:
    try:
        inspect.signature(lever.act).bind(hospital, stays, **how)
    except TypeError as error:
        raise ValueError(f"{name}: {error}") from error
    return lever.act(hospital, stays, **how)


def _checked(hospital: Hospital, note: str) -> Hospital:
    """Return a changed hospital through the door of every source: a number out of range is set aside."""
    return check(
        hospital.admissions,
        hospital.events,
        hospital.facts,
        source=hospital.source,
        dates=hospital.dates,
        outcomes=hospital.outcomes,
        where="the hospital with a lever pulled",
        notes=[*hospital.notes, note],
    )

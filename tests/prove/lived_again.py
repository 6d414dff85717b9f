"""People of a simulated hospital live on from a moment many times over, by chance: an oracle of the oracle."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.sources.simulation.afterwards import facts_at_discharge, returns
from features.sources.simulation.arrival import first_scores
from features.sources.simulation.course import HOME, SELF_DISCHARGED, after_the_board, one_day, times_of_day
from features.sources.simulation.kernel import UNASSESSED
from features.sources.simulation.listed import Listed
from features.sources.simulation.numbers import Floats, Rows, kept, parameters
from features.sources.simulation.truth import Truth

NEVER = -1
Days = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Futures:
    """What became of each copy, [row, copy]: the day ahead of leaving alive and of being ready for good, or -1.

    `returned` is whether a copy left alive and came back as an emergency within 30 days.
    """

    home: Days
    ready: Days
    returned: npt.NDArray[np.bool_]


def lived_again(
    truth: Truth, moments: pd.DataFrame, copies: int, days_ahead: int, rng: np.random.Generator
) -> Futures:
    """Return what becomes of copies of people who are listed at moments, as the simulator lets them live.

    The hidden class of each copy is drawn from the belief at the moment.  `moments` are as for `Truth.at`:
    admissions and board rounds.  Raises ValueError for somebody who may have left unnoticed.
    """
    here, pressure = _inpatients(truth, moments, copies, rng)
    clock, count = truth.world.clock, len(pressure)
    found = Futures(np.full(count, NEVER), np.full(count, NEVER), np.zeros(count, dtype=bool))
    who = np.arange(count)
    for ahead in range(days_ahead):
        if ahead == 0:
            now, log = after_the_board(here, times_of_day(here, rng), pressure, clock, rng)
        else:
            now, log = one_day(here, pressure[who], clock, rng)
        alive = np.isin(now["way_out"], (HOME, SELF_DISCHARGED))
        found.ready[who[log["worse"]]] = NEVER
        found.ready[who[log["ready"] & ~log["ready_before"] | (now["way_out"] == SELF_DISCHARGED)]] = ahead
        found.home[who[alive]] = ahead
        found.returned[who[alive]] = _comes_back(kept(now, alive), truth, rng)
        stays = now["way_out"] < 0
        who, here = who[stays], {**kept(now, stays), "day": now["day"][stays] + 1}
    shape = (len(moments), copies)
    return Futures(found.home.reshape(shape), found.ready.reshape(shape), found.returned.reshape(shape))


def _inpatients(
    truth: Truth, moments: pd.DataFrame, copies: int, rng: np.random.Generator
) -> tuple[Rows, Floats]:
    """Return copies of people as they are at moments, and how full their sites are."""
    stay, at = truth.stay_of[moments["admission_id"]].to_numpy(), truth.minutes(moments["at"])
    listed = truth.listed(stay, at)
    if (listed.gone > 0).any():
        raise ValueError("moments must be of people who are in a bed for certain")
    each = np.repeat(np.arange(len(stay)), copies)
    stays, listed = kept(truth.world.lives.stays, stay[each]), listed.pick(each)
    severity = (rng.random(len(each))[:, None] >= listed.belief.cumsum(axis=1)).sum(axis=1).clip(0, 4)
    here = {**stays, **_known(stays, listed), "severity": severity}
    fresh = first_scores(here, severity, rng)
    scores = {name: np.where(listed.scored, here[name], fresh[name]) for name in SCORES}
    here = {**here, **scores, "lives_alone": _lives_alone(stays, rng)}
    return here, truth.world.lives.pressure[stays["first_day"] + listed.day, stays["site"]]


SCORES = ("news2", "mobility", "delirium", "tested")


def _known(stays: Rows, listed: Listed) -> Rows:
    """Return what the hospital knows of each at the moment, in the place of what it learns later."""
    asked, ready = listed.status != UNASSESSED, listed.ready
    nothing = np.full(len(ready), -1)
    return {
        "day": listed.day.astype(np.int64),
        **{name: getattr(listed, name).astype(np.int64) for name in ("news2", "mobility", "status")},
        "delirium": listed.delirium.astype(bool),
        "end_of_life": listed.end_of_life.astype(bool),
        "ready": ready,
        **{name: np.where(ready, getattr(listed, name), -1).astype(np.int64) for name in ("pathway", "reason")},
        **{name: np.where(asked, stays[name], -1) for name in ("working", "alone")},
        "frailty": np.where(asked, stays["frailty"], 0),
        **dict.fromkeys(("planned", "ended", "way_out", "end_recorded"), nothing),
    }


def _lives_alone(stays: Rows, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Return who lives alone: as an earlier stay charted, else drawn as of anybody of that age."""
    share = np.asarray(parameters()["people"]["lives_alone"])[stays["band"]]
    drawn = rng.random(len(share)) < share
    return np.where(stays["earlier_alone"] >= 0, stays["earlier_alone"] == 1, drawn) & ~stays["care_home"]


def _comes_back(left: Rows, truth: Truth, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    everybody = np.ones(len(left["day"]), dtype=bool)
    return returns(left, facts_at_discharge(left, truth.world.clock), everybody, 1, rng)["comes"]

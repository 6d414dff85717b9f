"""Who is on the ward's list at a moment: most are in a bed, a few left without anybody having entered it."""

from dataclasses import dataclass, fields

import numpy as np

from features.sources.simulation.arrival import SEVERITIES
from features.sources.simulation.belief import (
    Belief,
    by_severity,
    chances_of,
    no_bloods,
    no_scores,
    on_record,
    ready_chance,
    stays_unready,
)
from features.sources.simulation.bloods import LABORATORY_REPORTS_FROM, sampled_share
from features.sources.simulation.chance import chance
from features.sources.simulation.charting import BOARD_MINUTE
from features.sources.simulation.clock import Clock
from features.sources.simulation.course import evening_share, pending_share
from features.sources.simulation.kernel import UNASSESSED
from features.sources.simulation.lives import Lives
from features.sources.simulation.numbers import Array, Floats, Rows, kept, parameters, reason_paces
from features.sources.simulation.pathway import PATHWAYS, closed
from features.sources.simulation.routes import Routes


@dataclass(frozen=True)
class Listed:
    """Where listed people stand, as far as is on record: one row each.

    `belief` is about the hidden class of those in a bed, `gone` the chance of having left yesterday, and
    `gone_returns` the chance of coming back if so.  `scored` is False where first scores are awaited.
    """

    day: Array
    belief: Floats
    gone: Floats
    gone_returns: Floats
    scored: Array
    news2: Array
    mobility: Array
    delirium: Array
    end_of_life: Array
    status: Array
    ready: Array
    pathway: Array
    reason: Array

    def pick(self, chosen: Array) -> "Listed":
        """Return some of the rows."""
        return Listed(*(getattr(self, field.name)[chosen] for field in fields(self)))


@dataclass(frozen=True)
class _Morning:
    """Moments of stays: `rows` and `before` are the belief's rows of that day and the day before.

    Where somebody has left before the day (not `here`), both are those of the last day.
    """

    stays: Rows
    day: Array
    at: Array
    here: Array
    rows: Array
    before: Array


def perhaps_gone(belief: Belief, lives: Lives, clock: Clock, stays: Rows, day: Array, at: Array) -> Listed:
    """Return where people stand whose admission has just been recorded, or who are listed at 08:00."""
    here = day <= stays["day"]  # the last day of the stay, or the day until which it was followed
    rows = belief.row(stays["stay"], np.minimum(day, stays["day"]))
    before = belief.row(stays["stay"], np.clip(day - 1, 0, stays["day"]))
    morning = _Morning(stays, day, at, here, rows, before)
    today, yesterday, first = kept(belief.days, rows), kept(belief.days, before), day == 0
    posterior, gone, returns = _weighed(belief, lives, clock, morning)
    charted = {"news2": "news2", "mobility": "mobility_charted", "delirium": "delirium"}
    return Listed(
        day=day,
        belief=posterior,
        gone=gone,
        gone_returns=returns,
        scored=~first | (belief.scores_at[rows] <= at),
        **{name: np.where(here, today[column], yesterday[name]) for name, column in charted.items()},
        end_of_life=~first & (yesterday["end_of_life"] | yesterday["plan_begins"]),
        status=np.where(first, UNASSESSED, yesterday["status"]),
        ready=~first & yesterday["ready"] & (here | yesterday["ready_before"]),
        pathway=yesterday["pathway"],
        reason=yesterday["reason"],
    )


def _possible(belief: Belief, morning: _Morning) -> Array:
    """Return who may have gone home yesterday, as nothing on record says that they were here since."""
    days = kept(belief.days, morning.before)
    silent = (belief.scores_at[morning.rows] > morning.at) & (belief.bloods_at[morning.rows] > morning.at)
    nothing = (days["evening_at"] < 0) & ~days["delay_began"] & ~days["worse"] & ~days["plan_begins"]
    ready = days["ready_before"] | ~days["criteria"] | days["ready"]
    return (morning.day >= 2) & (silent | ~morning.here) & nothing & ready


def _weighed(belief: Belief, lives: Lives, clock: Clock, morning: _Morning) -> tuple[Floats, Floats, Floats]:
    """Return the belief of those in a bed, the chance of having gone, and that of then coming back."""
    gone, returns = np.zeros(len(morning.day)), np.zeros(len(morning.day))
    log_here = on_record(belief, morning.rows, morning.at, morning.stays)
    posterior = chances_of(np.where(morning.here[:, None], log_here, 0.0))
    chosen = np.flatnonzero(_possible(belief, morning))
    if len(chosen):
        here, left, back = _weights(belief, lives, clock, morning, chosen)
        highest = np.maximum(here.max(axis=1), left.max(axis=1))[:, None]
        here, left = np.exp(here - highest), np.exp(left - highest)
        whole = here.sum(axis=1) + left.sum(axis=1)
        gone[chosen] = left.sum(axis=1) / whole
        returns[chosen] = (left * back).sum(axis=1) / np.maximum(left.sum(axis=1), 1e-300)
        certain = here.sum(axis=1) <= 0
        posterior[chosen[~certain]] = (here / np.maximum(here.sum(axis=1), 1e-300)[:, None])[~certain]
    return posterior, gone, returns


def _weights(
    belief: Belief, lives: Lives, clock: Clock, morning: _Morning, chosen: Array
) -> tuple[Floats, Floats, Floats]:
    """Return log weights by class of being in a bed and of having gone, and the chance of coming back."""
    rows, stays, day = morning.before[chosen], kept(morning.stays, chosen), morning.day[chosen]
    days, facts = kept(belief.days, rows), kept(belief.facts, rows)
    leaving = _Leaving(facts, days, stays, lives, clock)
    base = belief.before[rows] + belief.scores[rows] + belief.bloods[rows]
    stays_here, goes = _round_unwritten(days, facts, leaving)
    pending = pending_share(clock.calendar["day_kind"][stays["first_day"] + days["day"]])
    silent = _silence(lives.stays, stays["stay"], day)
    return base + stays_here + silent, base + goes + np.log(pending)[:, None], leaving.returns()


def _round_unwritten(days: Rows, facts: Rows, leaving: "_Leaving") -> tuple[Floats, Floats]:
    """Return log chances by class that yesterday's round kept a person or let them go, given what it wrote."""
    record, was = parameters()["record"], days["ready_before"][:, None]
    newly = days["criteria"] & days["ready"] & ~days["ready_before"]
    with np.errstate(divide="ignore"):
        unready, ready = stays_unready(days, facts)["stays"], ready_chance(days, facts)
        plan = np.where(days["end_of_life"][:, None], 1.0, 1 - by_severity("end_of_life", facts))
        waits = np.log(1 - by_severity("died_ready", facts)) + np.log(1 - by_severity("worse", facts))
        stays_so = unready + np.log((1 - ready) * plan * record["criteria_missed"])
        here = np.where(was, waits + np.log(1 - leaving.later)[:, None], stays_so)
        here = np.where(newly[:, None], -np.inf, here)  # a reason to wait is always written by the evening
        missed = np.where(newly, 1.0, record["change_missed"])
        goes = unready + np.log(ready) + np.log(leaving.at_once * missed)[:, None]
        return here, np.where(was, waits + np.log(leaving.later)[:, None], goes)


def _silence(stays: Rows, stay: Array, day: Array) -> Floats:
    """Return log chances by class that nothing was recorded since yesterday's round of who is in a bed."""
    bloods = no_bloods(
        sampled_share(stays, stay, day), np.full(len(day), BOARD_MINUTE - LABORATORY_REPORTS_FROM)
    )
    return np.log(no_scores(np.zeros(1))) + np.log(bloods) + np.log(1 - evening_share(day - 1))[:, None]


class _Leaving:
    """The chances of leaving on a day's round, and of coming back if so."""

    def __init__(self, facts: Rows, days: Rows, stays: Rows, lives: Lives, clock: Clock) -> None:
        self.facts, self.days, self.stays, self.clock = facts, days, stays, clock
        count = len(days["day"])
        unasked = days["status"] == UNASSESSED
        alone = np.where(unasked, -1, stays["alone"])
        working = np.where(unasked, -1, stays["working"])
        routes = Routes(stays, facts, days["status"].astype(np.int64), alone, working, open_statuses=False)
        life, delirium = days["end_of_life"].astype(np.int64), days["delirium"].astype(np.int64)
        self.routes = routes.chances[np.arange(count), 0, life, days["mobility"], delirium]
        today = stays["first_day"] + days["day"]
        pressed = {**facts, "pressure": lives.pressure[today, stays["site"]]}
        pace = reason_paces(clock.nation)[days["reason"]]
        each = [self._chance(pressed, np.full(count, number), None) for number in range(PATHWAYS)]
        self.first = np.stack(each, axis=1)
        self.at_once = (self.routes * self.first).sum(axis=1)
        self.later = self._chance(pressed, np.maximum(days["pathway"], 0), pace)

    @staticmethod
    def _chance(facts: Rows, pathway: Array, pace: Array | None) -> Floats:
        facts = {**facts, "pathway": pathway, "closed": closed(facts["closure"], pathway)}
        if pace is None:
            return chance("leaves_when_ready", {**facts, "day_of_arrival": np.zeros(len(pathway))})
        return chance("leaves_later", {**facts, "pace": pace})

    def returns(self) -> Floats:
        """Return the chances by class of coming back: [row, severity]; the pathway may not be written yet."""
        today = self.stays["first_day"] + self.days["day"]
        facts = {
            **self.facts,
            "self_discharged": np.zeros(len(today)),
            "eve_of_rest": self.clock.calendar["eve_of_rest"][today],
        }
        own = by_severity("returns", {**facts, "pathway": np.maximum(self.days["pathway"], 0)})
        mixed = np.zeros((len(today), SEVERITIES))
        weights = self.routes * self.first
        weights = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-300)
        for number in range(PATHWAYS):
            chances = by_severity("returns", {**facts, "pathway": np.full(len(today), number)})
            mixed += weights[:, number : number + 1] * chances
        known = self.days["ready_before"] | (self.days["criteria"] & self.days["ready"])
        return np.where(known[:, None], own, mixed)

"""Where people stand at a moment, and the chances of the states that they may be in."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from features.sources.simulation.arrival import ELECTIVE, SEVERITIES, delirium_facts, has_round_on_arrival
from features.sources.simulation.belief import by_severity
from features.sources.simulation.kernel import (
    FRAILTY_IS_SCORED_FROM_AGE,
    MOST_DAYS_SETTLING,
    UNASSESSED,
    age_band,
    first_mobility,
    first_news2,
    news2_band,
    usual_mobility,
)
from features.sources.simulation.numbers import Array, Floats, Rows, kept, parameters
from features.sources.simulation.pathway import PATHWAYS
from features.sources.simulation.tendency import SHAPE, in_bands

PACES = 4
ROWS_AT_ONCE = 128  # what a processor's own memory holds


@dataclass(frozen=True)
class Start:
    """Where rows stand at a moment before that day's board round, one entry each.

    `stays` are the columns of each row's stay, `day` is the day of the stay, `belief` the chances of the hidden
    class ([row, severity]).  Where first scores are awaited `scored` is False and there are no `news2`,
    `mobility` and `delirium`.  `alone` and `working` are what the assessment charted, -1 without one;
    `pathway` and `pace` matter to those who are `ready`; `pressure` is held for all days.
    """

    stays: Rows
    day: Array
    belief: Floats
    scored: Array
    news2: Array
    mobility: Array
    delirium: Array
    end_of_life: Array
    status: Array
    alone: Array
    working: Array
    ready: Array
    pathway: Array
    pace: Array
    pressure: Floats

    def pick(self, chosen: Array) -> "Start":
        """Return some of the rows."""
        own = {field.name: getattr(self, field.name)[chosen] for field in fields(self) if field.name != "stays"}
        return Start(stays=kept(self.stays, chosen), **own)

    def undecided(self) -> Array:
        """Return for whom a therapist's assessment may still come."""
        return (self.status == UNASSESSED) & (self.day < len(parameters()["observation"]["assessed"]))

    def may_be_delirious(self) -> Array:
        """Return who is delirious, or may be found to be: nobody becomes so later."""
        return self.delirium | (~self.scored & (self.stays["age"] >= FRAILTY_IS_SCORED_FROM_AGE))

    def alike(self) -> Iterator[Array]:
        """Return groups of rows that go through the same steps: numbers of rows, at most 128 together."""
        kinds = np.column_stack(
            [
                np.minimum(self.day, MOST_DAYS_SETTLING),
                self.undecided(),
                np.where(
                    self.undecided(),
                    self.stays["care_home"],
                    usual_mobility(self.stays["care_home"], self.status),
                ),
                (self.day > 0) | has_round_on_arrival(self.stays),
                self.may_be_delirious(),
            ]
        )
        order = np.lexsort(kinds.T)
        differs = (np.diff(kinds[order], axis=0) != 0).any(axis=1)
        for group in np.split(order, np.flatnonzero(differs) + 1):
            yield from (group[first : first + ROWS_AT_ONCE] for first in range(0, len(group), ROWS_AT_ONCE))


def unready_mass(start: Start, deliriums: int) -> Floats:
    """Return chances of states of who is not ready: [severity, end of life, band, mobility, delirium, row]."""
    found = np.zeros((*SHAPE, len(start.day)))
    each = np.flatnonzero(start.scored & ~start.ready)
    some = start.pick(each)
    place = (
        some.end_of_life.astype(np.int64),
        news2_band(some.news2),
        some.mobility,
        some.delirium.astype(np.int64),
    )
    found[:, *place, each] = some.belief.T
    awaited = np.flatnonzero(~start.scored)
    found[:, 0, ..., awaited] = _first_states(start.pick(awaited))
    return found[..., :deliriums, :]


def _first_states(start: Start) -> Floats:
    """Return the chances of first scores that are not on record: [row, severity, band, mobility, delirium]."""
    stays, count = start.stays, len(start.day)
    elective, home = ((stays["kind"] == ELECTIVE).astype(np.int64), stays["care_home"].astype(np.int64))
    news2 = in_bands(first_news2())[elective, stays["illness"]]
    mobility = first_mobility()[age_band(stays["age"]), home, stays["illness"]]
    done = parameters()["observation"]["four_at_done"]
    tested = np.where(stays["age"] >= FRAILTY_IS_SCORED_FROM_AGE, done, 0.0)[:, None]
    found = np.empty((count, *SHAPE[:1], *SHAPE[2:]))
    for level in range(mobility.shape[2]):
        facts = delirium_facts(stays, np.full(count, level), np.zeros(count))
        positive = (tested * by_severity("delirium", facts))[:, :, None]
        mass = (start.belief * mobility[:, :, level])[:, :, None] * news2
        found[..., level, 0], found[..., level, 1] = mass * (1 - positive), mass * positive
    return found


def waiting_mass(start: Start) -> Floats:
    """Return the chances of states of who is ready: [severity, end of life, pathway, pace, row]."""
    found = np.zeros((SEVERITIES, 2, PATHWAYS, PACES, len(start.day)))
    each = np.flatnonzero(start.ready)
    some = start.pick(each)
    found[:, some.end_of_life.astype(np.int64), some.pathway, some.pace, each] = some.belief.T
    return found

"""The exact future of inpatients from a moment: every state weighed by its chance, a day after the other."""

from dataclasses import dataclass

import numpy as np

from features.sources.simulation.clock import Clock
from features.sources.simulation.numbers import Floats
from features.sources.simulation.start import Start
from features.sources.simulation.walk import Walk

HORIZON_DAYS = 61


@dataclass(frozen=True)
class Future:
    """Chances from a moment: `home` of leaving alive on each day ahead, and of a final `ready`; `returns`.

    `home` and `ready` are [row, day]; `returns` is the chance of leaving alive and coming back as an emergency
    within 30 days.
    """

    home: Floats
    ready: Floats
    returns: Floats


def forecast(start: Start, clock: Clock, days_ahead: int = HORIZON_DAYS) -> Future:
    """Return the futures of rows whose moment lies before the day's board round; nothing is drawn.

    Between the 08:00 board and the next, mass moves as `course` lets people move.
    """
    count = len(start.day)
    found = Future(np.zeros((count, days_ahead)), np.zeros((count, days_ahead)), np.zeros(count))
    for rows in start.alike():
        walk = Walk(start.pick(rows), clock, days_ahead)
        found.home[rows], found.ready[rows] = walk.home.T, walk.ready().T
        found.returns[rows] = walk.returns
    return found

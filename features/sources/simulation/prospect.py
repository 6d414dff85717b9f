"""What is known of rows ahead of time: the odds of each of their days, but for what the state adds to them."""

import numpy as np

from features.sources.simulation.arrival import arrival_facts
from features.sources.simulation.chance import calendar_facts, logistic
from features.sources.simulation.clock import Clock
from features.sources.simulation.numbers import Array, Floats, parameters, reason_paces, reason_weights
from features.sources.simulation.pathway import PATHWAYS, closed
from features.sources.simulation.start import PACES, Start
from features.sources.simulation.tendency import by_status, daily, fixed

ON_THE_WAY_OUT = ("status", "pathway", "pace", "closed", "day_of_arrival", "eve_of_rest", "self_discharged")
BY_STATE = (
    "died", "transferred", "self_discharged", "home_today", "ready", "end_of_life", "died_ready", "worse",
)  # fmt: skip


class Prospect:
    """The odds of rows' days from a moment on; `statuses` is [status, row].

    `odds` are [day, status, row] by name, to be multiplied by `state_odds`; the chances of leaving are
    [day, pathway, row] once just ready (`at_once`) and [day, pathway, pace, row] `later`.
    """

    def __init__(self, start: Start, statuses: Array, clock: Clock, days_ahead: int) -> None:
        self.facts, self.statuses = arrival_facts(start.stays), statuses
        day = start.day + np.arange(days_ahead)[:, None]
        today = start.stays["first_day"] + day
        self.days = calendar_facts(clock, today.ravel(), day.ravel())
        self.days["pressure"] = np.tile(start.pressure, days_ahead)
        self.odds = {
            name: np.exp(self._of_day(name, day)[:, None] + by_status(name)[statuses]) for name in BY_STATE
        }
        shut = closed(self.days["closure"].reshape(day.shape)[:, None], np.arange(PATHWAYS)[:, None])
        self.at_once = logistic(self._leaving("leaves_when_ready", day, shut, day == 0))
        pace = np.asarray(parameters()["chance"]["leaves_later"]["pace"])[:, None]
        self.later = logistic(self._leaving("leaves_later", day, shut)[:, :, None] + pace)
        self.eve = clock.calendar["eve_of_rest"][today]
        self._back = [self._returning(eve, walked=False) for eve in (0, 1)]
        self._back_walked = [self._returning(eve, walked=True)[:, :, 0] for eve in (0, 1)]

    def back(self, ahead: int) -> Floats:
        """Return the chances of coming back of those who leave on a day: [status, severity, pathway, row]."""
        return np.where(self.eve[ahead], self._back[1], self._back[0])

    def back_walked(self, ahead: int) -> Floats:
        """Return the same of those who leave against advice: [status, severity, row]."""
        return np.where(self.eve[ahead], self._back_walked[1], self._back_walked[0])

    def _of_day(self, name: str, day: Array) -> Floats:
        """Return log-odds of each day: [day, row]."""
        return fixed(name, self.facts, leave_out=ON_THE_WAY_OUT) + daily(name, self.days).reshape(day.shape)

    def _leaving(self, name: str, day: Array, shut: Array, arriving: Array | None = None) -> Floats:
        """Return log-odds of leaving once ready: [day, pathway, row]; `shut` is the same."""
        terms = parameters()["chance"][name]
        found = (
            self._of_day(name, day)[:, None] + np.asarray(terms["pathway"])[:, None] + terms["closed"] * shut
        )
        return found if arriving is None else found + terms["day_of_arrival"] * arriving[:, None]

    def _returning(self, eve: int, *, walked: bool) -> Floats:
        terms = parameters()["chance"]["returns"]
        own = fixed("returns", self.facts, leave_out=ON_THE_WAY_OUT)
        own = own + terms["eve_of_rest"] * eve + terms["self_discharged"] * walked
        log_odds = own + by_status("returns")[self.statuses][:, None, None, :]
        by_class = np.asarray(terms["severity"])[:, None, None] + np.asarray(terms["pathway"])[:, None]
        return logistic(log_odds + by_class)


def pace_shares(nation: str) -> Floats:
    """Return how quickly a new reason to wait is dealt with: [pathway, pace]."""
    weights, paces = reason_weights(nation), reason_paces(nation)
    shares = np.stack([weights[:, paces == pace].sum(axis=1) for pace in range(PACES)], axis=1)
    return shares / shares.sum(axis=1, keepdims=True)

"""The mass of alike rows as it moves a day at a time, exactly as `course` lets people move."""

import numpy as np

from features.sources.simulation.arrival import has_round_on_arrival
from features.sources.simulation.clock import Clock
from features.sources.simulation.course import RELAPSE_MOBILITY, RELAPSE_NEWS2
from features.sources.simulation.kernel import (
    MOST_DAYS_SETTLING,
    STATUSES,
    UNASSESSED,
    news2_band,
    usual_mobility,
)
from features.sources.simulation.numbers import Floats, parameters
from features.sources.simulation.prospect import Prospect, pace_shares
from features.sources.simulation.routes import Routes
from features.sources.simulation.start import Start, unready_mass, waiting_mass
from features.sources.simulation.tendency import chance_of, morning_steps, state_odds


class Walk:
    """The future of rows that `Start.alike` puts together.

    Masses have the status first, one where the assessment is past and all five where it is not, and the row
    last: `unready` is [status, severity, end of life, band, mobility, delirium, row], `waiting` [status,
    severity, end of life, pathway, pace, row].  What comes of them: `home`, who leave alive, [day, row], and
    `returns`, who leave alive and come back within 30 days.
    """

    def __init__(self, start: Start, clock: Clock, days_ahead: int) -> None:
        count, self.day, self.open = len(start.day), int(start.day[0]), bool(start.undecided()[0])
        self.sees = bool(has_round_on_arrival(start.stays)[0])
        self.statuses = np.tile(np.arange(STATUSES)[:, None], count) if self.open else start.status[None]
        self.usual = usual_mobility(start.stays["care_home"][0], self.statuses[:, 0])
        self.prospect = Prospect(start, self.statuses, clock, days_ahead)
        self.pace_shares = pace_shares(clock.nation)[..., None]
        self.deliriums = 1 + int(start.may_be_delirious()[0])
        routes = Routes(start.stays, self.prospect.facts, start.status, start.alone, start.working, self.open)
        self.assessed, self.routes = routes.status_shares.T, routes.by_state()[:, :, :, : self.deliriums]
        self.unready = self._placed(unready_mass(start, self.deliriums))
        self.waiting = self._placed(waiting_mass(start))
        self.home, self._walked = np.zeros((2, days_ahead, count))
        self.returns = np.zeros(count)
        self._newly = np.zeros((days_ahead, *self.waiting.shape[:4], count))
        for ahead in range(days_ahead):
            self._step(ahead)

    def ready(self) -> Floats:
        """Return the mass that becomes ready and does not get worse again before leaving: [day, row]."""
        found, lasting = self._walked.copy(), np.ones_like(self.waiting)
        for ahead in reversed(range(len(found))):
            remains = (lasting * self.pace_shares).sum(axis=-2)  # of those who wait from tomorrow on
            now, later = self.prospect.at_once[ahead], self.prospect.later[ahead]
            found[ahead] += (self._newly[ahead] * (now + (1 - now) * remains)).sum(axis=(0, 1, 2, 3))
            dies, worse = (self._chance(name, ahead)[:, :, :, 0] for name in ("died_ready", "worse"))
            lasting = dies + (1 - dies) * (1 - worse) * (later + (1 - later) * lasting)
        return found

    def _placed(self, mass: Floats) -> Floats:
        """Return mass with an axis of statuses; who is yet to be assessed is at the first."""
        found = np.zeros((len(self.statuses), *mass.shape))
        found[0] = mass
        return found

    def _odds(self, name: str, ahead: int) -> Floats:
        """Return the odds of a day with the axes of `unready`, of length 1 where the state does not act."""
        own = self.prospect.odds[name][ahead][:, None, None, None, None, None, :]
        return own * state_odds(name)[..., : self.deliriums, :]

    def _chance(self, name: str, ahead: int) -> Floats:
        return chance_of(self._odds(name, ahead))

    def _step(self, ahead: int) -> None:
        """Move everybody through one day, from 08:00 to 08:00."""
        day = self.day + ahead
        if ahead:
            self._morning(min(day, MOST_DAYS_SETTLING))
        if day == 0 and not self.sees:
            return
        if self.open:
            self._assess(day)
        becomes = self._unready_round(ahead, "home_today" if day == 0 else "ready")
        by_pathway = self._taken(becomes, arriving=day == 0)
        gone = self._waiting_round(ahead) + self._newly_ready(by_pathway, ahead)
        self.home[ahead] += gone.sum(axis=(0, 1, 2))
        self.returns += (gone * self.prospect.back(ahead)).sum(axis=(0, 1, 2))

    def _morning(self, day: int) -> None:
        """Let a morning's scores take the place of the last ones, where they are charted in time."""
        steps = np.stack([morning_steps(day, int(usual), self.deliriums) for usual in self.usual])
        flat = self.unready.reshape(*self.unready.shape[:3], steps.shape[-1], -1)
        self.unready = np.matmul(steps[:, :, None], flat).reshape(self.unready.shape)

    def _assess(self, day: int) -> None:
        shares = [*parameters()["observation"]["assessed"], 0.0]
        moved = self.unready[UNASSESSED] * shares[min(day, len(shares) - 1)]
        self.unready[UNASSESSED] -= moved
        for status in range(UNASSESSED + 1, STATUSES):
            self.unready[status] += moved * self.assessed[status]

    def _unready_round(self, ahead: int, readiness: str) -> Floats:
        """Return who becomes ready: [status, severity, end of life, mobility, delirium, row]."""
        walks = chance_of(self.prospect.odds["self_discharged"][ahead]) * (self.statuses == UNASSESSED)
        stays = (1 - self._chance("died", ahead)) * (1 - self._chance("transferred", ahead))
        self.unready *= stays * (1 - walks)[:, None, None, None, None, None]
        if walks.any():
            self._walk_out(self.unready.sum(axis=(2, 3, 4, 5)) * (walks / (1 - walks))[:, None], ahead)
        still = self.unready / (1 + self._odds(readiness, ahead))
        becomes = (self.unready - still).sum(axis=3)
        planned = still[:, :, 0] * self._chance("end_of_life", ahead)[:, :, 0]
        still[:, :, 0] -= planned
        still[:, :, 1] += planned
        self.unready = still
        return becomes

    def _walk_out(self, walked: Floats, ahead: int) -> None:
        """Count who leaves against advice; `walked` is [status, severity, row]."""
        self._walked[ahead] = walked.sum(axis=(0, 1))
        self.home[ahead] += self._walked[ahead]
        self.returns += (walked * self.prospect.back_walked(ahead)).sum(axis=(0, 1))

    def _taken(self, becomes: Floats, *, arriving: bool) -> Floats:
        """Return who becomes ready by pathway: [status, severity, end of life, pathway, row]."""
        found = np.zeros(self._newly.shape[1:])
        if arriving:
            found[:, :, :, 0] = becomes.sum(axis=(3, 4))
            return found
        for pathway in range(found.shape[3]):
            found[:, :, :, pathway] = (becomes * self.routes[:, None, :, :, :, pathway]).sum(axis=(3, 4))
        return found

    def _waiting_round(self, ahead: int) -> Floats:
        """Return who goes home after having waited: [status, severity, pathway, row]."""
        dies, worse = (self._chance(name, ahead)[:, :, :, 0] for name in ("died_ready", "worse"))
        band = int(news2_band(np.array([RELAPSE_NEWS2]))[0])
        relapsed = self.waiting.sum(axis=(3, 4)) * ((1 - dies) * worse)[:, :, :, 0, 0]
        self.unready[:, :, :, band, RELAPSE_MOBILITY, 0] += relapsed
        staying = self.waiting * ((1 - dies) * (1 - worse))
        gone = staying * self.prospect.later[ahead]
        self.waiting = staying - gone
        return gone.sum(axis=(2, 4))

    def _newly_ready(self, by_pathway: Floats, ahead: int) -> Floats:
        """Return who goes home on the day of becoming ready: [status, severity, pathway, row]."""
        self._newly[ahead] = by_pathway
        gone = by_pathway * self.prospect.at_once[ahead]
        self.waiting += (by_pathway - gone)[:, :, :, :, None] * self.pace_shares
        return gone.sum(axis=2)

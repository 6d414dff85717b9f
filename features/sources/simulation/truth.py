"""The truth about a simulated hospital at a moment: the best that anybody could have known then.

It is the exact Bayes filter over the hidden class (`belief`), given everything that was on record, what was
absent and how late records come, followed by the exact recursion into the future (`forecast`).  The calendar
is known ahead, and how full the site is stays as it is at the moment.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.sources.simulation.afterwards import facts_at_discharge
from features.sources.simulation.arrival import SEVERITIES
from features.sources.simulation.belief import Belief, believed, by_severity, chances_of, on_record
from features.sources.simulation.charting import BOARD_MINUTE
from features.sources.simulation.clock import MINUTES_A_DAY
from features.sources.simulation.forecast import HORIZON_DAYS, Future, forecast
from features.sources.simulation.kernel import UNASSESSED
from features.sources.simulation.listed import Listed, perhaps_gone
from features.sources.simulation.lives import LATER
from features.sources.simulation.numbers import Array, Floats, kept, reason_paces
from features.sources.simulation.start import Start
from features.sources.simulation.tables import admission_ids
from features.sources.simulation.world import Arguments, World, lived_world

MOMENTS = ("admission", "board", "discharge")
AN_HOUR_OF_SPRING = 60  # minutes by which the clocks may move an instant


@dataclass(frozen=True)
class Known:
    """What could be known at moments, one row each, in the order asked.

    `home` and `ready` are chances of leaving alive, and of becoming ready for good, on each day ahead (today is
    0): [row, day].  `returns` is the chance of coming back as an emergency within 30 days, given that the
    person leaves alive.
    """

    home: Floats
    ready: Floats
    returns: Floats


class Truth:
    """The truth about one simulated hospital, made from the arguments that made its tables.

    `stay_of` gives the position of each admission_id in `world.lives.stays`.
    """

    def __init__(self, arguments: Arguments) -> None:
        self.world: World = lived_world(arguments)
        lives, clock = self.world.lives, self.world.clock
        self.belief: Belief = believed(lives, self.world.samples, clock)
        self.stay_of = pd.Series(np.arange(len(lives.stays["stay"])), index=admission_ids(lives.stays))

    def at(self, moments: pd.DataFrame, *, days_ahead: int = HORIZON_DAYS, ceiling: bool = False) -> Known:
        """Return what could be known at moments: rows of admission_id, at and moment.

        A moment is the recording of an admission, an 08:00 board round at which the person is listed, or the
        recording of a discharge (`moment` is admission, board or discharge); at a discharge only `returns` is
        meant.  With `ceiling` the hidden class is known, which nobody could.  Raises ValueError for other
        moments, and for admissions that this hospital does not have.
        """
        stay, at, left = self._checked(moments)
        count = len(stay)
        known = Known(np.zeros((count, days_ahead)), np.zeros((count, days_ahead)), np.full(count, np.nan))
        here = np.flatnonzero(~left)
        listed = self.listed(stay[here], at[here])
        leaving, belief = self.leaving(stay[left], at[left]), listed.belief
        if ceiling:
            certain = np.eye(SEVERITIES)[self.world.lives.stays["severity"][stay]]
            leaving, belief = certain[left], certain[here]
        known.returns[left] = self._returns(stay[left], leaving)
        future = forecast(self.start(listed, stay[here], belief), self.world.clock, days_ahead)
        _fill(known, here, listed, future)
        return known

    def _checked(self, moments: pd.DataFrame) -> tuple[Array, Array, Array]:
        """Return the stay and the minute of each moment, and which are discharges."""
        kind = moments["moment"].to_numpy(str)
        others = sorted({*kind} - {*MOMENTS})
        if others:
            raise ValueError(f"moment must be one of {', '.join(MOMENTS)}, found {', '.join(others)}")
        stay = self.stay_of.reindex(moments["admission_id"]).to_numpy(np.float64)
        if np.isnan(stay).any():
            raise ValueError(f"moments must be of this hospital's admissions, {np.isnan(stay).sum()} are not")
        stays, at = kept(self.world.lives.stays, stay.astype(np.int64)), self.minutes(moments["at"])
        end = np.where(stays["ended"] >= 0, stays["end_recorded"], LATER)
        on_the_list = (at >= stays["registered"]) & (at < end)
        meant = {
            "admission": np.abs(at - stays["registered"]) <= AN_HOUR_OF_SPRING,
            "board": on_the_list & (at % MINUTES_A_DAY == BOARD_MINUTE),
            "discharge": np.abs(at - end) <= AN_HOUR_OF_SPRING,
        }
        wrong = ~np.select([kind == name for name in MOMENTS], [meant[name] for name in MOMENTS], False)
        if wrong.any():
            raise ValueError(
                "a moment must be when an admission or a discharge is recorded, or an 08:00 board round in "
                f"between; {wrong.sum()} are not"
            )
        return stay.astype(np.int64), at, kind == "discharge"

    def minutes(self, at: pd.Series) -> Array:
        """Return instants as the hospital's minutes."""
        local = at.dt.tz_convert(self.world.clock.time_zone).dt.tz_localize(None)
        return ((local - self.world.clock.first_midnight) // pd.Timedelta(minutes=1)).to_numpy(np.int64)

    def leaving(self, stay: Array, at: Array) -> Floats:
        """Return the belief about the hidden class when discharges are recorded: [row, severity]."""
        stays = kept(self.world.lives.stays, stay)
        rows = self.belief.row(stay, stays["day"])
        return chances_of(on_record(self.belief, rows, at, stays) + self.belief.round[rows])

    def _returns(self, stay: Array, belief: Floats) -> Floats:
        """Return the chances of coming back of those whose discharge has just been recorded."""
        facts = facts_at_discharge(kept(self.world.lives.stays, stay), self.world.clock)
        return (belief * by_severity("returns", facts)).sum(axis=1)

    def listed(self, stay: Array, at: Array) -> Listed:
        """Return where each listed person stands: most are here, a few have left and nobody has entered it."""
        stays = kept(self.world.lives.stays, stay)
        day = at // MINUTES_A_DAY - stays["first_day"]
        return perhaps_gone(self.belief, self.world.lives, self.world.clock, stays, day, at)

    def start(self, listed: Listed, stay: Array, belief: Floats) -> Start:
        """Return where each listed person stands if in a bed; `belief` is about the hidden class."""
        stays = kept(self.world.lives.stays, stay)
        asked = listed.status != UNASSESSED
        return Start(
            stays=stays,
            day=listed.day,
            belief=belief,
            scored=listed.scored,
            news2=listed.news2,
            mobility=listed.mobility,
            delirium=listed.delirium,
            end_of_life=listed.end_of_life,
            status=listed.status,
            alone=np.where(asked, stays["alone"], -1),
            working=np.where(asked, stays["working"], -1),
            ready=listed.ready,
            pathway=listed.pathway,
            pace=reason_paces(self.world.clock.nation)[listed.reason],
            pressure=self.world.lives.pressure[stays["first_day"] + listed.day, stays["site"]],
        )


def _fill(known: Known, rows: Array, listed: Listed, future: Future) -> None:
    """Write down the futures of those in a bed, weighed against having gone home yesterday."""
    here = (1 - listed.gone)[:, None]
    for found, days in ((known.home, future.home), (known.ready, future.ready)):
        found[rows] = here * days
        found[rows, 0] += listed.gone
    back = listed.gone * listed.gone_returns + here[:, 0] * future.returns
    known.returns[rows] = back / np.maximum(known.home[rows].sum(axis=1), 1e-12)

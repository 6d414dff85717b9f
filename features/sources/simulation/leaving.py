"""When in the day people leave, and when the system learns of it."""

import numpy as np

from features.sources.simulation.clock import MINUTES_A_DAY
from features.sources.simulation.numbers import Array, Floats, Rows, lognormal, parameters

FIRST_END, LAST_DEATH = 485, 445  # minutes of the day: nobody leaves before 08:05, or dies from 07:25 to 08:05
ENTERED_BY, CLERKS_BEGIN = 470, 540  # 07:50 and 09:00 of the next day
PENDING_LEAVE_BY = 1200


def ended_at(day: Array, ways: Rows, times: Rows, rng: np.random.Generator) -> Array:
    """Return the minute at which each would go home, die (perhaps in the night that follows), or else leave.

    `ways` has home and died, and pending: not to be entered before the next morning's clerk comes.
    """
    midnight, count = times["midnight"], len(day)
    closes = midnight + MINUTES_A_DAY - 1
    begins = np.where(day == 0, times["seen_at"], midnight + FIRST_END)
    anytime = begins + rng.random(count) * (midnight + MINUTES_A_DAY + LAST_DEATH - begins)
    by_day = times["seen_at"] + 1 + rng.beta(2, 3, count) * (closes - times["seen_at"] - 1)
    same_day = times["seen_at"] + 1 + rng.beta(1.3, 3.5, count) * (closes - times["seen_at"] - 1)
    home = np.where(day == 0, same_day, _home_at(times, ways["pending"], rng))
    return np.floor(np.select([ways["died"], ways["home"]], [anytime, home], by_day)).astype(np.int64)


def _home_at(times: Rows, pending: Array, rng: np.random.Generator) -> Floats:
    table = parameters()["discharge"]
    shares = np.append(0.0, np.cumsum(table["hour"]) / np.sum(table["hour"]))
    minutes = (table["first_hour"] + np.arange(len(shares))) * 60.0
    earliest = times["seen_at"] + table["least_minutes_after_ready"] - times["midnight"]
    passed = np.interp(earliest, minutes, shares)
    latest = np.where(pending, np.interp(PENDING_LEAVE_BY, minutes, shares), 1.0)
    later = np.interp(passed + rng.random(len(passed)) * (latest - passed), shares, minutes)
    return times["midnight"] + np.minimum(later, MINUTES_A_DAY - 1)


def recorded_at(ended: Array, ways: Rows, midnight: Array, weekend: Array, rng: np.random.Generator) -> Array:
    """Return when the system learns of each end: soon, hours later, or (pending) from the next day's clerk."""
    table, count = parameters()["discharge"], len(ended)
    share = np.where(weekend, table["late_record_weekend"], table["late_record"])
    late = (rng.random(count) < share) & ways["home"]
    hours = lognormal(table["late_record_hours"], count, rng)
    minutes = 1 + rng.exponential(table["record_minutes"], count)
    lag = np.where(late, hours * 60, np.where(ways["died"], np.minimum(minutes, 24), minutes))
    soon = np.minimum(ended + np.ceil(lag).astype(np.int64), midnight + MINUTES_A_DAY + ENTERED_BY)
    clerk = midnight + MINUTES_A_DAY + CLERKS_BEGIN + np.ceil(rng.exponential(60, count)).astype(np.int64)
    return np.where(ways["pending"], clerk, np.maximum(soon, ended + 1))

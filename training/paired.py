"""Figures of releases on the same rows, drawn again by whole patients: the same draws for every release."""

from collections.abc import Callable, Collection, Iterator, Mapping
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.sources.simulation.estimate import NORMAL_95, Estimate
from models.distribution import fewest_days
from training.answers import Answers, Held, ready_seen, seen
from training.metrics import SMALLEST_RISK, auroc, curve_losses, logistic_line, median_day

Numbers = npt.NDArray[Any]
Sampled = Numbers  # a figure of the rows as they are, and then of each draw
Group = Mapping[str, npt.NDArray[np.bool_]]  # which of the rows, by "board" and "discharge"
BED_DAYS = 28  # within which expected bed days are counted
HOURS = {24: 1, 48: 2, 72: 3}  # hours ahead, and the local day by whose end somebody is home


class Paired:
    """Figures over the rows of some patients, each with what it would be had other patients come.

    `figures` of two releases may be subtracted or divided draw by draw: they are of the same patients.
    """

    def __init__(self, rows: Held, draws: int, seed: int) -> None:
        self.rows = rows
        parts = [rows.board.rows["patient_id"], rows.discharge.rows["patient_id"]]
        people, person = np.unique(pd.concat(parts).to_numpy(str), return_inverse=True)
        self._person = {"board": person[: len(parts[0])], "discharge": person[len(parts[0]) :]}
        random, count = np.random.default_rng(seed), len(people)
        drawn = [
            np.bincount(random.integers(count, size=count), minlength=count) for _ in range(draws * (count > 0))
        ]
        self._times = np.array([np.ones(count), *drawn], dtype=np.float64)
        goals = rows.board.targets
        self._day = np.where(goals.went_home, goals.exit_day, np.nan)
        self._weight = seen(rows.board)
        self._back = rows.discharge.rows["readmitted"].to_numpy(np.float64)

    def figures(self, answers: Answers) -> dict[str, Sampled]:
        """Return every figure that the answers and the rows allow, by name."""
        found = {name: self._ratio(place, *terms) for name, place, *terms in self.terms(answers)}
        if answers.curves is not None and len(self._day):
            near = answers.curves.home_by[:, 1]
            home = (self._day <= 1).astype(np.float64)
            found["discharge.home_by_24h_auroc"] = self._drawn("board", near, home, self._weight, auroc)
        if answers.risk is not None and len(self._back):
            ones = np.ones(len(self._back))
            found["readmission.auroc"] = self._drawn("discharge", answers.risk, self._back, ones, auroc)
            kept = np.clip(answers.risk, SMALLEST_RISK, 1 - SMALLEST_RISK)
            odds = np.log(kept / (1 - kept))
            found["readmission.slope"] = self._drawn("discharge", odds, self._back, ones, _slope)
        return {name: values for name, values in found.items() if not np.isnan(values[0])}

    def by_group(
        self, answers: Answers, groups: Mapping[str, Group], names: Collection[str]
    ) -> dict[tuple[str, str], Sampled]:
        """Return some of the figures that are sums, over the rows of each group, by group and name."""
        return {
            (group, name): self._ratio(place, top * masks[place], bottom * masks[place])
            for name, place, top, bottom in self.terms(answers)
            if name in names
            for group, masks in groups.items()
        }

    def share(self, moved: Numbers) -> Sampled:
        """Return the share of the board rows of which something is true."""
        return self._ratio("board", moved.astype(np.float64), np.ones(len(moved)))

    def terms(self, answers: Answers) -> Iterator[tuple[str, str, Numbers, Numbers]]:
        """Yield each figure that is a sum over another: its name, its rows, and what each row adds to both."""
        if answers.curves is not None and len(self._day):
            yield from self._discharge_terms(answers.curves.home_by)
            if answers.curves.ready_by is not None:
                day, weight = ready_seen(self.rows.board)
                by = answers.curves.ready_by
                yield "ready.crps", "board", curve_losses(by, day) * weight, weight
                came = weight * ~np.isnan(day)
                yield "ready.mae_days", "board", np.nan_to_num(np.abs(median_day(by) - day)) * came, came
        if answers.risk is not None and len(self._back):
            ones, risk = np.ones(len(self._back)), answers.risk
            yield "readmission.log_loss", "discharge", log_loss(risk, self._back), ones
            yield "readmission.brier", "discharge", (risk - self._back) ** 2, ones
            yield "readmission.observed_over_expected", "discharge", self._back, risk

    def _discharge_terms(self, home_by: Numbers) -> Iterator[tuple[str, str, Numbers, Numbers]]:
        day, weight = self._day, self._weight
        went = weight * ~np.isnan(day)
        yield "discharge.crps", "board", curve_losses(home_by, day) * weight, weight
        yield "discharge.mae_days", "board", np.nan_to_num(np.abs(median_day(home_by) - day)) * went, went
        home = (day <= 1).astype(np.float64)
        yield "discharge.home_by_24h_log_loss", "board", log_loss(home_by[:, 1], home) * weight, weight
        for hours, last in HOURS.items():
            name = f"discharge.home_by_{hours}h_observed_over_expected"
            yield name, "board", (day <= last) * weight, home_by[:, last] * weight
        first, latest = fewest_days(home_by)
        row, by = np.arange(len(day)), np.column_stack([np.zeros(len(day)), home_by])
        promised = by[row, latest + 1] - by[row, first]
        yield (
            "discharge.coverage_gap",
            "board",
            ((first <= day) & (day <= latest)) * weight - promised * weight,
            weight,
        )
        yield "discharge.width_days", "board", (latest - first + 1).astype(np.float64), np.ones(len(day))
        happened = np.clip(BED_DAYS - np.nan_to_num(day, nan=np.inf), 0, BED_DAYS)
        late = happened - home_by[:, :BED_DAYS].sum(axis=1)
        yield "discharge.bed_days_gap", "board", late * weight, weight

    def _ratio(self, place: str, top: Numbers, bottom: Numbers) -> Sampled:
        tops, bottoms = (self._sums(place, each) for each in (top, bottom))
        return np.divide(tops, bottoms, out=np.full(len(tops), np.nan), where=bottoms != 0)

    def _sums(self, place: str, amounts: Numbers) -> Numbers:
        person = self._person[place]
        by_person = np.bincount(person, weights=amounts, minlength=self._times.shape[1])
        return self._times @ by_person

    def _drawn(
        self,
        place: str,
        score: Numbers,
        happened: Numbers,
        weight: Numbers,
        figure: Callable[[Numbers, Numbers, Numbers], float | None],
    ) -> Sampled:
        order = np.argsort(score, kind="stable")  # sorted once: every draw then sorts sorted rows
        score, happened, weight = score[order], happened[order], weight[order]
        person = self._person[place][order]
        found = [figure(score, happened, weight * times[person]) for times in self._times]
        return np.array([np.nan if each is None else each for each in found])


def log_loss(chance: Numbers, happened: Numbers) -> Numbers:
    """Return -log of the chance that was given to what happened; chances of 0 and 1 count as 1e-6 from them.

    >>> log_loss(np.array([0.5, 1.0]), np.array([0.0, 1.0])).round(3).tolist()
    [0.693, 0.0]
    """
    kept = np.clip(chance, SMALLEST_RISK, 1 - SMALLEST_RISK)
    return np.asarray(-np.log(np.where(happened > 0, kept, 1 - kept)))


def estimate(sampled: Sampled, wider: float = 1.0) -> Estimate:
    """Return a figure with its 95 % interval, stretched about the figure by a factor where many are judged.

    A figure that fewer than half of the draws have has no interval: NaN, so that nobody takes it for certain.
    """
    value, drawn = float(sampled[0]), sampled[1:][~np.isnan(sampled[1:])]
    if len(drawn) < max(len(sampled) - 1, 1) / 2:
        return Estimate(value, (np.nan, np.nan))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Estimate(value, (value - wider * (value - float(low)), value + wider * (float(high) - value)))


def family_wise(count: int) -> float:
    """Return how much wider than 95 % the intervals of many checks must be, so that 5 % is their joint error.

    >>> round(family_wise(1), 3), round(family_wise(20), 2)
    (1.0, 1.54)
    """
    return NormalDist().inv_cdf(1 - 0.025 / max(count, 1)) / NORMAL_95


def _slope(odds: Numbers, happened: Numbers, weight: Numbers) -> float | None:
    line = logistic_line(odds, happened, weight)
    return line and line[1]

"""What several lines of proof need and is dear to make: hospitals, a release, and patients new to it."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from features.sources.simulation import simulate
from features.sources.simulation.estimate import Estimate
from features.sources.simulation.summary import measured
from features.tables import Hospital
from models.predictor import Predictor
from training.cohort import Prepared, measurable, prepared
from training.fit import fit
from training.oracle import MOST_FORECASTS
from training.plan import TrainingPlan

LEARNT_FROM_SEED, OTHERS_SEED = 1, 2
QUICK_ADMISSIONS = 4_000
Numbers = npt.NDArray[np.float64]


class Inputs:
    """Inputs shared by lines, each made once a process, when a line first asks for it.

    `admissions` is the size of each hospital, `others` of the one whose patients no release ever saw, `sizes`
    are those of two hospitals whose releases stand beside the truth about the others, and `forecasts` is about
    how many of the others' rows their true days are worked out for.
    """

    def __init__(
        self,
        say: Callable[[str], None] = print,
        admissions: int = 40_000,
        others: int = 20_000,
        sizes: tuple[int, int] = (20_000, 200_000),
        forecasts: int = MOST_FORECASTS,
    ) -> None:
        self.say = say
        self.admissions = admissions
        self.admissions_of_others = others
        self.sizes = sizes  # of the hospitals whose releases stand beside the truth
        self.forecasts = forecasts
        self.plan = TrainingPlan()
        self._hospitals: dict[tuple[str, int], Hospital] = {}
        self._figures: dict[tuple[str, int], dict[str, Estimate]] = {}
        self._made: dict[Callable[[Inputs], Any], Any] = {}

    def once(self, make: Callable[["Inputs"], Any]) -> Any:
        """Return what a function makes of these inputs; it is called the first time only."""
        if make not in self._made:
            self._made[make] = make(self)
        return self._made[make]

    def hospital(self, nation: str = "ENG", sites: int = 1) -> Hospital:
        """Return a simulated hospital; the release learns from that of England with one site."""
        key = (nation, sites)
        if key not in self._hospitals:
            self.say(f"simulating {self.admissions:,} admissions, {nation}, sites: {sites}")
            self._hospitals[key] = simulate(self.admissions, seed=LEARNT_FROM_SEED, nation=nation, sites=sites)
        return self._hospitals[key]

    def figures(self, nation: str = "ENG", sites: int = 1) -> dict[str, Estimate]:
        """Return the marginals of such a hospital, with intervals."""
        key = (nation, sites)
        if key not in self._figures:
            self._figures[key] = measured(self.hospital(*key))
        return self._figures[key]

    @cached_property
    def rows(self) -> Prepared:
        """The moments that the release learns from."""
        return prepared(self.hospital(), self.plan, self.say)

    @cached_property
    def release(self) -> Predictor:
        """A release fitted on the hospital, as `python -m training fit` makes it."""
        return fit(self.rows, self.plan, self.say).predictor

    @cached_property
    def quick_release(self) -> Predictor:
        """A release of a small hospital: what the service does with a release does not hang on its size."""
        hospital = simulate(QUICK_ADMISSIONS, seed=LEARNT_FROM_SEED)
        return fit(prepared(hospital, self.plan, self.say), self.plan, self.say).predictor

    @cached_property
    def others(self) -> Prepared:
        """Every admission, board round and discharge of other patients, whom the release never saw."""
        self.say(f"simulating {self.admissions_of_others:,} admissions of other patients")
        return measurable(simulate(self.admissions_of_others, seed=OTHERS_SEED), self.plan.seed, self.say)

"""What the lines T3 to T7 compare: releases of two sizes beside the truth about other patients."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from inputs import LEARNT_FROM_SEED, OTHERS_SEED, Inputs, Numbers

from features.sources.simulation import Arguments, simulate
from features.sources.simulation.truth import Known, Truth
from models.distribution import Curves, fewest_days
from models.predictor import Predictor
from training.cohort import Prepared, prepared
from training.fit import fit
from training.metrics import LAST_DAY
from training.oracle import recorded_long_enough, true_curves, within
from training.split import patient_draws

SALT = "homeward-proof-truth"


@dataclass(frozen=True)
class Beside:
    """Rows of other patients, what could be known of them, and what became of them."""

    rows: Prepared
    known: Known

    @property
    def truth(self) -> Curves:
        """The true curves of days 0 to 60."""
        return true_curves(self.known)

    def curves(self, release: Predictor) -> Curves:
        """Return a release's curves of days 0 to 60."""
        return within(release.curves(self.rows.table, self.rows.days()))


def smaller(inputs: Inputs) -> Predictor:
    """Return the release of the lesser size that is proved."""
    if inputs.sizes[0] == inputs.admissions:
        return inputs.release
    return _released(inputs.once(rows_of_smaller), inputs)


def larger(inputs: Inputs) -> Predictor:
    """Return the release of the greater size that is proved; a site for each 100,000 admissions."""
    if inputs.sizes[1] == inputs.sizes[0]:
        return inputs.once(smaller)
    return _released(rows_of_hospital(inputs.sizes[1], inputs), inputs)


def rows_of_smaller(inputs: Inputs) -> Prepared:
    """Return the moments that the smaller release learns from."""
    if inputs.sizes[0] == inputs.admissions:
        return inputs.rows
    return rows_of_hospital(inputs.sizes[0], inputs)


def rows_of_hospital(admissions: int, inputs: Inputs) -> Prepared:
    """Return the moments of a hospital of so many admissions."""
    inputs.say(f"simulating {admissions:,} admissions to learn from")
    return prepared(simulate(admissions, seed=LEARNT_FROM_SEED), inputs.plan, inputs.say)


def _released(rows: Prepared, inputs: Inputs) -> Predictor:
    return fit(rows, inputs.plan, inputs.say).predictor


def truth_of_others(inputs: Inputs) -> Truth:
    """Return the truth about the patients whom no release saw."""
    return Truth(Arguments(inputs.admissions_of_others, seed=OTHERS_SEED))


def rows_of(moment: str, inputs: Inputs) -> Beside:
    """Return other patients' rows of one kind with the truth: all discharges, or those of some patients."""
    others = inputs.others
    remembered = recorded_long_enough(others)
    chosen = (others.rows["moment"] == moment).to_numpy() & remembered
    if moment == "discharge":
        chosen &= others.for_readmission()
    else:
        share = inputs.forecasts / max(int(chosen.sum()), 1)
        chosen &= patient_draws(others.rows["patient_id"], SALT) < share
    inputs.say(f"the truth about {int(chosen.sum()):,} rows of the kind {moment}")
    some = others.pick(chosen)
    return Beside(some, inputs.once(truth_of_others).at(some.rows, days_ahead=LAST_DAY + 1))


at_discharge, on_the_board = partial(rows_of, "discharge"), partial(rows_of, "board")


def widths(home_by: Numbers) -> Numbers:
    """Return how many days each range of a curve of days 0 to 60 holds."""
    first, last = fewest_days(home_by)
    return (last - first + 1).astype(np.float64)

"""Every knob of a training, with its default and a sentence; logged whole with each run."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from models.booster import Size

DATE_FEATURES, RISK_FEATURES, FEW_FEATURES = 0.6, 0.4, 0.2  # shares of the features that a tree may use
RISK_PENALTY = 5.0


@dataclass(frozen=True)
class TrainingPlan:
    """What a training does; two runs with the same plan, data and lock give the same digests."""

    seed: int = 1
    """Seeds every draw: minutes of the day, row thinning, bagging, randomised transforms."""

    fit_share: float = 0.70
    """Share of patients (by hash) that the models learn from."""

    calibrate_share: float = 0.15
    """Share of patients that stop and calibrate the models; the rest are the test."""

    fit_period: float = 0.60
    """Share of the time covered that the models learn from, where dates compare."""

    calibrate_period: float = 0.15
    """Share of the time covered that stops and calibrates; the rest is the test."""

    gap_days: int = 30
    """Days left out between periods, so that a readmission label of one never lies in the next."""

    most_moments: int = 600_000
    """Moments in a bed to learn from; more are thinned with known probability and weigh its inverse."""

    most_rows: int = 2_000_000
    """Rows (moment and piece of days ahead) that a date booster learns from; thinned in the same way."""

    date_rounds: int = 100
    """Most trees of a date booster, over its stages."""

    date_leaves: int = 15
    """Leaves of a date booster's tree: the price of a reason."""

    date_learning_rate: float = 0.2
    """Learning rate of the date boosters."""

    date_penalty: float = 1500.0
    """LightGBM's lambda_l2 of the date boosters: a long stay's many rows are one person's."""

    risk_rounds: int = 500
    """Most trees of a readmission booster."""

    risk_leaves: int = 24
    """Leaves of a readmission booster's tree."""

    risk_few_leaves: int = 4
    """Leaves of the small trees that are tried beside: the lowest log loss on patients held out decides.  Four
    win on 20,000 admissions, 24 on 70,000 real discharges."""

    risk_smallest_leaf: int = 200
    """Fewest rows of a leaf of the readmission booster."""

    early_weight: float = 0.3
    """What an admission or board row weighs against a discharge row when the readmission model learns."""

    risk_learning_rate: float = 0.03
    """Learning rate of the readmission booster."""

    smallest_leaf: int = 3000
    """Fewest rows of a leaf of the date boosters: a long stay alone gives hundreds."""

    date_smoothing: float = 1500.0
    """How many rows the mean counts as when the date boosters rank codes: with few, long stays are learnt by
    heart (home-by-tomorrow AUROC on the board 0.786 with 20, 0.803 with 1,500, simulated)."""

    risk_smoothing: float = 20.0
    """The same for the readmission booster, which has one row a stay and moment."""

    admission_weight: float = 10.0
    """What an admission weighs against a board round when the date models learn: a stay is admitted once and
    shown many times, and so weighed the CRPS fell by 2 % at admission and by 1 % on the board (simulated)."""

    calibration_folds: int = 3
    """Folds of patients whose curves, by boosters that never saw them, calibrate a release's date models."""

    threads: int = 1
    """Threads of a fit: more are quicker on idle cores only, and far slower on busy ones."""

    def date_size(self) -> Size:
        """Return the size of a date booster."""
        return Size(
            rounds=self.date_rounds,
            leaves=self.date_leaves,
            learning_rate=self.date_learning_rate,
            smallest_leaf=self.smallest_leaf,
            smoothing=self.date_smoothing,
            penalty=self.date_penalty,
            features=DATE_FEATURES,
            seed=self.seed,
            threads=self.threads,
        )

    def risk_sizes(self) -> list[Size]:
        """Return the sizes of a readmission booster to choose from.

        Small trees see fewer features each and split at random thresholds: as good (AUROC 0.733, without 0.732,
        40,000 simulated admissions), and with the same trees a risk's change between two bootstrap retrains is
        a fifth less at its 99th centile.  Large ones lose by it on real stays (0.677, not 0.683, diabetes130).
        """
        large = Size(
            rounds=self.risk_rounds,
            leaves=self.risk_leaves,
            learning_rate=self.risk_learning_rate,
            smallest_leaf=self.risk_smallest_leaf,
            smoothing=self.risk_smoothing,
            penalty=RISK_PENALTY,
            features=RISK_FEATURES,
            seed=self.seed,
            threads=self.threads,
        )
        few = min(self.risk_few_leaves, self.risk_leaves)
        small = replace(large, leaves=few, features=FEW_FEATURES, random_splits=True)
        return [small, large] if few < self.risk_leaves else [small]

    def as_json(self) -> dict[str, Any]:
        """Return every knob by name."""
        return asdict(self)

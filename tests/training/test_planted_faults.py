"""Planted faults that the checks of predictions must show, each beside the same without the fault."""

import json
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from features.errors import ReleaseFault
from features.snapshot import snapshot
from features.table import feature_table
from features.tables import Hospital
from models.discharge_date import Targets
from models.predictor import Predictor
from models.release import load
from models.sealed import listing
from training.cohort import Prepared, measurable, thinned
from training.metrics import readmission_figures
from training.moment import prediction_moments
from training.outcomes import stay_outcomes
from training.plan import TrainingPlan
from training.split import patient_draws

Numbers = npt.NDArray[np.float64]
DAY = pd.Timedelta(days=1)
CALIBRATED = {
    "slope": (0.93, 1.07),
    "observed_over_expected": (0.95, 1.05),
    "ece": (0, 0.010),
}  # at 20,000 rows


class TestReorderedColumns:
    def test_a_release_answers_a_shuffled_table_the_same(
        self, small_release: Predictor, small_hospital: Hospital
    ) -> None:
        at = small_hospital.observed_until - 20 * DAY
        table = feature_table(snapshot(small_hospital, at), small_hospital, at).head(12)
        shuffled = table.sample(frac=1, axis=1, random_state=1)
        assert list(shuffled) != list(table)
        whole, other = (
            [answer.as_json() for answer in small_release.predict(each, at)] for each in (table, shuffled)
        )
        assert whole == other

    def test_a_release_whose_matrix_is_shuffled_does_not_load(
        self, small_release_folder: Path, tmp_path: Path
    ) -> None:
        folder = tmp_path / small_release_folder.name
        shutil.copytree(small_release_folder, folder)
        load(folder)
        _rewrite(folder, "release.json", lambda content: content | {"features": content["features"][::-1]})
        with pytest.raises(ReleaseFault, match="answers its golden rows differently"):
            load(folder)


class TestMiscalibration:
    """20,000 risks of the size of readmission's, and outcomes drawn from them."""

    @pytest.fixture(scope="class")
    def drawn(self) -> tuple[Numbers, Numbers]:
        rng = np.random.default_rng(1)
        risk = 1 / (1 + np.exp(-rng.normal(-2.1, 0.9, 20_000)))
        return risk, (rng.random(20_000) < risk).astype(np.float64)

    @pytest.mark.parametrize(
        ("fault", "missed"),
        [
            (lambda odds: odds, set()),
            (lambda odds: 2 * odds, {"observed_over_expected", "ece"}),
            (lambda odds: odds / 2, {"observed_over_expected", "ece"}),
            (lambda odds: odds**1.5 * 2, {"slope", "ece"}),
            (lambda odds: odds**0.5 / 3, {"slope", "ece"}),
        ],
        ids=["true", "doubled", "halved", "too extreme", "too timid"],
    )
    def test_figures_flag_risks_that_are_not_true(
        self, drawn: tuple[Numbers, Numbers], fault: Any, missed: set[str]
    ) -> None:
        risk, happened = drawn
        odds = fault(risk / (1 - risk))
        figures = readmission_figures(odds / (1 + odds), happened)
        print({name: round(figures[name], 3) for name in CALIBRATED})
        outside = {name for name, (low, high) in CALIBRATED.items() if not low <= figures[name] <= high}
        assert missed <= outside
        assert bool(outside) == bool(missed)


class TestThinning:
    """Board rows of those whom the models learn from, followed for a week."""

    def test_two_moments_a_stay_without_weights_are_not_the_board_and_weighted_ones_are(
        self, small_hospital: Hospital
    ) -> None:
        plan = TrainingPlan(most_moments=20_000)
        moments = prediction_moments(small_hospital, plan.seed)
        whole = _home_within_a_week(small_hospital, moments, np.ones(len(moments)), plan)
        kept, weight = thinned(small_hospital, moments, plan)
        assert len(kept) < 0.8 * len(moments)
        board = moments[moments["moment"] == "board"].sample(frac=1, random_state=1)
        two = board.groupby("admission_id").head(2)
        unweighted = _home_within_a_week(small_hospital, two, np.ones(len(two)), plan)
        weighted = _home_within_a_week(small_hospital, kept, weight, plan)
        print(f"the board {whole:.3f}, two a stay {unweighted:.3f}, thinned with weights {weighted:.3f}")
        assert abs(unweighted - whole) > 0.05
        assert abs(weighted - whole) < 0.01


class TestCensoredDeaths:
    """Home by 30 days on board rows that are all followed for so long, so that the truth is a share."""

    @pytest.fixture(scope="class")
    def followed(self, small_hospital: Hospital) -> Prepared:
        rows = measurable(small_hospital, 1, print)
        early = rows.rows["at"] + 31 * DAY <= small_hospital.observed_until
        return rows.pick(((rows.rows["moment"] == "board") & early).to_numpy())

    def test_censoring_deaths_overstates_who_goes_home_and_counting_them_does_not(
        self, followed: Prepared, small_release: Predictor
    ) -> None:
        truth = float((followed.targets.went_home & (followed.targets.exit_day < 30)).mean())
        censored, counted = home_by(followed.targets, 30)
        some = np.random.default_rng(1).random(len(followed.rows)) < 0.2
        part = followed.pick(some)
        curves = small_release.curves(part.table, part.days()).home_by[:, 29]
        own = float((part.targets.went_home & (part.targets.exit_day < 30)).mean())
        print(f"truth {truth:.3f}, deaths censored {censored:.3f}, Aalen-Johansen {counted:.3f}")
        print(f"of {some.sum():,} rows: truth {own:.3f}, the composed curves {curves.mean():.3f}")
        assert censored - truth > 0.03
        assert counted == pytest.approx(truth, abs=1e-9)
        # So small a release is itself uncertain by two or three points; T8 holds a large one to one.
        assert abs(curves.mean() - own) < 0.75 * (censored - truth)


def home_by(targets: Targets, days: int) -> tuple[float, float]:
    """Return home by a day by Kaplan-Meier with other ends censored, and by Aalen-Johansen."""
    left = np.where(np.isfinite(targets.exit_day), targets.exit_day, targets.observed_days)
    ended = np.isfinite(targets.exit_day)
    in_bed, unless_dead, home = 1.0, 1.0, 0.0
    for day in range(days):
        at_risk = (left >= day).sum()
        every, alive = ((left == day) & ended).sum(), ((left == day) & ended & targets.went_home).sum()
        home += in_bed * alive / at_risk
        in_bed *= 1 - every / at_risk
        unless_dead *= 1 - alive / at_risk
    return 1 - unless_dead, home


def _home_within_a_week(
    hospital: Hospital, moments: pd.DataFrame, weight: Numbers, plan: TrainingPlan
) -> float:
    people = hospital.admissions.set_index("admission_id")["patient_id"]
    learnt_from = patient_draws(moments["admission_id"].map(people)) < plan.fit_share
    followed = moments["at"] + 8 * DAY <= hospital.observed_until
    chosen = (learnt_from & followed & (moments["moment"] == "board")).to_numpy()
    became = stay_outcomes(hospital).loc[moments["admission_id"]].set_axis(moments.index)
    ahead = (became["exit_on"] - moments["at"].dt.tz_localize(None).dt.normalize()).dt.days
    home = ((became["exit_kind"] == "home") & (ahead <= 7)).to_numpy()
    return float(np.average(home[chosen], weights=weight[chosen]))


def _rewrite(folder: Path, name: str, change: Any) -> None:
    """Change a file of a release, and its digest too."""
    file, digests = folder / name, json.loads((folder / "digests.json").read_text("utf-8"))
    file.write_text(json.dumps(change(json.loads(file.read_text("utf-8")))), "utf-8")
    digests[name] = sha256(file.read_bytes()).hexdigest()
    (folder / "digests.json").write_bytes(listing(digests))

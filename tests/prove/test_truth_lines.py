"""The lines of the truth in their small form, and each measure told from one that is wrong."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from foreseen import followed_moments, truth_of
from inputs import Inputs
from line import Line
from lived_again import lived_again
from truth_lines import (
    CLASS_LIMIT,
    believed,
    class_errors,
    distance,
    lines,
    over_expected,
    pit_distance,
    relived,
    slope,
)

from features.sources.simulation.estimate import People
from features.sources.simulation.numbers import kept
from features.sources.simulation.truth import Known

ADMISSIONS = 3000


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    return Inputs(lambda _: None, admissions=ADMISSIONS)


@pytest.mark.parametrize("line", lines(), ids=lambda line: f"{line.id}-{line.measures}")
def test_no_line_of_the_truth_fails_at_3000_admissions(inputs, line: Line):
    found = line.measure(inputs)
    print(f"{line.measures}: {line.told(found.figure)}, {line.target}; {found.note}")
    assert line.verdict(found) in ("pass", "cannot tell")


class TestForecast:
    def test_lives_by_chance_come_out_as_forecast_whatever_the_day_and_the_start(self, inputs):
        known, futures = inputs.once(relived)
        worst, copies = [], futures.home.shape[1]
        for chances, days in ((known.home, futures.home), (known.ready, futures.ready)):
            for day in (0, 1, 2, 3, 7, 14, 30):
                chance = chances[:, : day + 1].sum(axis=1)
                share = ((days >= 0) & (days <= day)).mean(axis=1)
                rare = chance * (1 - chance) * copies < 10
                worst.append(np.abs(share - chance)[~rare] / np.sqrt(chance * (1 - chance) / copies)[~rare])
        errors = np.concatenate(worst)
        assert len(errors) > 500
        assert errors.max() < 4.5  # one in 200 true forecasts has one of 700 as far
        assert np.sqrt((errors**2).mean()) == pytest.approx(1, abs=0.15)

    def test_who_comes_back_is_as_forecast(self, inputs):
        known, futures = inputs.once(relived)
        left = (futures.home >= 0).sum(axis=1)
        errors = (futures.returned.sum(axis=1) - known.returns * left) / np.sqrt(
            known.returns * (1 - known.returns) * left
        )
        assert np.abs(errors).max() < 4

    def test_a_forecast_that_is_a_little_wrong_is_found_out(self, inputs):
        known, futures = inputs.once(relived)
        assert distance(known, futures).figure.value > 0.001
        late = replace(known, home=np.roll(known.home, 1, axis=1))
        hopeful = replace(known, returns=known.returns * 0.8)
        doubtful = replace(known, ready=known.ready * 0.97)
        for wrong in (late, hopeful, doubtful):
            assert distance(wrong, futures).figure.value < 1e-6

    def test_people_who_may_have_left_are_not_relived(self, inputs):
        truth, moments = inputs.once(truth_of), inputs.once(followed_moments)
        rounds = moments[moments["moment"] == "board"]
        stay, at = truth.stay_of[rounds["admission_id"]].to_numpy(), truth.minutes(rounds["at"])
        gone = rounds[truth.listed(stay, at).gone > 0]
        with pytest.raises(ValueError, match="in a bed for certain"):
            lived_again(truth, gone.head(3), 2, 2, np.random.default_rng(1))


class TestBelief:
    def test_records_say_more_of_the_class_than_the_arrival_and_ever_more(self, inputs):
        truth = inputs.once(truth_of)
        scores = {}
        for moment, stay, belief in believed(truth):
            severity = kept(truth.world.lives.stays, stay)["severity"]
            scores[moment] = np.log(belief[np.arange(len(stay)), severity]).mean()
        days = [scores[name] for name in ("admission", "round 1", "round 3", "round 8", "round 21")]
        assert (np.diff(days) > 0.05).all()

    @pytest.mark.parametrize("wrong", ["flatter", "sharper", "turned"])
    def test_a_belief_that_is_wrong_is_found_out(self, inputs, wrong):
        truth = inputs.once(truth_of)
        stay, belief = next((stay, belief) for moment, stay, belief in believed(truth) if moment == "round 2")
        stays = kept(truth.world.lives.stays, stay)
        turned = np.roll(belief, 1, axis=1)
        belief = {"flatter": belief**0.6, "sharper": belief**2, "turned": turned}[wrong]
        belief = belief / belief.sum(axis=1, keepdims=True)
        assert max(class_errors(pd.Series(stays["person"]), stays["severity"], belief)) > CLASS_LIMIT


class TestMeasures:
    """Chances of 4,000 rows of 1,000 patients, and what happened by them."""

    rng = np.random.default_rng(5)
    patients = pd.Series(np.repeat(np.arange(1000), 4).astype(str))
    chance = 1 / (1 + np.exp(-rng.normal(0, 1.5, 4000)))
    happened = (rng.random(4000) < chance).astype(np.float64)

    def test_true_chances_have_slope_1_and_happen_as_expected(self):
        low, high = slope((self.patients, self.chance, self.happened)).interval
        assert low < 1 < high
        assert high - low < 0.25
        over = People(self.patients).ratio(self.happened, self.chance)
        assert over.interval[0] < 1 < over.interval[1]

    @pytest.mark.parametrize(("power", "side"), [(1.5, "below"), (0.6, "above")])
    def test_chances_that_are_too_sure_have_a_slope_under_1_and_timid_ones_over_1(self, power, side):
        odds = (self.chance / (1 - self.chance)) ** power
        low, high = slope((self.patients, odds / (1 + odds), self.happened)).interval
        assert high < 1 if side == "below" else low > 1

    def test_rows_that_repeat_a_patient_widen_the_interval(self):
        first = self.chance[::4].repeat(4), self.happened[::4].repeat(4)
        low, high = slope((self.patients, *first)).interval
        alone = slope((pd.Series(np.arange(4000).astype(str)), *first)).interval
        assert high - low > 1.8 * (alone[1] - alone[0])

    def test_one_outcome_only_has_no_slope(self):
        assert np.isnan(slope((self.patients, self.chance, np.ones(4000))).value)

    def test_the_pit_of_true_curves_is_uniform_and_of_late_ones_is_not(self):
        home = np.tile(np.array([0.3, 0.2, 0.2, 0.1, 0.1]), (3000, 1))  # a tenth is not home within five days
        days = np.searchsorted(home[0].cumsum(), np.random.default_rng(2).random(3000)).astype(np.float64)
        known = Known(home, home, np.zeros(3000))
        assert pit_distance(known, days).figure.value < 1.95
        assert pit_distance(known, days + 1).figure.value > 5
        assert pit_distance(known, np.where(days > 4, 2, days)).figure.value > 3

    def test_the_furthest_day_is_told_with_its_rows(self, inputs):
        found = over_expected(inputs, "home")
        assert " d, " in found.note
        assert "furthest of 6" in found.note

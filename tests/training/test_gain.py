"""A gain is what the same rows cost less, and its interval knows that rows of one patient go together."""

import numpy as np
import pytest

from training.gain import Gain, Losses, Scored, gain, verdict


def scored(loss: np.ndarray, size: float = 1.0) -> Scored:
    people, later = np.repeat(np.arange(100), 5).astype(str), np.arange(500) < 50
    return Scored(float(loss.mean()), size, {}, (Losses(people, later, loss, np.ones(500)),))


def test_a_gain_is_told_from_noise_by_patient() -> None:
    before = np.random.default_rng(1).normal(1, 0.1, 500)
    sure = gain(scored(before), scored(before - 0.01), seed=1)
    assert sure is not None
    assert (sure.fall, sure.low, sure.high) == pytest.approx((0.01, 0.01, 0.01))
    shaken = before + np.repeat(np.random.default_rng(2).normal(0, 0.3, 100), 5)
    noise = gain(scored(before), scored(shaken), seed=1)
    assert noise is not None
    assert noise.low < 0 < noise.high
    assert noise.high - noise.low == pytest.approx(4 * 0.3 / 10, rel=0.3)  # 100 patients, not 500 rows
    later = gain(scored(before), scored(shaken), seed=1, later=True)
    assert later is not None
    assert later.patients == 10


def test_a_gain_over_rows_that_weigh_nothing_is_unknown() -> None:
    losses = Losses(np.array(["a"]), np.array([False]), np.ones(1), np.ones(1))
    assert gain(Scored(1.0, 1.0, {}, (losses,)), Scored(1.0, 1.0, {}, (losses,)), seed=1, later=True) is None


@pytest.mark.parametrize(
    ("whole", "later", "wins"),
    [
        ((0.01, 0.09), None, True),
        ((0.01, 0.09), (-0.4, 0.1), True),  # few patients: nothing is known of the later months
        ((0.01, 0.09), (-0.4, -0.1), False),
        ((-0.01, 0.09), (0.1, 0.4), False),
        (None, None, False),
    ],
)
def test_a_plan_wins_by_more_than_noise_and_without_a_loss_in_the_later_months(
    whole: tuple[float, float] | None, later: tuple[float, float] | None, wins: bool
) -> None:
    gains = (edges and Gain(sum(edges) / 2, *edges, patients=100) for edges in (whole, later))
    assert verdict(*gains)["wins"] == wins

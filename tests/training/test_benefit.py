import dcurves
import numpy as np
import pandas as pd
import pytest

from training.benefit import THRESHOLDS, benefit_table, differences, lace_risk, net_benefit, of_everybody

ROWS = 3000


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    random = np.random.default_rng(4)
    chance = 1 / (1 + np.exp(-random.normal(-2, 1, ROWS)))
    return pd.DataFrame(
        {
            "risk": chance,
            "noise": random.uniform(0.01, 0.4, ROWS),
            "back": (random.random(ROWS) < chance).astype(float),
            "patient": random.integers(0, 900, ROWS),
        }
    )


def test_net_benefit_is_that_of_the_dcurves_package(rows: pd.DataFrame) -> None:
    theirs = dcurves.dca(rows[["risk", "noise", "back"]], "back", ["risk", "noise"], thresholds=THRESHOLDS)
    theirs = {name: own["net_benefit"].to_numpy() for name, own in theirs.groupby("model")}
    for name in ("risk", "noise"):
        np.testing.assert_allclose(net_benefit(rows[name], rows["back"]), theirs[name], atol=1e-9)
    np.testing.assert_allclose(of_everybody(rows["back"]), theirs["all"], atol=1e-9)
    np.testing.assert_allclose(net_benefit(np.zeros(ROWS), rows["back"]), theirs["none"], atol=1e-9)


def test_a_row_of_weight_three_is_three_rows(rows: pd.DataFrame) -> None:
    weight = np.random.default_rng(5).integers(0, 4, ROWS)
    many = rows.loc[rows.index.repeat(weight)]
    np.testing.assert_allclose(
        net_benefit(rows["risk"], rows["back"], weight), net_benefit(many["risk"], many["back"]), atol=1e-12
    )


def test_at_the_threshold_of_the_prevalence_acting_on_everybody_gains_nothing() -> None:
    outcome = np.repeat([1.0, 0.0], [20, 80])
    assert of_everybody(outcome)[THRESHOLDS == 0.20] == pytest.approx(0, abs=1e-12)


def test_differences_are_those_of_the_net_benefits_and_find_a_worse_rival(rows: pd.DataFrame) -> None:
    found = differences(rows["risk"], {"noise": rows["noise"]}, rows["back"], rows["patient"], draws=300)
    ours = net_benefit(rows["risk"], rows["back"])
    np.testing.assert_allclose(found["noise"][0], ours - net_benefit(rows["noise"], rows["back"]), atol=1e-12)
    np.testing.assert_allclose(found["everybody"][0], ours - of_everybody(rows["back"]), atol=1e-12)
    np.testing.assert_allclose(found["nobody"][0], ours, atol=1e-12)
    at_fifth = found["noise"][1:, THRESHOLDS == 0.20]
    assert np.quantile(at_fifth, 0.025) > 0
    turned = differences(rows["noise"], {"risk": rows["risk"]}, rows["back"], rows["patient"], draws=300)
    np.testing.assert_allclose(turned["risk"], -found["noise"], atol=1e-12)


def test_rows_that_repeat_a_patient_widen_the_interval(rows: pd.DataFrame) -> None:
    first = rows.head(500)
    often = pd.concat([first] * 4)
    spreads = [
        np.std(differences(part["risk"], {}, part["back"], patients, draws=300)["nobody"][1:], axis=0).mean()
        for part, patients in (
            (often, np.tile(np.arange(500), 4)),
            (often, np.arange(2000)),
        )
    ]
    assert spreads[0] > 1.7 * spreads[1]


def test_the_report_has_a_row_a_threshold_with_lace_beside(small_release, small_hospital) -> None:
    from training.cohort import measurable

    rows = measurable(small_hospital, 1, lambda _: None)
    left = rows.pick(rows.for_readmission() & (rows.rows["moment"] == "discharge").to_numpy())
    risk = small_release.readmission.risk(small_release.encoder.matrix(left.table))
    table = benefit_table(risk, left)
    assert [row["threshold"] for row in table] == ["5 %", "10 %", "15 %", "20 %", "25 %", "30 %"]
    assert {"Homeward", "acting on all", "LACE", "more than LACE"} <= set(table[0])
    assert lace_risk(left, left) is not None

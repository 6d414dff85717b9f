"""A hospital written out as an extract and read back is the same to every figure."""

import json
from pathlib import Path

from pandas.testing import assert_frame_equal

from features.sources import read
from features.sources.extract import write
from training.cohort import prepared
from training.fit import fit
from training.plan import TrainingPlan


def test_mimic_as_an_extract_leaves_every_feature_and_figure_unchanged(real_data: Path, tmp_path: Path) -> None:
    plan = TrainingPlan(date_rounds=20, risk_rounds=40, risk_leaves=4)
    mimic = read("mimic4", real_data / "mimic-iv-demo")
    write(mimic, tmp_path / "extract")
    rows = [prepared(each, plan, print) for each in (mimic, read("extract", tmp_path / "extract"))]
    assert_frame_equal(rows[0].table, rows[1].table, check_exact=True, check_categorical=False)
    found = [fit(each, plan, print).figures for each in rows]
    assert found[0]["discharge"]["n"] > 0
    one, other = (json.dumps({**figures, "source": ""}, sort_keys=True) for figures in found)
    assert one == other

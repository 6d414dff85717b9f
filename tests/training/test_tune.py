"""Tuning: the test part is never read, a study goes on as if never stopped, and the plan has to be beaten."""

import json
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from features.errors import HomewardError
from features.tables import Hospital
from models.distribution import PIECES, Curves
from training import runs
from training.cohort import prepared
from training.evaluate import discharge_figures, ready_figures
from training.gain import Scored
from training.plan import TrainingPlan
from training.plan_file import read_plan
from training.split import parts, patient_draws
from training.trial import FOLDS, Bench, date_losses, hazard_log_loss, score_dates, score_readmission, tunable
from training.tune import SPACES, Trial, Wanted, chosen, finished, kept_plan, study_of, told, trials, tune

PLAN = TrainingPlan(most_moments=2_000, date_rounds=10, date_leaves=7, risk_rounds=20, risk_leaves=7)


def quiet(text: str) -> None:
    """Say nothing."""


@pytest.fixture(scope="module")
def bench(small_hospital: Hospital) -> Bench:
    return Bench.of(tunable(small_hospital, PLAN, quiet), PLAN)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home that every test here shares, since making the databases takes seconds."""
    return tmp_path_factory.mktemp("home")


def test_patient(hospital: Hospital) -> np.ndarray:
    return patient_draws(hospital.admissions["patient_id"]) >= PLAN.fit_share + PLAN.calibrate_share


test_patient.__test__ = False  # a patient of the test part


# The test part


def test_neither_test_patients_nor_test_months_are_among_the_rows(
    small_hospital: Hospital, bench: Bench
) -> None:
    every = prepared(small_hospital, PLAN, quiet).rows
    side = parts(every, small_hospital.dates, PLAN)
    test = every[side == "test"]
    assert len(test) > 100
    assert not set(bench.rows.rows["patient_id"]) & set(test["patient_id"])
    assert bench.rows.rows["at"].max() < test["at"].min()
    assert set(bench.rows.rows["part"]) == {"fit", "calibrate"}
    held = small_hospital.admissions["patient_id"][test_patient(small_hospital)]
    assert not bench.rows.hospital.admissions["patient_id"].isin(held).any(), "their stays are not even there"


def scrambled(hospital: Hospital, whose: np.ndarray) -> Hospital:
    """Return the hospital in which some patients left otherwise: later, in other ways, half of them never."""
    stays, random = hospital.admissions.copy(), np.random.default_rng(3)
    own = np.flatnonzero(whose & stays["discharged_at"].notna().to_numpy())
    for column in ("discharge_method", "discharge_destination"):
        stays[column] = stays[column].to_numpy(object)
        stays.loc[own, column] = stays[column].to_numpy()[random.permutation(own)]
        stays[column] = stays[column].astype(hospital.admissions[column].dtype)
    longer = np.timedelta64(1, "h") * random.integers(0, 200, len(own))
    for column in ("discharged_at", "discharge_recorded_at"):
        stays.loc[own, column] = stays.loc[own, column] + longer
    stays = stays.drop(index=own[::2]).reset_index(drop=True)
    events = hospital.events[hospital.events["admission_id"].isin(stays["admission_id"])]
    return replace(hospital, admissions=stays, events=events.reset_index(drop=True))


def test_scrambling_the_test_part_changes_no_score_to_the_last_bit(
    small_hospital: Hospital, bench: Bench
) -> None:
    tests, others = test_patient(small_hospital), ~test_patient(small_hospital)
    changed = Bench.of(tunable(scrambled(small_hospital, tests), PLAN, quiet), PLAN)
    assert changed.digest() == bench.digest()
    spoilt = Bench.of(tunable(scrambled(small_hospital, others), PLAN, quiet), PLAN)
    for score in (score_dates, score_readmission):
        assert score(changed, PLAN).scores == score(bench, PLAN).scores
        assert score(spoilt, PLAN).objective != score(bench, PLAN).objective, "of others it would be seen"


# Scores


def test_each_patient_is_scored_once_by_boosters_that_never_saw_them(bench: Bench) -> None:
    people = bench.rows.rows["patient_id"].to_numpy(str)
    scored = np.zeros(len(people), int)
    for fold in range(FOLDS):
        learn, stop, out = bench.sides(fold)
        groups = [set(people[side]) for side in (learn, stop, out)]
        assert all(groups)
        assert sum(map(len, groups)) == len(set.union(*groups)), "nobody is on two sides"
        scored += out
    assert (scored == 1).all()


def test_the_crps_is_the_one_of_the_report(bench: Bench) -> None:
    some = bench.rows.pick((bench.rows.rows["moment"] == "board").to_numpy())
    some.rows["weight"] = 1.0
    home_by = np.tile(np.linspace(0.05, 0.9, 61), (len(some.rows), 1))
    ready_by = np.sqrt(home_by)
    losses = date_losses(some, home_by, ready_by)
    curves = Curves(1 - home_by, home_by, ready_by)
    assert losses["discharge"].mean() == pytest.approx(discharge_figures(some, curves)["crps"])
    ready = ready_figures(some, curves)
    assert ready is not None
    assert losses["ready"].mean() == pytest.approx(ready["crps"])


def test_the_log_loss_of_hazards_is_that_of_what_was_seen() -> None:
    leave, home = np.full((3, PIECES), 0.2), np.full((3, PIECES), 0.9)
    goals = SimpleNamespace(
        exit_day=np.array([1.0, 0.0, np.inf]),
        went_home=np.array([True, False, False]),
        observed_days=np.array([99.0, 99.0, 3.0]),
    )
    expected = [-np.log(0.8 * 0.2 * 0.9), -np.log(0.2 * 0.1), -np.log(0.8**3)]
    assert hazard_log_loss(leave, home, goals).tolist() == pytest.approx(expected)


def test_an_early_row_costs_what_the_base_plan_says(bench: Bench) -> None:
    ours, theirs = (score_readmission(bench, replace(PLAN, early_weight=weight)) for weight in (0.05, 1.0))
    assert np.array_equal(ours.losses[0].weight, theirs.losses[0].weight)
    assert not np.array_equal(ours.losses[0].loss, theirs.losses[0].loss)


# What is preferred


@pytest.mark.parametrize(
    ("tried", "number"),
    [
        ([(2.000, 1500)], 0),
        ([(2.000, 1500), (1.993, 3000)], 0),  # larger for 0.35 %: not worth it
        ([(2.000, 1500), (1.980, 3000)], 1),
        ([(2.000, 1500), (1.980, 3000), (1.985, 2000)], 2),
        ([(2.000, 1500), (1.999, 700), (1.995, 1500)], 1),
        ([(2.000, 1500), (2.001, 700)], 0),  # smaller, but worse than the plan as it is
    ],
)
def test_among_nearly_equal_date_plans_the_smallest_is_preferred(
    tried: list[tuple[float, float]], number: int
) -> None:
    trial = [Trial(at, {}, crps, {"trees_times_leaves": size}, 1.0) for at, (crps, size) in enumerate(tried)]
    assert chosen("dates", trial).number == number


# Studies


def bowl(plan: TrainingPlan) -> Scored:
    """Score a plan by how far its knobs lie from some other plan's."""
    far = abs(np.log(plan.risk_leaves / 12)) + abs(np.log(plan.risk_learning_rate / 0.03))
    return Scored(float(far), 1.0, {"log_loss": float(far)}, ())


def tried(bench: Bench, home: Path, name: str, count: int = 12, score=bowl) -> list[Trial]:
    study = study_of(bench, "readmission", name, home)
    for _ in trials(study, "readmission", bench.base, count, score):
        pass
    return finished(study)


def alike(some: list[Trial]) -> list[Trial]:
    return [replace(trial, seconds=0.0) for trial in some]


def test_the_plan_as_it_is_comes_first_and_the_same_seed_gives_the_same_trials(
    bench: Bench, home: Path
) -> None:
    one, other = tried(bench, home, "one"), tried(bench, home, "other")
    assert one[0].knobs == {name: getattr(PLAN, name) for name in SPACES["readmission"]}
    assert alike(one) == alike(other)
    assert len({str(trial.knobs) for trial in one}) == len(one), "no plan is tried twice"
    seeded = Bench.of(bench.rows, replace(PLAN, seed=2))
    assert alike(tried(seeded, home, "one"))[1:] != alike(one)[1:], "another seed is another study"


def test_a_stopped_study_keeps_its_trials_and_goes_on_as_if_it_had_not_stopped(
    bench: Bench, home: Path
) -> None:
    calls = []

    def stopped_twice(plan: TrainingPlan) -> Scored:
        calls.append(plan)
        if len(calls) in (1, 11):
            raise KeyboardInterrupt
        return bowl(plan)

    for _ in range(2):  # at the very first trial, and later
        with pytest.raises(KeyboardInterrupt):
            tried(bench, home, "stopped", score=stopped_twice)
    assert len(finished(study_of(bench, "readmission", "stopped", home))) == 9
    assert alike(tried(bench, home, "stopped")) == alike(tried(bench, home, "whole"))


def test_a_process_that_was_killed_leaves_nothing_that_counts(bench: Bench, home: Path) -> None:
    study = study_of(bench, "readmission", "killed", home)
    list(islice(trials(study, "readmission", PLAN, 3, bowl), 2))
    study.ask()  # begun and never told
    assert alike(tried(bench, home, "killed", 6)) == alike(tried(bench, home, "never killed", 6))


# The whole


def children_of(home: Path, run: runs.Run) -> list:
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{home}/mlflow.db")
    parent = client.get_run(run.run_id)
    found = client.search_runs([parent.info.experiment_id])
    return [one for one in found if one.data.tags.get("mlflow.parentRunId") == run.run_id]


def tuned(bench: Bench, wanted: Wanted) -> tuple[dict, runs.Run, list[str]]:
    said: list[str] = []
    with runs.start_run(wanted.home, "tune", bench.base.as_json(), {}) as run:
        found = tune(bench, wanted, run, said.append)
        kept_plan(found, wanted, run)
    return found, run, said


def test_trials_are_nested_runs_with_their_knobs_and_scores_and_a_second_call_goes_on(
    bench: Bench, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    found, run, said = tuned(bench, Wanted("both", 2, "nested", home))
    children = {child.info.run_name: child.data for child in children_of(home, run)}
    assert set(children) == {"dates 0", "dates 1", "readmission 0", "readmission 1"}
    for name, child in children.items():
        what, number = name.split()
        trial = found[what]["trials"][int(number)]
        assert child.params == {knob: str(value) for knob, value in trial["knobs"].items()}
        assert child.metrics.items() >= trial["scores"].items()
    assert "dates: 0 trials were there already, of 2" in said
    assert sum("best so far" in line for line in said) == 4
    again, other, said = tuned(bench, Wanted("dates", 3, "nested", home))
    assert [child.info.run_name for child in children_of(home, other)] == ["dates 2"]
    assert again["dates"]["already"] == 2
    assert again["dates"]["trials"][:2] == found["dates"]["trials"]
    assert any(line.startswith("dates: 2 trials were there already, of 3, the best crps") for line in said)
    for each in (found, again):
        won = {what for what in ("dates", "readmission") if what in each and each[what]["wins"]}
        assert each["changed"] == bool(won)
        assert told(each).count("the plan stays as it is") == len(set(each) & {"dates", "readmission"}) - len(
            won
        )


def test_trials_scored_by_other_code_are_not_compared(
    bench: Bench, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    tried(bench, home, "other-code", 2, lambda plan: Scored(1 / plan.risk_rounds, 1.0, {}, ()))
    with pytest.raises(HomewardError, match="the code or the machine is another"):
        tuned(bench, Wanted("readmission", 2, "other-code", home))


def test_too_few_patients_are_told(bench: Bench) -> None:
    few = bench.rows.rows["patient_id"].unique()[:30]
    with pytest.raises(HomewardError, match="30 patients"):
        Bench.of(bench.rows.pick(bench.rows.rows["patient_id"].isin(few).to_numpy()), PLAN)


@pytest.mark.parametrize(
    ("words", "sentence"), [({"what": "all"}, "--what must be"), ({"study": "../up"}, "--study must be")]
)
def test_wishes_that_mean_nothing_are_told(words: dict[str, str], sentence: str) -> None:
    with pytest.raises(HomewardError, match=sentence):
        Wanted(**{"what": "both", "trials": 1, "study": "tuning", "home": Path(), **words})


def test_a_plan_that_won_is_kept_under_the_home_and_with_the_run(home: Path) -> None:
    plan = replace(TrainingPlan(), date_leaves=7)
    found = {"plan": plan.as_json(), "changed": True}
    with runs.start_run(home, "tune", {}, {}) as run:
        file = kept_plan(found, Wanted("dates", 1, "won", home), run)
    assert file is not None
    assert read_plan(file) == plan
    kept = home / "mlartifacts" / run.run_id / "artifacts" / "chosen" / "plan.json"
    assert json.loads(kept.read_text()) == plan.as_json()

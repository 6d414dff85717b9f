"""Every lever changes what it says and nothing else, the same each time."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.columns import CANCELLED
from features.errors import HomewardError
from features.hospital import shipped_facts
from features.snapshot import as_known
from features.sources.simulation.levers import BIASES, DRIFTS, LEAKS, LEVERS, pull
from features.tables import Hospital, check

START = pd.Timestamp("2026-03-20", tz="Europe/London")  # before the clocks change
DAY = pd.Timedelta(days=1)


@dataclass(frozen=True)
class Touch:
    """What a lever may change: columns of some events, or their whole rows; columns of admissions; whose."""

    names: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    of_stays: tuple[str, ...] = ()
    group: Callable[[Hospital], pd.Series] = lambda hospital: hospital.admissions["age"].notna()


def with_learning_disability(hospital: Hospital) -> pd.Series:
    flags = hospital.events[hospital.events["name"] == "learning_disability"]
    stays = hospital.admissions
    people = stays.loc[stays["admission_id"].isin(flags["admission_id"]), "patient_id"]
    return stays["patient_id"].isin(people)


INSTANTS = ("happened_at", "recorded_at")
TOUCHED = {
    "worst_news2_first": Touch(("news2",), ("number",)),
    "codes_at_admission": Touch(("coded_diagnosis",), INSTANTS),
    "final_specialty_first": Touch(of_stays=("treatment_function",)),
    "planned_date_overwritten": Touch(("planned_discharge_on",), ("text",)),
    "admission_method_corrected": Touch(of_stays=("admission_method",)),
    "residence_after_discharge": Touch(of_stays=("usual_residence",)),
    "criteria_back_filled": Touch(("criteria_to_reside",), ("number",)),
    "delay_back_dated": Touch(("delay_began", "delay_attributed"), INSTANTS),
    "last_ward_first": Touch(("ward",), ("text",)),
    "nights_in_a_digit": Touch(("haemoglobin",), ("number",)),
    "package_of_the_return": Touch(("care_package",), ("number",)),
    "news2_under_scored": Touch(
        ("news2",), ("number",), group=lambda h: h.admissions["ethnic_category"].isin(["H", "J", "K", "L"])
    ),
    "ready_recorded_late": Touch(
        ("criteria_to_reside",),
        ("number",),
        group=lambda h: h.admissions["usual_residence"].isin(["RESIDENTIAL_HOME", "NURSING_HOME"]),
    ),
    "returns_missing": Touch(group=lambda h: h.admissions["deprivation_decile"] <= 2),
    "readiness_unrecorded": Touch(
        ("criteria_to_reside", "planned_discharge_on"), group=with_learning_disability
    ),
    "numbers_shifted": Touch(("mobility",), ("number",), group=lambda h: h.admissions["sex"] == "1"),
    "unit_change": Touch(("c_reactive_protein",), ("number",)),
    "coding_freeze": Touch(("coded_diagnosis",), ("recorded_at",)),
    "missing_feed": Touch(("news2",)),
}


def how(hospital: Hospital, name: str) -> dict[str, pd.Timestamp]:
    """What a lever must be told: drifts begin half-way."""
    came = hospital.admissions["admitted_at"]
    return {"from_": came.min() + (came.max() - came.min()) / 2} if name in DRIFTS else {}


def pulled(hospital: Hospital, name: str, **more: float) -> Hospital:
    return pull(hospital, name, **how(hospital, name), **more)


def equal(one: Hospital, other: Hospital) -> bool:
    return one.admissions.equals(other.admissions) and one.events.equals(other.events)


def some(table: pd.DataFrame, rows: pd.Series) -> pd.DataFrame:
    return table[rows].reset_index(drop=True)


def assert_nothing_else_changed(before: Hospital, after: Hospital, touch: Touch) -> None:
    """Rows outside the group and the names keep their bits and order; of others only some columns change."""
    stays = before.admissions
    group = stays.loc[touch.group(before), "admission_id"]
    gone = ~stays["admission_id"].isin(after.admissions["admission_id"])
    assert stays.loc[gone, "admission_id"].isin(group).all()
    assert not (gone.any() and touch.names)
    kept, met = some(stays, ~gone), some(stays, ~gone)["admission_id"].isin(group)
    assert (after.admissions.dtypes == stays.dtypes).all()
    same = list(stays.columns.difference(touch.of_stays))
    assert after.admissions[same].equals(kept[same])
    assert after.admissions[~met].equals(kept[~met])
    rows = some(before.events, ~before.events["admission_id"].isin(stays.loc[gone, "admission_id"]))
    old, new = (
        each["name"].isin(touch.names) & each["admission_id"].isin(group) for each in (rows, after.events)
    )
    assert (after.events.dtypes == rows.dtypes).all()
    assert some(after.events, ~new).equals(some(rows, ~old))
    if touch.columns:
        same = list(rows.columns.difference(touch.columns))
        assert after.events[same].equals(rows[same])
        assert after.events[rows["text"] == CANCELLED].equals(rows[rows["text"] == CANCELLED])
    else:  # rows may be gone, and none is new
        left = some(after.events, new).merge(some(rows, old).drop_duplicates(), how="left", indicator="found")
        assert (left["found"] == "both").all()


# A small hospital of any kind of record: late ones, corrections, voids, open stays, people in every group.

TEXTS = {
    "specialty": ["300", "430", "100"],
    "ward": ["W1", "W2", "W3"],
    "planned_discharge_on": ["2026-03-28", "2026-04-02"],
    "coded_diagnosis": ["I50.0", "F03", "J44.1", "S72.0"],
    "delay_began": ["A", "B"],
    "delay_attributed": ["NHS", "SOCIAL_CARE"],
    "delay_ended": ["A", "B"],
}
FLAGS = ("criteria_to_reside", "learning_disability")
NUMBERS = {"news2": 15, "mobility": 5, "care_package": 5, "haemoglobin": 250, "c_reactive_protein": 600}


def random_hospital(seed: int, stays: int = 24, facts: int = 300) -> Hospital:
    random = np.random.default_rng(seed)
    admitted = START + pd.to_timedelta(random.integers(0, 40 * 24 * 60, stays), unit="min")
    left = (admitted + pd.to_timedelta(random.integers(60, 9 * 24 * 60, stays), unit="min")).to_series()
    left = left.reset_index(drop=True).where(random.random(stays) < 0.85)
    admissions = pd.DataFrame(
        {
            "admission_id": [f"A{number}" for number in random.permutation(stays)],
            "patient_id": [f"P{number}" for number in random.integers(0, 9, stays)],
            "admitted_at": admitted,
            "admission_recorded_at": admitted + pd.to_timedelta(random.integers(0, 600, stays), unit="min"),
            "discharged_at": left,
            "discharge_recorded_at": left + pd.to_timedelta(random.integers(0, 2000, stays), unit="min"),
            "discharge_destination": np.where(left.notna(), random.choice(["19", "54", "79"], stays), None),
            "admission_method": random.choice(["21", "22", "11"], stays),
            "age": random.integers(18, 99, stays),
            "sex": random.choice(["1", "2"], stays),
            "treatment_function": random.choice(["300", "100"], stays),
            "ethnic_category": random.choice(["A", "H", "L", "Z"], stays),
            "deprivation_decile": random.integers(1, 6, stays),
            "usual_residence": random.choice(["HOME", "NURSING_HOME"], stays),
        }
    )
    names = random.choice([*TEXTS, *FLAGS, *NUMBERS], facts)
    stay = random.integers(0, stays, facts)
    happened = admitted[stay] + pd.to_timedelta(random.integers(0, 16, facts) * 12, unit="h")
    void = random.random(facts) < 0.08
    numbers = [random.integers(20 if name == "haemoglobin" else 0, NUMBERS.get(name, 2)) for name in names]
    texts = [random.choice(TEXTS[name]) if name in TEXTS else None for name in names]
    events = pd.DataFrame(
        {
            "admission_id": admissions["admission_id"].to_numpy()[stay],
            "happened_at": happened,
            "recorded_at": happened + pd.to_timedelta(random.integers(0, 40 * 60, facts), unit="min"),
            "name": names,
            "number": np.minimum(numbers, 250.0),
            "text": np.where(void, CANCELLED, texts),
        }
    )
    return check(admissions, events, shipped_facts(), source="test")


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), name=st.sampled_from(sorted(LEVERS)), share=st.sampled_from([0.5, 1.0]))
def test_a_lever_changes_only_what_it_says_in_a_hospital_of_any_records(seed, name, share):
    hospital = random_hospital(seed)
    untouched = replace(hospital, admissions=hospital.admissions.copy(), events=hospital.events.copy())
    try:
        after = pulled(hospital, name, share=share)
    except HomewardError:
        return  # nothing to change in this one
    assert_nothing_else_changed(hospital, after, TOUCHED[name])
    again = check(after.admissions, after.events, after.facts, source="again")
    assert equal(again, after)
    assert again.notes == ()
    assert equal(pulled(hospital, name, share=share), after)
    assert equal(hospital, untouched)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), name=st.sampled_from(sorted(DRIFTS)), hours=st.integers(0, 50 * 24))
def test_a_drift_needs_nothing_of_the_future(seed, name, hours):
    hospital, at = random_hospital(seed), START + pd.Timedelta(hours=hours)
    known, when = as_known(hospital, at), how(hospital, name)
    whole, cut_first = (pulled_if_it_can(each, name, when) for each in (hospital, known))
    assert equal(as_known(cut_first, at), as_known(whole, at))


def pulled_if_it_can(hospital: Hospital, name: str, when: dict[str, pd.Timestamp]) -> Hospital:
    try:
        return pull(hospital, name, **when)
    except HomewardError:
        return hospital


@pytest.fixture(scope="module")
def part(small_hospital: Hospital) -> Hospital:
    """The first thousand patients of the small hospital, by pseudonym."""
    stays, events = small_hospital.admissions, small_hospital.events
    people = stays["patient_id"].drop_duplicates().sort_values().head(1000)
    stays = some(stays, stays["patient_id"].isin(people))
    events = some(events, events["admission_id"].isin(stays["admission_id"]))
    return replace(small_hospital, admissions=stays, events=events)


class TestEveryLever:
    def test_eleven_leaks_five_biases_and_three_drifts_say_what_they_do_and_what_finds_them(self):
        assert [len(kind) for kind in (LEAKS, BIASES, DRIFTS)] == [11, 5, 3]
        assert set(TOUCHED) == set(LEVERS)
        told = [(lever.does, lever.shows) for lever in LEVERS.values()]
        assert all(does.count(". ") == 0 and does.endswith(".") and shows.endswith(".") for does, shows in told)
        assert len(set(told)) == len(LEVERS)

    @pytest.mark.parametrize("name", LEVERS)
    def test_it_changes_something_and_only_what_it_says(self, part, name):
        after = pulled(part, name)
        assert not equal(after, part)
        assert_nothing_else_changed(part, after, TOUCHED[name])

    @pytest.mark.parametrize("name", ["nights_in_a_digit", "news2_under_scored", "missing_feed"])
    def test_another_seed_meets_other_people_and_a_larger_share_the_same_and_more(self, part, name):
        few, more, others = (
            pulled(part, name, share=share, seed=seed) for share, seed in ((0.3, 1), (0.6, 1), (0.3, 2))
        )
        everybody = met(part, pulled(part, name))
        assert met(part, few) < met(part, more) < everybody
        assert 0.1 < len(met(part, few)) / len(everybody) < 0.5
        assert met(part, few) != met(part, others)

    def test_who_is_met_does_not_depend_on_who_else_is_there(self, part):
        cut = as_known(part, part.observed_until - 60 * DAY)
        whole, alone = (pulled(each, "news2_under_scored", share=0.5) for each in (part, cut))
        assert met(part, whole) & set(cut.admissions["patient_id"]) >= met(cut, alone) > set()

    def test_the_notes_say_what_was_planted_and_keep_what_they_said(self, part):
        after = pull(part, "package_of_the_return", seed=3, share=0.5, visits=1)
        assert after.notes[:-1] == part.notes
        assert after.notes[-1].startswith(
            "planted: package_of_the_return, seed 3, share 0.5, visits 1. Who comes"
        )

    def test_what_an_adapter_says_of_its_source_stays_said(self, part):
        mine = replace(part, source="mine", dates="per_patient")
        after = pulled(mine, "last_ward_first")
        assert (after.source, after.dates, after.facts) == ("mine", "per_patient", part.facts)


def met(before: Hospital, after: Hospital) -> set[str]:
    """Return the patients of whom something differs."""
    sums = []
    for hospital in (before, after):
        rows = pd.util.hash_pandas_object(hospital.events.astype({"name": "str"}), index=False)
        sums.append(rows.groupby(hospital.events["admission_id"]).sum())
    one, other = sums[0].align(sums[1], fill_value=0)
    people = before.admissions.set_index("admission_id")["patient_id"]
    return set(people.loc[one.index[(one != other).to_numpy()]])

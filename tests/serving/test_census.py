"""The stay that facts come to: a set of facts, whatever their order."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from serving.census import StayFact, stay_of

BEGAN = datetime(2026, 1, 3, 14, 20, tzinfo=UTC)


def at(hours: float) -> datetime:
    return BEGAN + timedelta(hours=hours)


def admitted(recorded: float, hours: float = 0, **more: object) -> StayFact:
    body = {"patient_id": "P1", "admitted_at": at(hours).isoformat(), "age": 81, **more}
    return StayFact("A1", "admission", at(recorded), body)


def left(recorded: float, hours: float) -> StayFact:
    return StayFact("A1", "discharge", at(recorded), {"discharged_at": at(hours).isoformat()})


def mistake(kind: str, recorded: float) -> StayFact:
    return StayFact("A1", kind, at(recorded), {}, void=True)


FACTS = st.lists(
    st.one_of(
        st.builds(admitted, st.integers(0, 9), st.integers(-3, 3), age=st.integers(18, 20)),
        st.builds(left, st.integers(0, 9), st.integers(-3, 9)),
        st.builds(mistake, st.sampled_from(["admission", "discharge"]), st.integers(0, 9)),
    ),
    max_size=8,
)


@given(FACTS, st.randoms(use_true_random=False))
def test_late_doubled_and_shuffled_facts_come_to_the_same(facts, random):
    shuffled = [*facts, *random.choices(facts, k=3)] if facts else []
    random.shuffle(shuffled)
    assert stay_of(shuffled) == stay_of(facts)


@given(FACTS)
def test_a_stay_can_always_be_put_together(facts):
    row = stay_of(facts)
    if row is not None:
        assert row["admission_recorded_at"] >= row["admitted_at"]
        assert row.get("discharged_at", row["admitted_at"]) >= row["admitted_at"]
        assert row.get("discharge_recorded_at", row["admitted_at"]) >= row.get(
            "discharged_at", row["admitted_at"]
        )


def test_the_last_recorded_is_true():
    row = stay_of([admitted(5, age=82), admitted(1, age=81)])
    assert row["age"] == 82
    assert row["admission_recorded_at"] == at(1)  # when the system first knew


def test_a_discharge_before_its_admission_waits_for_it():
    assert stay_of([left(20, 19)]) is None
    assert stay_of([left(20, 19), admitted(1)])["discharged_at"] == at(19)


def test_a_cancelled_admission_is_no_stay_until_it_is_recorded_again():
    assert stay_of([admitted(1), mistake("admission", 2)]) is None
    assert stay_of([admitted(1), mistake("admission", 2), admitted(3)])["admission_recorded_at"] == at(3)


def test_a_cancelled_discharge_is_no_discharge():
    assert "discharged_at" not in stay_of([admitted(1), left(5, 4), mistake("discharge", 6)])
    again = stay_of([admitted(1), left(5, 4), mistake("discharge", 6), left(9, 8)])
    assert (again["discharged_at"], again["discharge_recorded_at"]) == (at(8), at(9))


def test_a_corrected_discharge_was_known_from_the_first():
    row = stay_of([admitted(1), left(5, 4), left(30, 3)])
    assert (row["discharged_at"], row["discharge_recorded_at"]) == (at(3), at(5))


def test_a_void_of_the_same_instant_comes_after_what_it_takes_back():
    assert stay_of([mistake("admission", 1), admitted(1)]) is None

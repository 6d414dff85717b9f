"""Features at a moment never change when the hospital's future is cut, altered or added to."""

from dataclasses import replace

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from features.columns import CANCELLED
from features.hospital import shipped_facts
from features.scope import out_of_scope
from features.snapshot import as_known, at_moments, snapshot
from features.state import STATE_COLUMNS, hospital_state
from features.table import feature_table
from features.tables import Hospital, check

START = pd.Timestamp("2026-03-20T00:00:00+00:00")
NAMES = (
    "news2",
    "criteria_to_reside",
    "pathway",
    "delay_began",
    "delay_ended",
    "ward",
    "end_of_life",
    "coded_diagnosis",
    "lives_alone",
    "mobility",
)
TEXTS = {
    "pathway": ["P0", "P1", "P2"],
    "delay_began": ["A", "B"],
    "delay_ended": ["A", "B"],
    "ward": ["W1", "W2", "W3"],
    "coded_diagnosis": ["I50.0", "F10.2", "F03", "J44.1", "S72.0", "E11.9", "E11.2"],
}


def random_hospital(seed: int, stays: int = 14, facts: int = 160) -> Hospital:
    """A small hospital with late records, corrections of the same instant and voids."""
    random = np.random.default_rng(seed)
    admitted = START + pd.to_timedelta(random.integers(0, 30 * 24, stays), unit="h")
    left = admitted + pd.to_timedelta(random.integers(1, 12 * 24, stays), unit="h")
    admissions = pd.DataFrame(
        {
            "admission_id": [f"A{number}" for number in range(stays)],
            "patient_id": [f"P{number}" for number in random.integers(0, 5, stays)],
            "admitted_at": admitted,
            "admission_recorded_at": admitted + pd.to_timedelta(random.integers(0, 5, stays), unit="h"),
            "discharged_at": left,
            "discharge_recorded_at": left + pd.to_timedelta(random.integers(0, 30, stays), unit="h"),
            "discharge_method": random.choice(["1", "4"], stays),
            "discharge_destination": random.choice(["19", "79"], stays),
            "admission_method": random.choice(["21", "11"], stays),
            "age": random.integers(10, 99, stays),
            "sex": random.choice(["1", "2"], stays),
        }
    )
    stay = random.integers(0, stays, facts)
    names = random.choice(NAMES, facts)
    happened = admitted[stay] + pd.to_timedelta(random.integers(0, 8, facts) * 12, unit="h")
    texts = [random.choice(TEXTS[name]) if name in TEXTS else None for name in names]
    voids = random.random(facts) < 0.1
    events = pd.DataFrame(
        {
            "admission_id": admissions["admission_id"].to_numpy()[stay],
            "happened_at": happened,
            "recorded_at": happened + pd.to_timedelta(random.integers(0, 40, facts), unit="h"),
            "name": names,
            "number": np.where(names == "news2", random.integers(0, 15, facts), random.integers(0, 2, facts)),
            "text": np.where(voids, CANCELLED, texts),
        }
    )
    return check(admissions, events, shipped_facts(), source="test")


def altered_after(hospital: Hospital, at: pd.Timestamp, seed: int) -> Hospital:
    """The same hospital with another future: other values, other discharges, more rows."""
    random = np.random.default_rng(seed)
    events = hospital.events
    future = events["recorded_at"] > at
    shuffled = events["number"].where(
        ~future, pd.Series(random.integers(0, 2, len(events)), index=events.index)
    )
    extra = events.sample(20, random_state=seed, replace=True).assign(recorded_at=at + pd.Timedelta(minutes=1))
    admissions = hospital.admissions
    later = admissions["discharge_recorded_at"] > at
    push = pd.Timedelta(hours=int(random.integers(1, 400)))
    return replace(
        hospital,
        events=pd.concat([events.assign(number=shuffled), extra], ignore_index=True).sample(
            frac=1, random_state=seed
        ),
        admissions=admissions.assign(
            discharged_at=admissions["discharged_at"].mask(later, admissions["discharged_at"] + push),
            discharge_recorded_at=admissions["discharge_recorded_at"].mask(
                later, admissions["discharge_recorded_at"] + push
            ),
            discharge_method=admissions["discharge_method"].mask(later, "2"),
        ),
    )


def features_at(hospital: Hospital, at: pd.Timestamp) -> pd.DataFrame:
    inpatients = snapshot(hospital, at).sort_index()
    table = feature_table(inpatients, hospital, at)
    codes = {name: table[name].astype("str") for name in table if table[name].dtype == "category"}
    return table.assign(**codes, scope=out_of_scope(inpatients, hospital).astype("str"))


moments = st.integers(0, 45 * 24).map(
    lambda hours: (START + pd.Timedelta(hours=hours)).tz_convert("Europe/London")
)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), at=moments)
def test_cutting_the_future_never_changes_a_feature(seed: int, at: pd.Timestamp) -> None:
    hospital = random_hospital(seed)
    assert_frame_equal(features_at(hospital, at), features_at(as_known(hospital, at), at))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), at=moments)
def test_changing_the_future_never_changes_a_snapshot(seed: int, at: pd.Timestamp) -> None:
    hospital = random_hospital(seed)
    assert_frame_equal(features_at(hospital, at), features_at(altered_after(hospital, at, seed), at))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_many_moments_at_once_give_what_each_gives_alone(seed: int) -> None:
    hospital = random_hospital(seed)
    instants = [
        (START + pd.Timedelta(days=days, hours=8)).tz_convert("Europe/London") for days in (3, 9, 15, 25)
    ]
    snapshots = [snapshot(hospital, at) for at in instants]
    together = pd.concat([inpatients[["admission_id", "at"]] for inpatients in snapshots], ignore_index=True)
    rows = at_moments(hospital, together)
    whole = feature_table(rows, hospital, rows["at"])
    parts = [
        feature_table(inpatients, hospital, at) for inpatients, at in zip(snapshots, instants, strict=True)
    ]
    numbers = whole.select_dtypes("float").columns
    assert_frame_equal(whole[numbers], pd.concat(parts, ignore_index=True)[numbers])


def known_the_slow_way(hospital: Hospital, admission: str, name: str, at: pd.Timestamp) -> object:
    rows = hospital.events
    rows = rows[(rows["admission_id"] == admission) & (rows["name"] == name) & (rows["recorded_at"] <= at)]
    standing = {}
    for row in rows.sort_values(["recorded_at", "happened_at", "number", "text"]).itertuples():
        if row.text == CANCELLED:
            standing.pop(row.happened_at, None)
        else:
            standing[row.happened_at] = row.text if name in TEXTS else row.number
    return standing[max(standing)] if standing else None


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), at=moments)
def test_the_value_is_the_last_recorded_of_the_last_that_happened(seed: int, at: pd.Timestamp) -> None:
    hospital = random_hospital(seed)
    table = feature_table(snapshot(hospital, at), hospital, at)
    ties = hospital.events.duplicated(["admission_id", "name", "happened_at", "recorded_at"], keep=False)
    unclear = set(hospital.events.loc[ties, "admission_id"])
    for admission in table.index.difference(sorted(unclear)):
        for name in ("news2", "criteria_to_reside", "pathway", "ward"):
            value, expected = table.loc[admission, name], known_the_slow_way(hospital, admission, name, at)
            assert (pd.isna(value) and expected is None) or value == expected


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), at=moments)
def test_what_is_carried_is_what_the_last_earlier_stay_that_knew_it_said_at_its_end(
    seed: int, at: pd.Timestamp
) -> None:
    hospital = random_hospital(seed)
    inpatients = snapshot(hospital, at)
    table = feature_table(inpatients, hospital, at)
    ties = hospital.events.duplicated(["admission_id", "name", "happened_at", "recorded_at"], keep=False)
    unclear = set(hospital.events.loc[ties, "admission_id"])
    stays = hospital.admissions
    for admission, person in inpatients["patient_id"].items():
        own = stays[(stays["patient_id"] == person) & (stays["discharge_recorded_at"] < at)]
        earlier = own.sort_values(["discharge_recorded_at", "admitted_at"])
        if unclear & set(earlier["admission_id"]):
            continue
        values = [
            known_the_slow_way(hospital, stay.admission_id, "mobility", stay.discharge_recorded_at)
            for stay in earlier.itertuples()
        ]
        told = [value for value in values if value is not None]
        value = table.loc[admission, "mobility_before"]
        assert (pd.isna(value) and not told) or value == told[-1]


def counted_on_the_list(hospital: Hospital, at: pd.Timestamp) -> pd.DataFrame:
    """The state the slow way: the snapshot's own rows, counted by ward."""
    inpatients = snapshot(hospital, at)
    table = feature_table(inpatients, hospital, at)
    claims = pd.DataFrame(
        {
            "inpatients": True,
            "ready": table["criteria_to_reside"] == 0,
            "delayed": table["delay_began"].notna(),
            "long_stays": table["hours_so_far"] >= 21 * 24,
        },
        index=table.index,
    )
    return claims.groupby(table["ward"].astype("str").fillna("")).sum()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), at=moments)
def test_the_state_is_the_snapshot_counted(seed: int, at: pd.Timestamp) -> None:
    hospital = random_hospital(seed)
    state = hospital_state(hospital, at).set_index("ward")
    expected = counted_on_the_list(hospital, at).reindex(state.index.astype("str"), fill_value=0)
    known = state.index != ""
    for name in expected:
        assert (state[f"site_{name}"] == expected[name].sum()).all()
        assert state.loc[known, f"ward_{name}"].tolist() == expected.loc[known, name].tolist()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), at=moments, minutes=st.integers(0, 59))
def test_cutting_the_future_never_changes_the_state_of_anybodys_ward(
    seed: int, at: pd.Timestamp, minutes: int
) -> None:
    at += pd.Timedelta(minutes=minutes)
    whole = random_hospital(seed)
    cut = as_known(whole, at)
    inpatients = snapshot(cut, at)
    of_whole, of_cut = (feature_table(inpatients, cut, at, hospital_state(one, at)) for one in (whole, cut))
    assert_frame_equal(of_whole[list(STATE_COLUMNS)], of_cut[list(STATE_COLUMNS)])


def halves(hospital: Hospital) -> list[Hospital]:
    people = sorted(hospital.admissions["patient_id"].unique())
    parts = []
    for own in (people[::2], people[1::2]):
        admissions = hospital.admissions[hospital.admissions["patient_id"].isin(own)]
        events = hospital.events[hospital.events["admission_id"].isin(admissions["admission_id"])]
        parts.append(replace(hospital, admissions=admissions, events=events))
    return parts


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_partition_by_patient_with_the_state_of_the_whole_gives_the_same_bits(seed: int) -> None:
    hospital = random_hospital(seed)
    later = hospital.admissions["admitted_at"] + pd.Timedelta(minutes=4321)
    asked = hospital.admissions[["admission_id"]].assign(at=later)
    state = hospital_state(hospital, asked["at"])

    def table_of(part: Hospital) -> pd.DataFrame:
        rows = at_moments(part, asked[asked["admission_id"].isin(part.admissions["admission_id"])])
        table = feature_table(rows, part, rows["at"], state)
        return table.astype({name: "str" for name in table if table[name].dtype == "category"})

    together = pd.concat([table_of(part) for part in halves(hospital)]).sort_index()
    assert_frame_equal(together, table_of(hospital), check_exact=True)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), at=moments)
def test_the_order_of_the_tables_never_changes_a_feature(seed: int, at: pd.Timestamp) -> None:
    hospital = random_hospital(seed)
    shuffled = replace(
        hospital,
        admissions=hospital.admissions.sample(frac=1, random_state=seed),
        events=hospital.events.sample(frac=1, random_state=seed),
    )
    assert_frame_equal(features_at(hospital, at), features_at(shuffled, at))

"""Planted leaks tell the future, planted biases meet one group, and drifts begin at their moment."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from features.columns import CANCELLED
from features.errors import HomewardError
from features.hospital import shipped_facts
from features.snapshot import as_known, at_moments
from features.sources.simulation.levers import LEAKS, pull
from features.table import feature_table
from features.tables import Hospital, check

DAY = pd.Timedelta(days=1)
FROM = pd.Timestamp("2026-06-01 15:00", tz="Europe/London")  # when some who leave that day are still in


@pytest.fixture(scope="module")
def part(small_hospital: Hospital) -> Hospital:
    """The first thousand patients of the small hospital, by pseudonym."""
    stays, events = small_hospital.admissions, small_hospital.events
    people = stays["patient_id"].drop_duplicates().sort_values().head(1000)
    stays = stays[stays["patient_id"].isin(people)].reset_index(drop=True)
    events = events[events["admission_id"].isin(stays["admission_id"])].reset_index(drop=True)
    return replace(small_hospital, admissions=stays, events=events)


def equal(one: Hospital, other: Hospital) -> bool:
    return one.admissions.equals(other.admissions) and one.events.equals(other.events)


def named(hospital: Hospital, name: str) -> pd.DataFrame:
    return hospital.events[hospital.events["name"] == name]


def outcomes(hospital: Hospital) -> pd.DataFrame:
    """What became of each stay that has ended, 1 or 0, by admission."""
    stays = hospital.admissions.set_index("admission_id").dropna(subset="discharged_at")
    came, left = (stays[name].dt.tz_localize(None).dt.normalize() for name in ("admitted_at", "discharged_at"))
    nights = (left - came).dt.days
    following = stays.sort_values("admitted_at").groupby("patient_id")["admitted_at"].shift(-1)
    return pd.DataFrame(
        {
            "no night": nights == 0,
            "gone in two nights": nights <= 2,
            "a week": nights >= 7,
            "three weeks": nights >= 21,
            "to a care home": stays["discharge_destination"].isin(["54", "65", "85"]),
            "back in 30 days": following - stays["discharged_at"] < 30 * DAY,
        }
    ).astype("float64")


def features_after(hospital: Hospital, hours: int) -> pd.DataFrame:
    """The features of everybody still in a bed some hours after admission, by admission."""
    stays, wait = hospital.admissions, pd.Timedelta(hours=hours)
    stays = stays[~(stays["discharged_at"] <= stays["admitted_at"] + wait)]
    at = np.maximum(stays["admission_recorded_at"], stays["admitted_at"] + wait)
    rows = at_moments(hospital, pd.DataFrame({"admission_id": stays["admission_id"], "at": at}))
    return feature_table(rows, hospital, rows["at"]).set_axis(rows["admission_id"])


def telling(feature: pd.Series, outcome: pd.Series) -> float:
    """How well one feature tells an outcome (AUROC), a code by the rate among those who have it."""
    happened = outcome.reindex(feature.index).dropna()
    values = feature[happened.index].dropna()
    happened = happened[values.index]
    if values.dtype == "category":
        values = happened.groupby(values.astype("str")).transform("mean")
    area = float(roc_auc_score(happened, values))
    return max(area, 1 - area)


# lever, feature, hours after admission, the outcome it comes to tell, and by how much better at least (AUROC)
TELLS = [
    ("worst_news2_first", "news2", 1, "a week", 0.04),
    ("codes_at_admission", "frailty_risk_score", 1, "a week", 0.04),
    ("final_specialty_first", "treatment_function", 1, "a week", 0.04),
    ("admission_method_corrected", "admission_method", 1, "no night", 0.15),
    ("residence_after_discharge", "usual_residence", 1, "to a care home", 0.1),
    ("criteria_back_filled", "criteria_to_reside", 24, "gone in two nights", 0.1),
    ("delay_back_dated", "delay_began_hours", 1, "three weeks", 0.05),
    ("last_ward_first", "ward", 1, "a week", 0.04),
    ("nights_in_a_digit", "haemoglobin", 6, "a week", 0.2),
    ("package_of_the_return", "care_package", 24, "back in 30 days", 0.2),
]
# lever, event, what was written on 6, 7, 8 and 9 January, what is after it; the stay is of 5 to 9 January
WRITTEN = [
    ("worst_news2_first", "news2", ["3", "7", "5", "4"], ["7", "7", "5", "4"]),
    ("last_ward_first", "ward", ["W1", "W2", "W2", "W3"], ["W3", "W2", "W2", "W3"]),
    ("nights_in_a_digit", "haemoglobin", ["131", "128", "118", "120"], ["134", "128", "118", "120"]),
    ("criteria_back_filled", "criteria_to_reside", ["1", "1", "1", "1"], ["1", "1", "0", "0"]),
    ("planned_date_overwritten", "planned_discharge_on", ["2026-01-07", "2026-01-12"], ["2026-01-09"] * 2),
]
NUMBERED = ("news2", "haemoglobin", "criteria_to_reside")
READ_AS = {"haemoglobin": lambda values: values % 10, "frailty_risk_score": lambda points: points.fillna(0)}


class TestLeaks:
    @pytest.mark.parametrize("name", LEAKS)
    def test_a_hospital_cut_after_the_lever_knows_what_one_cut_before_it_cannot(self, part, name):
        def differs(at: pd.Timestamp) -> bool:
            fair = as_known(pull(as_known(part, at), name), at)
            return not equal(as_known(pull(part, name), at), fair)

        assert any(differs(FROM + days * DAY) for days in range(0, 120, 15))

    @pytest.mark.parametrize(("name", "event", "before", "after"), WRITTEN)
    def test_what_is_written_of_a_stay_is_what_came_later(self, stays, events, name, event, before, after):
        rows = [
            {"name": event, "number": value, "text": value, "happened_at": f"2026-01-{6 + day:02d}T09:00+00:00"}
            for day, value in enumerate(before)
        ]
        for row in rows:
            row["recorded_at"] = row["happened_at"]
            row["text" if row["name"] in NUMBERED else "number"] = ""
        leaky = pull(check(stays(), events(*rows), shipped_facts(), source="test"), name).events
        found = leaky["number"].map("{:g}".format) if event in NUMBERED else leaky["text"]
        assert found.tolist() == after

    @pytest.mark.parametrize(("name", "feature", "hours", "outcome", "more"), TELLS)
    def test_a_feature_tells_an_outcome_that_it_did_not(
        self, small_hospital, name, feature, hours, outcome, more
    ):
        happened = outcomes(small_hospital)[outcome]
        plain, leaky = (
            telling(READ_AS.get(feature, pd.Series)(features_after(hospital, hours)[feature]), happened)
            for hospital in (small_hospital, pull(small_hospital, name))
        )
        print(f"{name}: {feature} at {hours} h tells {outcome} with AUROC {plain:.3f}, then {leaky:.3f}")
        assert leaky > plain + more

    def test_the_digit_hides_from_a_look_at_the_feature_itself(self, small_hospital):
        values = features_after(pull(small_hospital, "nights_in_a_digit"), 6)["haemoglobin"]
        assert telling(values, outcomes(small_hospital)["a week"]) < 0.6

    def test_every_planned_date_comes_true(self, small_hospital):
        left_on = small_hospital.admissions.set_index("admission_id")["discharged_at"].dt.strftime("%Y-%m-%d")
        right = []
        for hospital in (small_hospital, pull(small_hospital, "planned_date_overwritten")):
            planned = named(hospital, "planned_discharge_on")
            day = planned["admission_id"].map(left_on)
            right.append((planned["text"] == day)[day.notna()].mean())
        assert right[0] < 0.7
        assert right[1] == 1

    def test_back_dated_codes_of_a_stay_do_not_correct_one_another(self, part):
        codes = named(pull(part, "codes_at_admission"), "coded_diagnosis")
        assert not codes.duplicated(["admission_id", "happened_at"]).any()

    def test_the_future_of_a_stay_that_has_not_ended_is_not_made_up(self, stays, events):
        planned = events({"name": "planned_discharge_on", "number": "", "text": "2026-01-12"})
        here = check(stays({"discharged_at": ""}), planned, shipped_facts(), source="test")
        for name in ("planned_date_overwritten", "admission_method_corrected", "criteria_back_filled"):
            with pytest.raises(HomewardError, match=f"{name} found nothing to change"):
                pull(here, name)


class TestBiases:
    def test_the_groups_news2_is_two_points_lower_and_never_below_none(self, part):
        after = pull(part, "news2_under_scored")
        group = part.admissions["ethnic_category"].isin(["H", "J", "K", "L"])
        rows = named(part, "news2")
        rows = rows[rows["admission_id"].isin(part.admissions.loc[group, "admission_id"])]
        rows = rows[rows["text"] != CANCELLED]
        assert len(rows) > 50
        assert after.events.loc[rows.index, "number"].equals((rows["number"] - 2).clip(lower=0))

    @pytest.mark.parametrize(
        ("residence", "days", "expected"),
        [("NURSING_HOME", 2, "11101110"), ("NURSING_HOME", 1, "11001100"), ("HOME", 2, None)],
    )
    def test_who_lives_in_a_care_home_is_recorded_as_ready_days_late(
        self, stays, events, residence, days, expected
    ):
        daily = [
            {"name": "criteria_to_reside", "number": meets, "happened_at": f"2026-01-{5 + day:02d}T10:00+00:00"}
            for day, meets in enumerate("10001000")
        ]
        daily = [{**row, "recorded_at": row["happened_at"]} for row in daily]
        hospital = check(
            stays({"usual_residence": residence, "admitted_at": "2026-01-05T09:00+00:00"}),
            events(*daily),
            shipped_facts(),
            source="test",
        )
        if expected is None:
            with pytest.raises(HomewardError, match="found nothing to change"):
                pull(hospital, "ready_recorded_late", days=days)
            return
        after = pull(hospital, "ready_recorded_late", days=days)
        assert "".join(f"{number:g}" for number in after.events["number"]) == expected

    def test_an_entry_that_was_corrected_is_no_beginning_of_being_ready(self, stays, events):
        days = ((6, 7, "0"), (6, 9, "1"), (7, 7, "0"), (8, 7, "0"))  # day, recorded at, met
        rows = [
            {
                "name": "criteria_to_reside",
                "number": met,
                "happened_at": f"2026-01-{day:02d}T07:00+00:00",
                "recorded_at": f"2026-01-{day:02d}T{hour:02d}:00+00:00",
            }
            for day, hour, met in days
        ]
        resident = check(
            stays({"usual_residence": "NURSING_HOME"}), events(*rows), shipped_facts(), source="test"
        )
        after = pull(resident, "ready_recorded_late", days=1)
        assert after.events["number"].tolist() == [0, 1, 1, 0]

    def test_poor_people_seem_to_come_back_less_and_nobody_else_does(self, small_hospital):
        rates = []
        for hospital in (small_hospital, pull(small_hospital, "returns_missing")):
            poor = hospital.admissions.set_index("admission_id")["deprivation_decile"] <= 2
            back = outcomes(hospital)["back in 30 days"]
            rates.append(back.groupby(poor.reindex(back.index)).mean())
        assert rates[1][False] == rates[0][False]
        assert rates[1][True] < 0.8 * rates[0][True]

    def test_with_a_learning_disability_neither_readiness_nor_a_plan_is_written(self, part):
        after = pull(part, "readiness_unrecorded")
        flagged = named(part, "learning_disability")["admission_id"]
        left = after.events[after.events["admission_id"].isin(flagged)]
        assert len(left) > 0
        assert not left["name"].isin(["criteria_to_reside", "planned_discharge_on"]).any()

    @pytest.mark.parametrize(
        ("event", "by", "sex"), [("mobility", 1, "1"), ("urea", -6, "2"), ("news2", 50, "1")]
    )
    def test_a_shifted_number_never_leaves_its_range(self, part, event, by, sex):
        after = pull(part, "numbers_shifted", event=event, by=by, sex=sex)
        known, numbers = part.facts.events[event], named(after, event)["number"].dropna()
        assert len(numbers) == named(part, event)["number"].notna().sum()
        assert numbers.between(known.low, known.high).all()


class TestDrifts:
    def test_the_unit_changes_at_the_moment_and_no_check_of_values_sees_it(self, part):
        after = pull(part, "unit_change", from_=FROM)
        rows = named(part, "c_reactive_protein").dropna(subset="number")
        ratio = after.events.loc[rows.index, "number"] / rows["number"]
        later = rows["recorded_at"] >= FROM
        assert ratio[~later].eq(1).all()
        assert ratio[later].to_numpy() == pytest.approx(0.1)
        assert len(after.notes) == len(part.notes) + 1

    def test_values_that_another_unit_takes_out_of_range_are_set_aside_and_counted(self, part):
        after = pull(part, "unit_change", from_=FROM, event="haemoglobin", factor=0.1)
        lost = len(part.events) - len(after.events)
        assert lost > 100
        assert after.notes[-1] == f"haemoglobin: {lost:,} values outside 20 to 250 set aside"

    def test_codes_wait_for_the_end_of_the_freeze_and_none_is_lost(self, part):
        thaw = FROM + pd.Timedelta(weeks=6)
        before = named(part, "coded_diagnosis")["recorded_at"]
        after = named(pull(part, "coding_freeze", from_=FROM, weeks=6), "coded_diagnosis")["recorded_at"]
        frozen = (before >= FROM) & (before < thaw)
        assert frozen.sum() > 100
        assert (after[frozen] == thaw).all()
        assert after[~frozen].equals(before[~frozen])

    def test_a_missing_feed_is_silent_for_its_days_and_then_back(self, part):
        after = pull(part, "missing_feed", from_=FROM, event="mobility", days=10)
        before, left = (named(each, "mobility")["recorded_at"] for each in (part, after))
        silent = (before >= FROM) & (before < FROM + 10 * DAY)
        assert silent.sum() > 50
        assert left.tolist() == before[~silent].tolist()

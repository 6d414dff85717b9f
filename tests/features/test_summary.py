"""A hospital's figures are what a person would count by hand, and their intervals those of a bootstrap."""

import numpy as np
import pandas as pd
import pytest

from features.hospital import shipped_facts
from features.sources.simulation import simulate
from features.sources.simulation.coded import coded_frailty, main_diagnoses
from features.sources.simulation.estimate import People
from features.sources.simulation.occupancy import counted_days, in_use
from features.sources.simulation.summary import (
    measured,
    planned_dates,
    planned_days_late,
    ready_at,
    ready_runs,
    summary,
    with_kinds,
)
from features.tables import Hospital, check

EMPTY = {"number": "", "text": ""}


@pytest.fixture
def hospital(stays, events):
    """Return a function that makes a hospital of stays and events, each given by what differs."""

    def made(rows, happenings=()) -> Hospital:
        table = events(*happenings) if happenings else None
        return check(stays(*rows), table, shipped_facts(), source="by hand")

    return made


def stay(name, came, left, patient="P1", **rest):
    return {"admission_id": name, "patient_id": patient, "admitted_at": came, "discharged_at": left, **rest}


def event(of, at, name, recorded=None, **rest):
    known = {"happened_at": at, "recorded_at": recorded or at}
    return {"admission_id": of, "name": name, **known, **EMPTY, **rest}


def day(on, hour="10:00"):
    return f"{on}T{hour}:00+00:00"


# One stay long before, so that the beds have filled by the day that is counted.
LONG_AGO = stay("A0", day("2025-10-01"), day("2025-10-02"), "P0")


class TestIntervals:
    def test_they_are_those_of_drawing_patients_again(self):
        """The stays of one person hang together; the interval must know it."""
        random = np.random.default_rng(1)
        patients = pd.Series(np.repeat(np.arange(300), random.integers(1, 8, 300)).astype(str))
        each = random.normal(size=300)[patients.astype(int)]
        values, weights = each + random.normal(size=len(each)) / 3 + 2, random.random(len(each))
        drawn = []
        rows = patients.groupby(patients).indices
        for _ in range(600):
            chosen = np.concatenate([rows[str(who)] for who in random.integers(0, 300, 300)])
            drawn.append((values * weights)[chosen].sum() / weights[chosen].sum())
        low, high = People(patients).ratio(values * weights, weights).interval
        assert low == pytest.approx(np.quantile(drawn, 0.025), abs=0.025)
        assert high == pytest.approx(np.quantile(drawn, 0.975), abs=0.025)
        alone = People(pd.Series(np.arange(len(values)).astype(str))).ratio(values * weights, weights).interval
        assert high - low > 1.5 * (alone[1] - alone[0])

    def test_a_gap_of_means_has_the_interval_of_both(self):
        random = np.random.default_rng(2)
        people = People(pd.Series(np.arange(4000).astype(str)))
        one = np.arange(4000) < 2000
        gap = people.mean_gap(random.normal(size=4000) + one, one, ~one)
        assert gap.interval[1] - gap.value == pytest.approx(1.96 * np.sqrt(2 / 2000), rel=0.05)

    def test_a_quantile_has_the_values_of_its_neighbours_for_interval(self):
        random = np.random.default_rng(3)
        values = random.exponential(size=2000)
        found = People(pd.Series(np.arange(2000).astype(str))).quantile(values, np.ones(2000, bool), 0.5)
        assert found.interval[0] < np.log(2) < found.interval[1]
        assert found.interval[1] - found.interval[0] == pytest.approx(2 * 1.96 / np.sqrt(2000), rel=0.3)

    def test_nothing_to_count_is_nan_without_an_interval(self):
        people, nobody = People(pd.Series(["a", "b"])), np.zeros(2, bool)
        for found in (people.mean(np.ones(2), nobody), people.quantile(np.ones(2), nobody, 0.5)):
            assert np.isnan(found.value)
            assert found.interval is None


class TestWhoIsReady:
    ONE = stay("A1", day("2026-01-05"), day("2026-01-09", "16:00"))

    def test_the_last_unbroken_run_counts_and_corrections_and_voids_are_heeded(self, hospital):
        made = hospital(
            [self.ONE],
            [
                event("A1", day("2026-01-06"), "criteria_to_reside", number="0"),
                event("A1", day("2026-01-07"), "criteria_to_reside", number="0"),
                event("A1", day("2026-01-07"), "criteria_to_reside", day("2026-01-07", "12:00"), number="1"),
                event("A1", day("2026-01-08"), "criteria_to_reside", number="0"),
                event("A1", day("2026-01-08", "11:00"), "criteria_to_reside", number="1"),
                event(
                    "A1", day("2026-01-08", "11:00"), "criteria_to_reside", day("2026-01-09"), text="cancelled"
                ),
            ],
        )
        assert ready_at(made.events)["A1"] == pd.Timestamp(day("2026-01-08"))
        runs = ready_runs(made)
        assert [(one.since.day, one.until.day) for one in runs.itertuples()] == [(6, 7), (8, 9)]

    def test_somebody_ready_for_two_midnights_holds_a_bed_on_both(self, hospital):
        usual = stay("A2", day("2025-10-20"), "", "P2", admission_recorded_at=day("2025-10-20"))
        made = hospital(
            [LONG_AGO, usual, self.ONE],
            [
                event("A2", day("2025-10-20"), "bed", text="W-1"),
                event("A1", day("2026-01-05"), "bed", text="surge"),
                event("A1", day("2026-01-07"), "criteria_to_reside", number="0"),
            ],
        )
        figures, days = summary(made), len(counted_days(made))
        assert figures["beds"] == 1
        assert figures["beds_in_use_mean"] == pytest.approx((4 + days) / days)
        assert figures["occupancy"] == pytest.approx((4 + days) / days)
        assert figures["ready_and_here_of_beds"] == pytest.approx(2 / days)
        assert figures["ready_not_discharged"] == pytest.approx(2 / 3)
        assert figures["delayed"] == pytest.approx(1 / 2)
        assert figures["delay_mean"] == 2

    def test_beds_are_counted_at_local_midnight(self, hospital):
        made = hospital([LONG_AGO, stay("A1", day("2026-01-05", "23:30"), day("2026-01-06", "00:30"))])
        assert in_use(made).loc["2026-01-05"] == 1
        assert in_use(made).sum() == 1


class TestWhoComesBack:
    END = stay("A9", day("2026-06-01"), "", "P9")

    def test_days_0_to_29_after_a_live_discharge_home_count(self, hospital):
        rows = [self.END]
        for number, back_on in enumerate(("2026-01-09", "2026-01-11", "2026-02-07", "2026-02-08")):
            who = f"P{number}"
            rows += [
                stay(f"A{number}", day("2026-01-05"), day("2026-01-09"), who, discharge_destination="19"),
                stay(f"B{number}", day(back_on, "18:00"), "", who),
            ]
        figures = summary(hospital(rows))
        assert figures["readmitted_after_emergency"] == pytest.approx(3 / 4)
        assert figures["readmitted_within_48_hours_of_those"] == pytest.approx(1 / 3)

    @pytest.mark.parametrize(
        "ended", [{"discharge_method": "4"}, {"discharge_destination": "51", "discharge_method": "1"}]
    )
    def test_deaths_and_transfers_are_no_discharges_to_come_back_from(self, hospital, ended):
        rows = [
            stay("A1", day("2026-01-05"), day("2026-01-09"), **ended),
            stay("A2", day("2026-01-05"), day("2026-01-09"), "P2", discharge_method="1"),
            stay("A3", day("2026-01-12"), day("2026-06-01"), "P2", admission_method="11"),
        ]
        assert summary(hospital(rows))["readmitted_after_emergency"] == 0

    def test_another_site_and_the_same_illness_are_of_those_who_came_back(self, hospital):
        rows = [stay("A9", day("2026-06-01"), "", "P9", site="S1")]
        codes = []
        for who, site, code in (("P1", "S1", "J18.9"), ("P2", "S2", "J44.1"), ("P3", "S2", "I50.0")):
            rows += [
                stay(f"A{who}", day("2026-01-05"), day("2026-01-09"), who, site="S1"),
                stay(f"B{who}", day("2026-01-12"), day("2026-01-14"), who, site=site),
            ]
            first = {"number": "1", "text": "J18.1"}
            codes += [event(f"A{who}", day("2026-01-20"), "coded_diagnosis", **first)]
            codes += [event(f"B{who}", day("2026-01-20"), "coded_diagnosis", **{**first, "text": code})]
        figures = summary(hospital(rows, codes))
        assert figures["readmitted_elsewhere_of_those"] == pytest.approx(2 / 3)
        assert figures["readmitted_same_category_of_those"] == pytest.approx(1 / 3)
        assert figures["readmitted_same_chapter_of_those"] == pytest.approx(2 / 3)


class TestCodes:
    def test_the_frailty_score_looks_back_two_years_over_emergencies_and_counts_a_category_once(self, hospital):
        rows = [
            stay("A1", day("2023-01-05"), day("2023-01-09"), age="80"),
            stay("A2", day("2025-01-05"), day("2025-01-09"), age="82"),
            stay("A3", day("2025-02-05"), day("2025-02-09"), age="82", admission_method="11"),
            stay("A4", day("2026-01-05"), day("2026-01-09"), age="83"),
            stay("A5", day("2026-01-05"), day("2026-01-09"), "P2", age="74"),
            stay("A6", day("2026-01-05"), day("2026-01-09"), "P3", age="90"),
        ]
        said = (
            ("A1", "G30.9"),
            ("A2", "F00.1"),
            ("A2", "W19X"),
            ("A3", "R29.6"),
            ("A4", "F00.9"),
            ("A5", "F00.9"),
        )
        codes = [event(of, day("2026-02-01"), "coded_diagnosis", number="1", text=code) for of, code in said]
        made = hospital(rows, codes)
        tenths = dict(zip(made.admissions["admission_id"], coded_frailty(made), strict=True))
        assert tenths["A4"] == 71 + 32  # dementia once, the fall a year before; not what is older or planned
        assert tenths["A2"] == 71 + 32 + 40
        assert np.isnan([tenths["A3"], tenths["A5"], tenths["A6"]]).all()  # planned, too young, not coded

    @pytest.mark.parametrize(
        ("code", "chapter"),
        [("D48.9", "C00"), ("D50.0", "D50"), ("H59.0", "H00"), ("H60.0", "H60"), ("T81", "S00")],
    )
    def test_chapters_begin_where_icd_10_says(self, hospital, code, chapter):
        coded = event("A1", day("2026-02-01"), "coded_diagnosis", number="1", text=code)
        assert main_diagnoses(hospital([{}], [coded]))["chapter"].tolist() == [chapter]


class TestPlans:
    def test_the_date_that_stood_before_the_day_of_leaving_is_compared(self, hospital):
        made = hospital(
            [stay("A1", day("2026-01-05"), day("2026-01-09"))],
            [
                event("A1", day("2026-01-06"), "planned_discharge_on", text="2026-01-08"),
                event("A1", day("2026-01-08"), "planned_discharge_on", text="2026-01-10"),
                event("A1", day("2026-01-09", "08:00"), "planned_discharge_on", text="2026-01-09"),
            ],
        )
        stays = with_kinds(made)
        assert planned_days_late(stays, planned_dates(made, stays)).tolist() == [-1]
        figures = summary(made)
        assert (figures["left_before_planned_day"], figures["left_on_planned_day"]) == (1, 0)
        assert (figures["plans_a_stay"], figures["planned_within_48_hours"]) == (3, 1)


class TestPoorSources:
    @pytest.mark.parametrize("admissions", [20, 100])
    def test_a_hospital_of_a_few_stays_has_figures_or_nan_and_no_fault(self, admissions):
        found = measured(simulate(admissions, days=40))
        assert all(isinstance(estimate.value, float) for estimate in found.values())

    def test_what_is_not_recorded_is_nan(self, hospital):
        figures = summary(hospital([LONG_AGO, {}]))
        wanting = [
            "delayed",
            "delay_median",
            "pathway_P0",
            "beds",
            "occupancy",
            "christmas_dip",
            "codes_a_stay",
        ]
        wanting += ["ready_and_here_of_beds", "planned_within_48_hours", "ethnicity_unknown"]
        assert all(np.isnan(figures[name]) for name in wanting)
        assert figures["overnight_emergency_mean"] == pytest.approx(2.5)

    def test_the_summary_says_what_the_measures_say(self):
        made = simulate(200, days=90)
        values = {name: estimate.value for name, estimate in measured(made).items()}
        pd.testing.assert_series_equal(pd.Series(summary(made)), pd.Series(values))

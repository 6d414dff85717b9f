"""The calendar of each nation; run as a script, this file writes `features/bank_holidays.csv` anew."""

from pathlib import Path

import holidays
import pandas as pd
import pytest

from features.working_days import calendar

TABLE = Path(__file__).parents[2] / "features" / "bank_holidays.csv"
NATIONS = ["ENG", "WLS", "SCT", "NIR"]
YEARS = range(2000, 2036)


def published(nation: str) -> dict:
    """Return the name of each bank holiday of a nation by its date, as the `holidays` package knows them."""
    return dict(sorted(holidays.country_holidays("GB", subdiv=nation, years=YEARS, language="en_GB").items()))


def generated() -> str:
    rows = [(nation, on, name) for nation in NATIONS for on, name in published(nation).items()]
    return pd.DataFrame(rows, columns=["nation", "on", "name"]).to_csv(index=False, lineterminator="\n")


def day(on: str, nation: str) -> pd.Series:
    return calendar(pd.DatetimeIndex([on]), nation).iloc[0]


def test_the_table_is_what_the_holidays_package_generates():
    assert TABLE.read_bytes().decode() == generated(), f"to write it anew: python {Path(__file__).name}"


@pytest.mark.parametrize("nation", NATIONS)
def test_every_day_of_every_covered_year_agrees_with_the_holidays_package(nation):
    days = pd.date_range("2000-01-01", "2035-12-31")
    found = calendar(days, nation)
    is_holiday = days.isin(pd.to_datetime(list(published(nation))))
    assert (found["bank_holiday"] == is_holiday).all()
    assert (found["weekday"] == days.day_of_week).all()
    assert (found["working_day"] == ((days.day_of_week < 5) & ~is_holiday)).all()


@pytest.mark.parametrize(
    ("on", "nations"),
    [
        ("2026-04-03", {"ENG", "WLS", "SCT", "NIR"}),  # Good Friday
        ("2026-04-06", {"ENG", "WLS", "NIR"}),  # Easter Monday
        ("2026-01-01", {"ENG", "WLS", "SCT", "NIR"}),
        ("2026-01-02", {"SCT"}),
        ("2026-11-30", {"SCT"}),  # St Andrew
        ("2026-03-17", {"NIR"}),  # St Patrick
        ("2027-07-12", {"NIR"}),  # Battle of the Boyne
        ("2026-08-03", {"SCT"}),  # first Monday of August
        ("2026-08-31", {"ENG", "WLS", "NIR"}),  # last Monday of August
        ("2020-05-04", set()),  # moved for the 75th anniversary of VE Day, to
        ("2020-05-08", {"ENG", "WLS", "SCT", "NIR"}),
        ("2022-09-19", {"ENG", "WLS", "SCT", "NIR"}),  # state funeral
    ],
)
def test_each_nation_keeps_its_own_holidays(on, nations):
    assert {nation for nation in NATIONS if day(on, nation)["bank_holiday"]} == nations


@pytest.mark.parametrize(
    ("on", "weekday", "bank_holiday", "working_day"),
    [
        ("2026-12-24", 3, False, True),
        ("2026-12-25", 4, True, False),
        ("2026-12-26", 5, True, False),
        ("2026-12-27", 6, False, False),
        ("2026-12-28", 0, True, False),  # for Saturday the 26th
        ("2026-12-29", 1, False, True),
        ("2027-12-25", 5, True, False),
        ("2027-12-26", 6, True, False),
        ("2027-12-27", 0, True, False),  # for Saturday the 25th
        ("2027-12-28", 1, True, False),  # for Sunday the 26th
        ("2027-12-29", 2, False, True),
    ],
)
@pytest.mark.parametrize("nation", NATIONS)
def test_a_holiday_at_a_weekend_is_taken_on_a_weekday(nation, on, weekday, bank_holiday, working_day):
    assert day(on, nation).tolist() == [weekday, bank_holiday, working_day]


def test_the_frame_keeps_the_order_the_index_and_the_repeats_of_the_days():
    days = pd.Series(pd.to_datetime(["2027-01-02", "2026-01-02", "2027-01-02"]), index=["c", "a", "c"])
    found = calendar(days, "SCT")
    assert found.index.tolist() == ["c", "a", "c"]
    assert found["weekday"].tolist() == [5, 4, 5]
    assert found.dtypes.astype(str).to_dict() == {
        "weekday": "int8",
        "bank_holiday": "bool",
        "working_day": "bool",
    }


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_the_unit_of_the_dates_does_not_matter(unit):
    assert calendar(pd.DatetimeIndex(["2026-12-28"]).as_unit(unit), "ENG")["bank_holiday"].all()


def test_no_days_give_no_rows():
    assert len(calendar(pd.DatetimeIndex([]), "ENG")) == 0


@pytest.mark.parametrize("on", ["1999-12-31", "2036-01-01", "1900-06-01", "2199-06-01"])
def test_a_year_outside_the_table_is_an_error_and_never_a_year_without_holidays(on):
    with pytest.raises(ValueError, match=f"2000 to 2035.*found {on[:4]}$"):
        calendar(pd.DatetimeIndex(["2026-01-01", on]), "ENG")


@pytest.mark.parametrize("on", ["2000-01-01", "2035-12-31"])
def test_the_first_and_the_last_day_of_the_table_are_covered(on):
    assert day(on, "NIR")["bank_holiday"] == (on == "2000-01-01")


def test_an_unknown_nation_is_an_error_that_lists_the_known_ones():
    with pytest.raises(ValueError, match="ENG, WLS, SCT, NIR; found 'England'"):
        calendar(pd.DatetimeIndex(["2026-01-01"]), "England")


@pytest.mark.parametrize(
    ("days", "message"),
    [
        (pd.DatetimeIndex(["2026-01-01", None]), "no missing date; found 1 of 2"),
        (pd.DatetimeIndex(["2026-01-01"], tz="Europe/London"), "without a time zone; found datetime64"),
        (pd.Series(["2026-01-01"]), "must be dates .* found str"),
    ],
)
def test_days_that_are_not_plain_dates_are_refused(days, message):
    with pytest.raises(ValueError, match=message):
        calendar(days, "ENG")


def test_many_years_outside_the_table_are_told_in_one_short_line() -> None:
    days = pd.Series(pd.date_range("1000-01-01", "1900-01-01", freq="YS", unit="s"))
    with pytest.raises(ValueError, match=r"found 1000, 1001, 1002, 1003, \.\.\., 1900$"):
        calendar(days, "ENG")


if __name__ == "__main__":
    TABLE.write_bytes(generated().encode())

"""The lines of the calendar in their small form: the days on which it could go wrong."""

from datetime import date

import calendar_lines
import days_told
import pytest

NEAR = list(days_told.telling_moments(2024, 2030, minutes=30))


def test_the_holidays_of_four_nations_are_those_of_the_acts() -> None:
    assert calendar_lines.wrong_holidays() == []


def test_board_rounds_are_at_their_hour_on_the_wall_when_clocks_change() -> None:
    assert calendar_lines.wrong_rounds(NEAR) == []


def test_days_of_an_answer_are_local_days_when_clocks_change() -> None:
    assert calendar_lines.wrong_days(NEAR) == []


@pytest.mark.parametrize(
    ("nation", "year", "published"),  # gov.uk/bank-holidays
    [
        ("ENG", 2024, "01-01 03-29 04-01 05-06 05-27 08-26 12-25 12-26"),
        ("ENG", 2027, "01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28"),
        ("SCT", 2024, "01-01 01-02 03-29 05-06 05-27 08-05 12-02 12-25 12-26"),
        ("NIR", 2025, "01-01 03-17 04-18 04-21 05-05 05-26 07-14 08-25 12-25 12-26"),
    ],
)
def test_the_rules_give_the_dates_that_were_published(nation: str, year: int, published: str) -> None:
    weekdays = {day for day in days_told.bank_holidays(nation, year) if day.weekday() < days_told.SATURDAY}
    assert weekdays == {date.fromisoformat(f"{year}-{day}") for day in published.split()}

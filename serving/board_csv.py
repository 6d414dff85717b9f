"""The rows of a ward board for a spreadsheet: everybody by their ten letters, nobody by name."""

import csv
import io
from http import HTTPStatus

from starlette.responses import Response

from serving.board import WardPage
from serving.board_row import Patient, Unpredicted

COLUMNS = (
    "bed",
    "person",
    "days_so_far",
    "specialty",
    "pathway",
    "planned_date",
    "planned_by",
    "likely_ready",
    "likely_to_leave",
    "range",
    "expected_delay",
    "waiting_for",
    "next_step",
    "back_within_30_days",
    "why_no_date",
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would run


def csv_of(page: WardPage) -> Response:
    """Return the rows of a page as a file, in the page's order."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(COLUMNS)
    for one in page.patients:
        rows.writerow([_safe(value) for value in _row(one)])
    for each in page.unpredicted:
        rows.writerow([_safe(value) for value in _undated(each)])
    headers = {"Content-Disposition": 'attachment; filename="ward-board.csv"'}
    return Response(text.getvalue(), HTTPStatus.OK, headers, "text/csv; charset=utf-8")


def _row(one: Patient) -> list[str]:
    ours = [one.ready, one.leaving, one.leaving_range, one.delay]
    return [
        one.bed,
        one.who.person,
        str(one.days_so_far),
        one.keys.specialty,
        one.pathway,
        one.planned,
        one.planned_by,
        *([""] * len(ours) if one.hidden else ours),
        one.waiting,
        one.waiting_more,
        one.band,
        "",
    ]


def _undated(one: Unpredicted) -> list[str]:
    between = [""] * (len(COLUMNS) - 5)
    return [one.bed, one.who.person, str(one.days_so_far), one.specialty, *between, one.why]


def _safe(value: str) -> str:
    """Return a cell that no spreadsheet takes for a formula.

    >>> _safe("=1+1"), _safe("B1")
    ("'=1+1", 'B1')
    """
    return f"'{value}" if value.startswith(FORMULA) else value

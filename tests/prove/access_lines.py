"""The lines R15 and R16: who is let in, and what each may see."""

import logging
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from line import Found, Line

from features.sources.simulation.estimate import Estimate
from serving.access import ROLES
from serving.parts import Parts
from tests.serving import doors, site_rows
from tests.serving.builders import parts

NO_QUOTA = {"HOMEWARD_REQUESTS_PER_MINUTE": "1000000"}
BEDS = 10


def lines(beds: int = BEDS) -> tuple[Line, ...]:
    """Return the lines; `beds` is for each ward of each site."""
    tokens = f"{len(doors.bad_tokens()) + 4} kinds of bad token at every closed route and method: not 401"
    return (
        Line("R15", tokens, "0", lambda _: _in_a_service(_bad_tokens), 0, 0),
        Line(
            "R16a",
            "4 roles at every route: not as the table declares",
            "0",
            lambda _: _in_a_service(_roles),
            0,
            0,
        ),
        Line("R16b", "Rows of another site in an answer", "0", lambda _: _in_a_service(_sites(beds)), 0, 0),
    )


def _in_a_service(found: Callable[[Parts], Found]) -> Found:
    with TemporaryDirectory(prefix="homeward-") as home:
        of = parts(Path(home), **NO_QUOTA)
        logging.disable(logging.ERROR)
        try:
            return found(of)
        finally:
            logging.disable(logging.NOTSET)
            of.close()


def _bad_tokens(of: Parts) -> Found:
    tried, opened = doors.opened_by_bad_tokens(of)
    return Found(Estimate(len(opened)), "; ".join([f"{tried:,} requests", *opened[:5]]))


def _roles(of: Parts) -> Found:
    wrong = doors.not_as_declared(of)
    tried = len(ROLES) * len(doors.doors(of))
    return Found(Estimate(len(wrong)), "; ".join([f"{tried:,} requests", *wrong[:5]]))


def _sites(beds: int) -> Callable[[Parts], Found]:
    def found(of: Parts) -> Found:
        site_rows.filled(of, beds)
        tried, told = site_rows.rows_of_others(of)
        return Found(
            Estimate(len(told)), "; ".join([f"{tried:,} requests by those of one of 3 sites", *told[:5]])
        )

    return found

"""Why somebody waits and whose next step it is, by the reasons that each nation counts."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

ORGANISATIONS: Mapping[str, str] = {
    "NHS": "NHS",
    "SOCIAL_CARE": "Social care",
    "BOTH": "NHS and social care",
    "HOUSING": "Housing",
}
"""Whom a delay can lie with: the codes of `delay_attributed`, which England's list has had since 2017."""
LISTS = {"NIR": "ENG"}
FILE = Path(__file__).with_name("delay_reasons.toml")


def delay_reasons(nation: str) -> Mapping[str, Mapping[str, str]]:
    """Return the words of each code, group by group, as a nation counts them.

    >>> delay_reasons("ENG")["Hospital"]["PATIENT_TRANSPORT"]
    'Patient transport'
    """
    return _read()[LISTS.get(nation, nation)]


def words_of(code: str, nation: str) -> str:
    """Return what a code means; one that is in no list stands for itself.

    >>> words_of("11A", "SCT"), words_of("other", "SCT")
    ('Social care assessment to begin', 'other')
    """
    return next((group[code] for group in delay_reasons(nation).values() if code in group), code)


@cache
def _read() -> dict[str, dict[str, dict[str, str]]]:
    read = tomllib.loads(FILE.read_text("utf-8"))
    return {nation: {one["group"]: one["reasons"] for one in groups} for nation, groups in read.items()}

"""Plain words of codes, from the table beside this file: by nation and feature, and ICD-10 by chapter."""

import tomllib
from bisect import bisect_right
from collections.abc import Mapping
from functools import cache
from pathlib import Path

DIAGNOSES = "diagnosis_group"
SAME_CODES = {"specialty": "treatment_function"}  # features that share a list


def words_of(feature: str, code: str, nation: str) -> str | None:
    """Return what a code of a feature means, None where the table has no words for it.

    A nation without a table of its own takes England's; a diagnosis takes its ICD-10 chapter's words.

    >>> words_of("admission_method", "21", "ENG"), words_of("admission_method", "21", "SCT")
    ('emergency, from A&E', 'urgent, put off by the patient')
    >>> words_of("diagnosis_group", "J45", "ENG"), words_of("ward", "W01", "ENG")
    ('lungs or breathing (J45)', None)
    """
    if feature == DIAGNOSES:
        return _chapter(code)
    tables, name = _tables(), SAME_CODES.get(feature, feature)
    return tables.get(nation, {}).get(name, tables["ENG"].get(name, {})).get(code)


def _chapter(code: str) -> str | None:
    starts, words = _chapters()
    place = bisect_right(starts, code[:3]) - 1
    known = len(code) >= 3 and code[0].isalpha() and code[1:3].isdigit() and place >= 0
    return f"{words[place]} ({code})" if known else None


@cache
def _chapters() -> tuple[list[str], list[str]]:
    chapters = _tables()["chapters"]
    starts = sorted(chapters)
    return starts, [str(chapters[start]) for start in starts]


@cache
def _tables() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))

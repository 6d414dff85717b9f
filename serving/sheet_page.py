"""When can I go home?  One printed page for a patient and carers, in plain words: the team's date, not ours."""

import tomllib
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from features.hospital import Facts
from serving.bedside import Bedside
from serving.board_row import Who, who_is
from serving.delay_reasons import words_of

FOLDER = Path(__file__).with_name("sheet")
ENGLISH = "en"
Words = dict[str, Any]


@dataclass(frozen=True)
class SheetPage:
    """The context of `sheet.html`."""

    language: str = field(metadata={"help": "Code of the language, such as en"})
    words: Words = field(metadata={"help": "The texts of the language"})
    others: dict[str, str] = field(metadata={"help": "Other languages that are whole: code and name"})
    link: str = field(metadata={"help": "Address of the page"})
    who: Who = field(metadata={"help": "Who the page is for"})
    ward: str = field(metadata={"help": "Name of the ward"})
    printed: str = field(metadata={"help": "Today"})
    when: str = field(metadata={"help": "The sentence that says the date, or that there is none"})
    dated: bool = field(metadata={"help": "Whether there is a date that has not passed"})
    help_after: str = field(metadata={"help": "Which help is to come, empty where no pathway is recorded"})
    first: tuple[str, ...] = field(metadata={"help": "What has to happen first"})


def sheet_page(bedside: Bedside, facts: Facts, now: datetime, language: str) -> SheetPage:
    """Return the page in one of the `languages`."""
    words, stay = words_in(language), bedside.stay
    today = now.astimezone(ZoneInfo(facts.time_zone)).date()
    plan, waiting = stay.standing.plan, stay.standing.delay
    dated = plan is not None and plan.on >= today
    when = words["no_date"] if plan is None else words["passed"]
    first = [words["waiting"].format(reason=words_of(waiting.code, facts.nation))] if waiting else []
    first += [] if stay.standing.fit_since else [words["well_enough"]]
    return SheetPage(
        language=language,
        words=words,
        others={code: name for code, name in languages().items() if code != language},
        link=f"/patients/{stay.person}/sheet",
        who=who_is(stay.person, bedside.identity),
        ward=stay.ward[0],
        printed=_spelt(today, words),
        when=words["planned"].format(date=_spelt(plan.on, words)) if plan and dated else when,
        dated=dated,
        help_after=words.get(stay.standing.pathway, ""),
        first=(*first, *words["always"]),
    )


@cache
def languages() -> dict[str, str]:
    """Return the languages of which every text is there, English first: code and name."""
    found = {file.stem: words_in(file.stem) for file in sorted(FOLDER.glob("*.toml"))}
    whole = {code: str(words["language"]) for code, words in found.items() if all(words.values())}
    return {ENGLISH: whole.pop(ENGLISH), **whole}


@cache
def words_in(language: str) -> Words:
    """Return the texts of a language, some of which may be empty."""
    return tomllib.loads((FOLDER / f"{language}.toml").read_text("utf-8"))


def _spelt(day: date, words: Words) -> str:
    return f"{words['days'][day.weekday()]} {day.day} {words['months'][day.month - 1]} {day.year}"

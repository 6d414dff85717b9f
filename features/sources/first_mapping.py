"""A first `extract.toml` for somebody's folder: guesses by name, each to be looked at before it is believed."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import pandas as pd

from features.columns import ADMISSION_COLUMNS
from features.errors import DataFault
from features.hospital import Facts, facts_beside
from features.sources.files import given_folder
from features.sources.likely_form import is_a_time, likely_dates, likely_form
from features.sources.likeness import bare, holds_like, meant_by, named_like
from features.sources.mapped_code import tellable
from features.sources.mapped_file import Start, data_files
from features.sources.mapping import MAPPING, STAY_KINDS, TheirFile
from features.sources.toml_table import spelled, spelled_key

HOLDS = "your hospital's own files, .csv, .csv.gz, .txt, .tsv or .parquet"
REQUIRED = [column.name for column in ADMISSION_COLUMNS if column.required]
MOST_CODES = 60  # different values of a column that is one of codes
HEAD = """\
# How the files of this folder become Homeward's two tables.  Written by `python -m features map`: every line
# is a guess by name.  Look at each, then ask what is wrong: python -m features check --source extract --path
# and this folder.  The page that explains it is features/YOUR_HOSPITAL.md.

time_zone = "Europe/London"   # of instants that are written without one
# doubtful_hour = "second"    # of the hour in October that happens twice; the second is never known too soon
"""
WHEN_RECORDED = """\
# recorded_at = { after = "happened_at", %s = ... }
#   No column says when these facts were entered: say the longest that it takes.  Homeward refuses without it,
#   since a prediction may use only what was known by its moment."""


@dataclass(frozen=True)
class Guess:
    """One file, how it is written, and what its columns are likely to be: theirs by ours."""

    about: TheirFile
    begun: Start
    stays: Mapping[str, str]
    keys: Mapping[str, str]
    events: Mapping[str, tuple[str, ...]]

    def codes(self, column: str) -> list[str]:
        """Return the different values of a column that may be told, if it is one of codes."""
        values = self.begun.column(column).value_counts()
        if len(values) > MOST_CODES:
            return []
        return [str(value) for value, count in values.items() if tellable(str(value), max(count, 5))]


def write_first_mapping(path: Path | None) -> Path:
    """Write a first `extract.toml` into a folder and return it; raises DataFault where there is one already."""
    folder = given_folder(path, "extract", HOLDS)
    file = folder / MAPPING
    if file.exists():
        raise DataFault(str(file), ["is there already and is not overwritten; move it away for a new start"])
    text = first_mapping(folder)
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise DataFault(str(file), [f"cannot be written: {error.strerror}"]) from error
    return file


def first_mapping(folder: Path) -> str:
    """Return a first `extract.toml` for the files of a folder; raises DataFault where it holds none.

    The file that has most of what admissions needs has the rows of that table.  Files of a stay or a person
    that know further columns of it are joined; any other file of stays is one of events.
    """
    facts = facts_beside(folder)
    if not (names := data_files(folder)):
        raise DataFault(str(folder), [f"must hold {HOLDS}, found none"])
    guesses: list[Guess] = []
    unread: list[str] = []
    for path in _patterns(names):
        first = next(name for name in names if re.fullmatch(_as_regex(path), name))
        try:
            guesses.append(_guess(folder / first, path, [guess.about.name for guess in guesses], facts))
        except DataFault as fault:
            unread += [f"# {spelled(path)} cannot be read: {sentence}" for sentence in fault.faults]
    first_guess = max(guesses, key=_required, default=None)
    parts = [_admissions(guess, guess is first_guess, facts) for guess in _of_stays(guesses, first_guess)]
    parts += [_events(guess, facts) for guess in guesses if guess not in _of_stays(guesses, first_guess)]
    return "\n".join([HEAD, *unread, *map(_file, guesses), *parts])


def _patterns(names: list[str]) -> list[str]:
    """Return names, with those that differ in a number only (months, parts) as one pattern."""
    patterns: dict[str, list[str]] = {}
    for name in names:
        patterns.setdefault(re.sub("[0-9]+", "*", name), []).append(name)
    return [pattern if len(alike) > 1 else alike[0] for pattern, alike in patterns.items()]


def _as_regex(pattern: str) -> str:
    return re.escape(pattern).replace(r"\*", "[0-9]+")


def _guess(file: Path, path: str, taken: list[str], facts: Facts) -> Guess:
    name = re.sub("[^a-z0-9]+", "_", path.split("/")[-1].split(".")[0].lower()).strip("_") or "file"
    about, begun = likely_form(file, name if name not in taken else f"{name}_{len(taken) + 1}", path)
    stays, keys = _likely(begun, "admissions"), _likely(begun, "event_keys")
    return Guess(about, begun, stays, keys, _event_columns(begun, facts))


def _likely(begun: Start, table: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in begun.names:
        if (ours := named_like(name, table)) and ours not in found:
            found[ours] = name
    return found


def _event_columns(begun: Start, facts: Facts) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {
        ours: (name,) for ours, name in _likely(begun, "events").items() if ours in facts.events
    }
    for name in begun.names:
        if "coded_diagnosis" not in found and "coded_diagnosis" in (
            holds_like(begun.column(name), facts) or ""
        ):
            found["coded_diagnosis"] = (name,)
    if "coded_diagnosis" in found:
        found["coded_diagnosis"] = _numbered_like(found["coded_diagnosis"][0], begun)
    return found


def _numbered_like(name: str, begun: Start) -> tuple[str, ...]:
    """Return a column that ends in a number with those that differ in it only, such as DIAG_01 to DIAG_20."""
    stem = name.rstrip("0123456789")
    alike = [other for other in begun.names if other.rstrip("0123456789") == stem and other != stem]
    return tuple(alike) if name in alike else (name,)


def _required(guess: Guess) -> int:
    return sum(name in guess.stays for name in REQUIRED)


def _of_stays(guesses: list[Guess], first: Guess | None) -> list[Guess]:
    """Return the file that has the rows of admissions, and those that know more of its stays or people."""
    if first is None or "admitted_at" not in first.stays:
        return []
    more = [
        guess
        for guess in guesses
        if guess is not first
        and _by(guess)
        and not guess.keys.keys() & {"happened_at", "recorded_at", "name"}
        and _further(guess, first)
    ]
    return [first, *more]


def _by(guess: Guess) -> str | None:
    return next((name for name in ("admission_id", "patient_id") if name in guess.stays), None)


def _further(guess: Guess, first: Guess) -> dict[str, str]:
    return {ours: theirs for ours, theirs in guess.stays.items() if ours not in first.stays}


def _file(guess: Guess) -> str:
    about = guess.about
    usual = TheirFile("", "")
    lines = [f"[files.{about.name}]", f"path = {spelled(about.path)}"]
    for key in ("separator", "encoding", "dates"):
        if getattr(about, key) != getattr(usual, key):
            lines.append(f"{key} = {spelled(getattr(about, key))}")
    lines += [f"empty = [{', '.join(map(spelled, about.empty))}]"] if about.empty else []
    used = {*guess.stays.values(), *guess.keys.values(), *chain.from_iterable(guess.events.values())}
    strangers = ", ".join(spelled(name) for name in guess.begun.names if name not in used)
    return "\n".join(
        [*lines, f"ignore = []   # not understood: {strangers}" if strangers else "ignore = []", ""]
    )


def _admissions(guess: Guess, has_rows: bool, facts: Facts) -> str:
    lines = ["[[admissions]]", f"file = {spelled(guess.about.name)}"]
    lines += [] if has_rows else [f"by = {spelled(_by(guess) or '')}"]
    lines += ["[admissions.columns]"]
    for ours, theirs in guess.stays.items():
        given = _instant(guess, ours, theirs) if STAY_KINDS[ours] == "instant" else spelled(theirs)
        lines.append(f"{ours} = {given}")
    lines += [f"# {name} =" for name in REQUIRED if has_rows and name not in guess.stays]
    for ours, theirs in guess.stays.items():
        known = facts.codes(ours) if STAY_KINDS[ours] == "code" else None
        values = guess.codes(theirs)
        if known and not all(known.holds(value) for value in values):
            lines += _codes(f"admissions.codes.{ours}", values, ours)
    return "\n".join([*lines, ""])


def _instant(guess: Guess, ours: str, theirs: str) -> str:
    """Return an instant as TOML: with the column of its time, its own format, or the time of bare days."""
    form = likely_dates(guess.begun.column(theirs)) or guess.about.dates
    times = [name for name in guess.begun.names if bare(name) == bare(theirs).replace("date", "time")]
    paired = [name for name in times if name != theirs and is_a_time(guess.begun.column(name))]
    keys = [] if form == guess.about.dates else [f"dates = {spelled(form)}"]
    if paired:
        form = "iso" if form == "iso" else f"{form} %H:%M"
        return f"{{ column = [{spelled(theirs)}, {spelled(paired[0])}], dates = {spelled(form)} }}"
    if "%H" not in form and not guess.begun.column(theirs).str.contains(":").any():
        keys.append('at = "23:59"' if ours != "admitted_at" else 'at = "00:00"')
    return f"{{ {', '.join([f'column = {spelled(theirs)}', *keys])} }}" if keys else spelled(theirs)


def _codes(table: str, values: list[str], kind: str) -> list[str]:
    lines = [f"[{table}]"]
    for value in values:
        code = meant_by(value, kind)
        lines.append(f"{spelled_key(value)} = {spelled(code)}" if code else f'# {spelled_key(value)} = ""')
    return [*lines, '# "*" = ""   # what any other value means; without it one that is not listed is a fault']


def _events(guess: Guess, facts: Facts) -> str:
    return "\n".join([*_event_lines(guess, facts), ""])


def _event_lines(guess: Guess, facts: Facts) -> Iterator[str]:
    if "admission_id" not in guess.stays or not ({"name", "value"} <= {*guess.keys} or guess.events):
        yield f"# {guess.about.name}: nothing in it is understood as a fact of a stay; see events in the page"
        return
    yield from ("[[events]]", f"file = {spelled(guess.about.name)}")
    yield f"admission_id = {spelled(guess.stays['admission_id'])}"
    for ours in ("happened_at", "recorded_at"):
        if ours in guess.keys:
            yield f"{ours} = {_instant(guess, ours, guess.keys[ours])}"
        elif ours == "recorded_at":
            yield WHEN_RECORDED % ("days" if "coded_diagnosis" in guess.events else "minutes")
        else:
            yield 'happened_at = { after = "discharged_at", minutes = 0 }   # or the column that says when'
    if {"name", "value"} <= {*guess.keys}:
        yield from (f"{ours} = {spelled(guess.keys[ours])}" for ours in ("name", "value"))
        yield "[events.names]   # what each of theirs is called here"
        for value in guess.codes(guess.keys["name"]):
            ours_named = named_like(value, "events") or (bare(value) if bare(value) in facts.events else None)
            yield f"{'' if ours_named else '# '}{spelled_key(value)} = {spelled(ours_named or '')}"
        yield '# "*" = ""   # would leave out all others; without it one that is not listed is a fault'
        return
    if "position" in guess.keys:
        yield f"position = {spelled(guess.keys['position'])}"
    yield "[events.columns]"
    for ours, columns in guess.events.items():
        listed = ", ".join(map(spelled, columns))
        yield f"{spelled_key(ours)} = {listed if len(columns) == 1 else f'[{listed}]'}"
    for ours, (theirs, *_) in guess.events.items():
        if facts.events[ours].kind == "flag" and not pd.Series(guess.codes(theirs)).isin(["0", "1"]).all():
            yield from _codes(f"events.codes.{ours}", guess.codes(theirs), "flag")
        elif facts.events[ours].codes and not {*guess.codes(theirs)} <= {*facts.events[ours].codes}:
            yield from _codes(f"events.codes.{ours}", guess.codes(theirs), ours)

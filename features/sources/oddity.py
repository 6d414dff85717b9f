"""What is odd about a hospital's own files and no fault: told as warnings, so that nothing is lost."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from features.faults import shown
from features.hospital import Facts
from features.sources.likeness import likely
from features.sources.mapped_code import known_texts
from features.sources.mapped_file import Opened, Start, data_files, found
from features.sources.mapping import ExtractMapping, Part

COLUMNS_TOLD = 40
ROWS_TO_JUDGE = 20
MOJIBAKE = "Ã|â€|Â£"  # UTF-8 that was read as cp1252
MAY_BE_ONE_VALUE = ("site",)


def odd_files(folder: Path, mapping: ExtractMapping) -> list[str]:
    """Return what is odd about the folder and the mapping itself."""
    used = {part.file for part in (*mapping.admissions, *mapping.events)}
    told = [f"files.{name} is used by no part" for name in mapping.files if name not in used]
    named = {file for about in mapping.files.values() for file in found(folder, about.path)}
    strangers = [name for name in data_files(folder) if folder / name not in named]
    if strangers:
        told.append(f"the mapping does not name the files {', '.join(map(shown, strangers[:COLUMNS_TOLD]))}")
    for part in mapping.events:
        for name, happened in (("recorded_at", "happened_at"), ("end_recorded_at", "ended_at")):
            if happened in part.instants and _at_once(part, name, happened):
                told.append(
                    f"{part.where}: {name} is {happened}: facts seem known as soon as they were true, which"
                    " makes a model look better here than on the ward"
                )
    return told


def _at_once(part: Part, name: str, happened: str) -> bool:
    spec = part.instants[name]
    same = bool(spec.columns) and spec == part.instants[happened]
    return same or (spec.after == happened and not spec.delay)


def odd_columns(mapping: ExtractMapping, files: Mapping[str, Opened], facts: Facts) -> list[str]:
    """Return what is odd about the columns of each kind of file: not named, empty, one value, unlike others."""
    told = []
    for name, rows in files.items():
        parts = [part for part in (*mapping.admissions, *mapping.events) if part.file == name]
        mapped = [column for part in parts for column in part.mapped()]
        told += [f"{name}: {sentence}" for sentence in _unnamed(rows, mapped, facts)]
        told += [f"{name}: {sentence}" for sentence in _empty_or_constant(rows, parts)]
        told += [f"{name}: {sentence}" for sentence in _twice(parts)]
    return told


def _unnamed(rows: Opened, mapped: list[str], facts: Facts) -> list[str]:
    told = []
    first = rows.starts[0]
    every = dict.fromkeys(name for begun in rows.starts for name in begun.names)
    strangers = [name for name in every if name not in mapped and name not in rows.about.ignore]
    if strangers:
        texts = [_described(name, rows.starts, facts) for name in strangers[:COLUMNS_TOLD]]
        more = len(strangers) - len(texts)
        texts += [f"and {more:,} more"] if more else []
        told.append(f"columns that are neither mapped nor in ignore: {', '.join(texts)}")
    for begun in rows.starts[1:]:
        unlike = [name for name in every if (name in begun.names) != (name in first.names)]
        if unlike:
            names = ", ".join(map(shown, unlike[:COLUMNS_TOLD]))
            told.append(f"{begun.file.name} has other columns than {first.file.name}: {names}")
    if absent := [shown(name) for name in rows.about.ignore if name not in every]:
        told.append(f"ignore lists columns that are not there: {', '.join(absent)}")
    return told


def _described(name: str, starts: tuple[Start, ...], facts: Facts) -> str:
    values = next(begun.column(name) for begun in starts if name in begun.names)
    if values.empty:
        return f"{shown(name)} (empty)"
    like = likely(name, values, facts)
    return f"{shown(name)} (looks like {like})" if like else shown(name)


def _empty_or_constant(rows: Opened, parts: list[Part]) -> list[str]:
    """Return which mapped columns are empty, or hold one value throughout where a hospital has several."""
    told = []
    pairs = [(ours, theirs) for part in parts for ours, names in part.columns.items() for theirs in names]
    pairs += [(ours, theirs) for part in parts for ours, it in part.instants.items() for theirs in it.columns]
    of_stays = {name for part in parts if not part.admission_id for name in part.columns}
    for ours, theirs in dict.fromkeys(pairs):
        values = rows.table[theirs]
        values = values if values.dtype.kind == "M" else known_texts(rows, theirs)
        known = values.dropna()
        if known.empty and len(values):
            told.append(f"column {shown(theirs)} ({ours}) is empty")
        elif ours in of_stays - {*MAY_BE_ONE_VALUE} and len(known) >= ROWS_TO_JUDGE and known.nunique() == 1:
            told.append(f"column {shown(theirs)} ({ours}) holds one value in all of {len(known):,} rows")
        elif values.dtype.kind != "M" and known.head(100_000).str.contains(MOJIBAKE).any():
            told.append(f"column {shown(theirs)} ({ours}) looks like UTF-8 read as {rows.about.encoding}")
    return told


def _twice(parts: list[Part]) -> list[str]:
    """Return which of their columns two of ours come from."""
    told = []
    for part in parts:
        pairs = [(theirs, ours) for ours, names in part.columns.items() for theirs in names]
        pairs += [(it.columns[0], ours) for ours, it in part.instants.items() if len(it.columns) == 1]
        counts = Counter(theirs for theirs, _ in pairs)
        for theirs in (name for name, count in counts.items() if count > 1):
            names = " and ".join(ours for name, ours in pairs if name == theirs)
            told.append(f"column {shown(theirs)} is mapped twice: it makes {names}")
    return told

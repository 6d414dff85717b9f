"""What has been measured, line by line, in one JSON file that is whole at any moment."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from line import Line

Entry = Mapping[str, Any]  # the values of FIELDS
FIELDS = (
    "id",
    "measures",
    "target",
    "figure",
    "interval",
    "shown",
    "verdict",
    "note",
    "commit",
    "date",
    "seconds",
)
NEVER = "not measured"
DIRTY = "dirty"


def entries(file: Path, lines: Sequence[Line]) -> dict[str, Entry]:
    """Return an entry for each line by id: the one in the file, or "not measured".

    Words and target are those of the line today.  Raises ValueError for a file that is not of our making.
    """
    kept: dict[str, Any] = {}
    if file.is_file():
        try:
            kept = {entry["id"]: entry for entry in json.loads(file.read_text("utf-8"))["lines"]}
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{file} must be as `make prove` wrote it; move it away to begin again") from error
    return {line.id: {**never(line), **kept.get(line.id, {}), **words(line)} for line in lines}


def write(file: Path, found: Mapping[str, Entry]) -> None:
    """Write every entry at once: a reader finds the file before or after, never in between."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}.partial")
    partial.write_text(
        json.dumps({"lines": list(found.values())}, indent=1, ensure_ascii=False) + "\n", "utf-8"
    )
    partial.replace(file)


def stands(entry: Entry, commit: str) -> bool:
    """Tell whether an entry was measured at this very commit, from a clean checkout, without an error."""
    return entry["commit"] == commit and DIRTY not in commit and entry["verdict"] not in (NEVER, "error")


def words(line: Line) -> dict[str, str]:
    """Return what an entry says of its line."""
    return {"id": line.id, "measures": line.measures, "target": line.target}


def never(line: Line) -> dict[str, Any]:
    """Return the entry of a line that was never measured."""
    return {**dict.fromkeys(FIELDS), **words(line), "shown": "-", "verdict": NEVER, "note": ""}


def finite(value: float) -> float | None:
    """Return a number as JSON knows it: one that is not finite is null."""
    return float(value) if math.isfinite(value) else None


def short(commit: str) -> str:
    """Return the first digits of a commit, and whether it was dirty.

    >>> short("16ee78a4e0d2b7f1+dirty")
    '16ee78a4+dirty'
    """
    digits, plus, dirty = commit.partition("+")
    return digits[:8] + plus + dirty

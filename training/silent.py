"""The report of a challenger that answered unseen, as `python -m serving silent` writes it."""

import json
from dataclasses import dataclass, fields
from pathlib import Path

from features.errors import DataFault, HomewardError


@dataclass(frozen=True)
class Silent:
    """How long a challenger answered unseen beside the champion, and how often it could not."""

    release_digest: str
    first_at: str
    last_at: str
    days: int
    questions: int
    faults: int


def read_silent(file: Path) -> Silent:
    """Return the report of a file; raises HomewardError if it cannot be read or is none."""
    try:
        said = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise HomewardError(f"the silent report {file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise HomewardError(f"the silent report {file} is not JSON: {error}") from error
    if not isinstance(said, dict):
        raise DataFault(f"the silent report {file}", ["it must be what `python -m serving silent` writes"])
    faults = []
    for field in fields(Silent):
        value = said.get(field.name)
        right = isinstance(value, str) if field.type is str else type(value) is int and value >= 0
        if not right:
            must = "a text" if field.type is str else "a whole number of 0 or more"
            faults.append(f"{field.name} must be {must}")
    if faults:
        raise DataFault(f"the silent report {file}", faults)
    return Silent(**{field.name: said[field.name] for field in fields(Silent)})

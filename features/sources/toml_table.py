"""Reading a TOML file that a person wrote: whatever is wrong in it is noted with its place, all at once."""

import difflib
import json
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from features.errors import DataFault
from features.faults import shown

LARGEST_FILE = 1_000_000  # bytes; a mapping of a thousand codes has some ten thousand


def toml_content(file: Path) -> dict[str, Any]:
    """Return the content of a TOML file; raises DataFault where it is none, not UTF-8, or a megabyte."""
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise DataFault(file.name, [f"must be smaller than {LARGEST_FILE:,} bytes"])
        return tomllib.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise DataFault(file.name, [f"must be TOML in UTF-8: {error}"]) from error
    except OSError as error:
        raise DataFault(file.name, [f"cannot be read: {error.strerror}"]) from error


def spelled(text: str) -> str:
    """Return a text as TOML spells it, whatever it holds.

    >>> print(spelled('say "no"'))
    "say \\"no\\""
    """
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def spelled_key(text: str) -> str:
    """Return a text as the key of a TOML table, bare where that is allowed."""
    return text if re.fullmatch("[A-Za-z0-9_-]+", text) else spelled(text)


@dataclass(frozen=True)
class TomlTable:
    """One table of a TOML file; a value of the wrong type is noted in `faults` and comes out empty."""

    content: Mapping[str, Any]
    where: str
    faults: list[str]

    def fault(self, text: str) -> None:
        """Note something that is wrong with this table."""
        self.faults.append(f"{self.where}: {text}" if self.where else text)

    def must_know(self, keys: Collection[str], what: str = "key") -> None:
        """Note every key that is none of these, with the nearest one that is."""
        for key in self.content:
            if key not in keys:
                near = difflib.get_close_matches(key, list(keys), 1)
                hint = f"did you mean {near[0]}?" if near else f"it must be one of {', '.join(keys)}"
                self.fault(f"there is no {what} {shown(key)}; {hint}")

    def must_have(self, *keys: str) -> None:
        """Note every one of these keys that is missing."""
        for key in keys:
            if key not in self.content:
                self.fault(f"needs {key}")

    def text(self, key: str, otherwise: str = "") -> str:
        """Return the text of a key; a number counts as its text."""
        value = self.content.get(key, otherwise)
        if (text := _plain(value)) is None:
            self.fault(f"{shown(key)} must be a text")
            return otherwise
        return text

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the texts of a key, which may hold one text or a list of them."""
        value = self.content.get(key, [])
        texts = [_plain(item) for item in (value if isinstance(value, list) else [value])]
        if None in texts:
            self.fault(f"{shown(key)} must be a text or a list of texts")
        return tuple(text for text in texts if text is not None)

    def table(self, key: str) -> "TomlTable":
        """Return the table of a key, empty where there is none."""
        value = self.content.get(key, {})
        if not isinstance(value, dict):
            self.fault(f"{shown(key)} must be a table of keys and values")
            value = {}
        return TomlTable(value, f"{self.where}.{shown(key)}" if self.where else shown(key), self.faults)

    def tables(self, key: str) -> list["TomlTable"]:
        """Return the tables of a key that is written [[key]], numbered from 1 where there are several."""
        value = self.content.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.fault(f"must have {key} as [[{key}]], one for each file that it comes from")
            return []
        places = [key if len(value) == 1 else f"{key} {place}" for place in range(1, len(value) + 1)]
        return [TomlTable(item, place, self.faults) for item, place in zip(value, places, strict=True)]

    def plain(self) -> dict[str, str]:
        """Return the whole table as texts, such as codes and what they become."""
        return {key: self.text(key) for key in self.content}

    def number(self, key: str, otherwise: float = 0.0) -> float:
        """Return the number of a key, at least 0."""
        value = self.content.get(key, otherwise)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
            self.fault(f"{shown(key)} must be a number from 0")
            return otherwise
        return float(value)


def _plain(value: object) -> str | None:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

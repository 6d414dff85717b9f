"""Facts about a hospital: nation, time zone, board round, event names and the code lists of its nation."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from features.errors import DataFault

EventKind = Literal["number", "flag", "code", "date", "spell"]
NATIONS = ("ENG", "WLS", "SCT", "NIR")
EVENT_KINDS = ("number", "flag", "code", "date", "spell")
KNOWN_CLASSES = ("P", "H4", "D1", "S", "X", "C")
ENTRY_TYPES: Mapping[str, tuple[Any, str]] = {
    **dict.fromkeys(("words", "kind", "known", "theme", "unit", "ends"), (str, "text")),
    **dict.fromkeys(("low", "high"), ((int, float), "a number")),
    "codes": (list, "a list of texts"),
    **dict.fromkeys(("feature", "carried"), (bool, "true or false")),
}


@dataclass(frozen=True)
class EventName:
    """One name that the events table may hold, and how to read it."""

    name: str
    words: str
    kind: EventKind
    known: str
    theme: str
    unit: str = ""
    low: float = float("-inf")
    high: float = float("inf")
    codes: tuple[str, ...] = ()
    ends: str = ""
    feature: bool = True
    carried: bool = False


@dataclass(frozen=True)
class CodeList:
    """The codes that a column may hold in one nation, and named groups of them."""

    system: str
    codes: tuple[str, ...]
    pattern: str
    groups: Mapping[str, tuple[str, ...]]

    def holds(self, code: str) -> bool:
        """Tell whether a code belongs to the system."""
        return code in self.codes if self.codes else re.fullmatch(self.pattern, code) is not None


@dataclass(frozen=True)
class Facts:
    """What is true of one hospital whoever is in it."""

    nation: str
    time_zone: str
    board_round: str
    events: Mapping[str, EventName] = field(repr=False)

    @cached_property
    def event_names(self) -> tuple[str, ...]:
        """Names that the events table may hold, sorted."""
        return tuple(sorted(self.events))

    @property
    def board_hour(self) -> int:
        """Local hour of the board round."""
        return int(self.board_round.split(":")[0])

    def codes(self, column: str) -> CodeList | None:
        """Return the nation's code list of an admissions column, or None for a column without codes."""
        lists = code_lists()
        return lists.get((self.nation, column), lists.get(("ENG", column)))

    def group(self, column: str, name: str) -> tuple[str, ...]:
        """Return a named group of codes, such as the emergency admission methods.

        >>> shipped_facts().group("discharge_method", "died")
        ('4', '5')
        """
        found = self.codes(column)
        return found.groups.get(name, ()) if found else ()


@cache
def shipped_facts() -> Facts:
    """Return the facts of the shipped `hospital.toml`."""
    return facts_from(_shipped())


def facts_beside(folder: Path) -> Facts:
    """Return the shipped facts, overridden by a `hospital.toml` in the folder where there is one."""
    override = folder / "hospital.toml"
    if not override.is_file():
        return shipped_facts()
    try:
        content = tomllib.loads(override.read_text("utf-8"))
    except ValueError as error:  # not TOML, or not UTF-8
        raise DataFault("hospital.toml", [f"must be TOML in UTF-8: {error}"]) from error
    return facts_with(content)


def facts_with(override: Mapping[str, Any]) -> Facts:
    """Return the shipped facts with some overridden key by key, as a `hospital.toml` would.

    >>> facts_with({"events": {"falls": {"words": "Falls", "kind": "number", "known": "S", "theme": "falls"}}})
    Facts(nation='ENG', time_zone='Europe/London', board_round='08:00')
    """
    return facts_from(_merged(_shipped(), override))


def facts_from(content: Mapping[str, Any]) -> Facts:
    """Check the content of a `hospital.toml`; raises DataFault with every fault in it."""
    faults = []
    if content["nation"] not in NATIONS:
        faults.append(f"nation must be one of {', '.join(NATIONS)}, found {content['nation']!r}")
    try:
        ZoneInfo(content["time_zone"])
    except (KeyError, ValueError, OSError, TypeError):
        faults.append(f"time_zone must be an IANA name such as Europe/London, found {content['time_zone']!r}")
    if not re.fullmatch(r"([01]\d|2[0-3]):00", str(content["board_round"])):
        faults.append(f"board_round must be a full hour such as 08:00, found {content['board_round']!r}")
    if unknown := sorted(set(content) - {"nation", "time_zone", "board_round", "events"}):
        faults.append(f"unknown keys {', '.join(unknown)}")
    entries = content["events"] if isinstance(content["events"], dict) else {"": content["events"]}
    events = {}
    for name, entry in entries.items():
        wrong = _event_faults(name, entry)
        faults += wrong
        if not wrong:
            events[name] = EventName(name=name, **{**entry, "codes": tuple(entry.get("codes", ()))})
    faults += _kept_faults(events) if not faults else []
    if faults:
        raise DataFault("hospital.toml", faults)
    return Facts(content["nation"], content["time_zone"], content["board_round"], events)


def _event_faults(name: str, entry: object) -> list[str]:
    if not isinstance(entry, dict):
        return [f"events.{name}: must be a table of keys such as words and kind, found {entry!r}"]
    faults = [f"events.{name}: unknown key {key}" for key in sorted(set(entry) - set(ENTRY_TYPES))]
    faults += [f"events.{name}: needs {key}" for key in ("words", "kind", "known", "theme") if key not in entry]
    for key in sorted(set(entry) & set(ENTRY_TYPES)):
        kind, must = ENTRY_TYPES[key]
        if not isinstance(entry[key], kind) or (isinstance(entry[key], bool) and kind is not bool):
            faults.append(f"events.{name}: {key} must be {must}, found {entry[key]!r}")
    codes = entry.get("codes", ())
    if isinstance(codes, list) and not all(isinstance(code, str) for code in codes):
        faults.append(f"events.{name}: codes must be a list of texts")
    if entry.get("kind", "code") not in EVENT_KINDS:
        faults.append(f"events.{name}: kind must be one of {', '.join(EVENT_KINDS)}, found {entry['kind']!r}")
    if entry.get("known", "P") not in KNOWN_CLASSES:
        faults.append(
            f"events.{name}: known must be one of {', '.join(KNOWN_CLASSES)}, found {entry['known']!r}"
        )
    if entry.get("kind") == "spell" and not entry.get("ends"):
        faults.append(f"events.{name}: a spell needs `ends`, the name of the event that ends it")
    return faults


def _kept_faults(events: Mapping[str, EventName]) -> list[str]:
    """Return what one event's entry says that another's, or the code that reads it, contradicts."""
    faults = []
    shipped = {name: entry["kind"] for name, entry in _shipped()["events"].items()}
    for name, event in events.items():
        if event.kind != shipped.get(name, event.kind):
            faults.append(f"events.{name}: kind must stay {shipped[name]}, found {event.kind!r}")
        if event.carried and not (event.feature and event.kind in ("number", "flag")):
            faults.append(f"events.{name}: only a number or a flag that is a feature can be carried")
        if event.low > event.high:
            faults.append(f"events.{name}: low must not be above high")
        if event.ends and event.ends not in events:
            faults.append(f"events.{name}: ends must be the name of an event, found {event.ends!r}")
    return faults


@cache
def code_lists() -> Mapping[tuple[str, str], CodeList]:
    """Return every shipped code list by (nation, column)."""
    content = tomllib.loads((Path(__file__).parent / "codes.toml").read_text("utf-8"))
    return {
        (nation, column): CodeList(
            system=entry["system"],
            codes=tuple(entry.get("codes", ())),
            pattern=entry.get("pattern", ""),
            groups={
                key: tuple(value) for key, value in entry.items() if key not in {"system", "codes", "pattern"}
            },
        )
        for nation, columns in content.items()
        for column, entry in columns.items()
    }


def _shipped() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "hospital.toml").read_text("utf-8"))


def _merged(base: Mapping[str, Any], override: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in override.items():
        old = merged.get(key)
        merged[key] = _merged(old, value) if isinstance(value, dict) and isinstance(old, dict) else value
    return merged

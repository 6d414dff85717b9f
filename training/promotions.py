"""Who promoted what, when and why: tags of the registered model and its versions, beside the runs in MLflow.

`training.tracking` talks to MLflow; here is what is kept there about promotions.  A tag is never changed: each
promotion, return and request adds one of its own.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, TypeVar

from features.errors import HomewardError
from training.registry import CHALLENGER, CHAMPION, every_version, version_of
from training.runs import LONGEST_VALUE
from training.tracking import NAME, client_of

Kind = Literal["promoted", "promoted without the gate", "rolled back"]
PROMOTION, REQUEST, VERDICT = "promotion", "request", "gate"
LONGEST_NAME, LONGEST_REASON = 60, 200
Kept = TypeVar("Kept", bound="Promotion | Request")


@dataclass(frozen=True)
class Promotion:
    """One change of the champion: `before` is the one that answered until then, `by` all who asked for it."""

    kind: Kind
    release: str
    before: str | None
    at: str
    by: tuple[str, ...]
    because: str | None = None
    evidence: str | None = None


@dataclass(frozen=True)
class Request:
    """A promotion that one person asked for after the gate had nothing against it."""

    release: str
    at: str
    by: str
    evidence: str


def person(by: str | None) -> str:
    """Return the name of who asks, in one spelling; raises HomewardError if it is none.

    >>> person(" Ann  Lee ")
    'Ann Lee'
    """
    name = " ".join((by or "").split())
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise HomewardError(
            f'--by must be your name, in at most {LONGEST_NAME} letters, such as --by "Ann Lee"'
        )
    return name


def same_person(one: str, other: str) -> bool:
    """Tell whether two names are one person's: the case of letters tells nobody apart.

    >>> same_person("Ann Lee", "ann lee"), same_person("Ann Lee", "Bo Lee")
    (True, False)
    """
    return one.casefold() == other.casefold()


def reason(option: str, because: str) -> str:
    """Return a reason in one line; raises HomewardError if it is none, or longer than is kept."""
    text = " ".join(because.split())
    if not 0 < len(text) <= LONGEST_REASON:
        raise HomewardError(f"{option} must say why, in at most {LONGEST_REASON} letters")
    return text


def names(home: Path) -> dict[str, str]:
    """Return the releases by alias: champion and challenger, as far as there are any."""
    versions = every_version(home)
    if not versions:
        return {}
    aliases = client_of(home).get_registered_model(NAME).aliases
    by_number = {str(version.version): version.tags["release"] for version in versions}
    known = ((alias, by_number.get(str(aliases.get(alias)))) for alias in (CHAMPION, CHALLENGER))
    return {alias: release for alias, release in known if release}


def history(home: Path) -> list[Promotion]:
    """Return every change of the champion, oldest first, as far back as they were kept."""
    if not every_version(home):
        return []
    return _read(client_of(home).get_registered_model(NAME).tags, PROMOTION, Promotion)


def champion_before(home: Path) -> str | None:
    """Return the release to go back to: the champion before the last promotion that was not taken back.

    >>> _before([Promotion("promoted", "b", "a", "", ()), Promotion("promoted", "c", "b", "", ())])
    'b'
    >>> _before([Promotion("promoted", "b", "a", "", ()), Promotion("rolled back", "a", "b", "", ())])
    """
    return _before(history(home))


def _before(changes: list[Promotion]) -> str | None:
    stack: list[str | None] = []
    for one in changes:
        if one.kind == "rolled back" and stack:
            stack.pop()
        elif one.kind != "rolled back" and one.before != one.release:  # the champion anew is no change
            stack.append(one.before)
    return stack[-1] if stack else None


def keep(home: Path, one: Promotion, at: datetime) -> None:
    """Add a change of the champion to the history."""
    client = client_of(home)
    taken = client.get_registered_model(NAME).tags
    while _key(PROMOTION, at) in taken:  # two changes of one instant are both kept
        at += timedelta(microseconds=1)
    client.set_registered_model_tag(NAME, _key(PROMOTION, at), _value(one))


def ask(home: Path, one: Request, at: datetime) -> None:
    """Keep that somebody asked for a promotion, with the version that it is of."""
    client_of(home).set_model_version_tag(
        NAME, version_of(home, one.release).version, _key(REQUEST, at), _value(one)
    )


def requests(home: Path, release: str) -> list[Request]:
    """Return the requests for a release since it was last promoted, oldest first."""
    return _still_asked(version_of(home, release), history(home))


def waiting(home: Path) -> list[Request]:
    """Return the newest request for each release that waits for a second person."""
    changes = history(home)
    newest = {version.tags["release"]: version for version in reversed(every_version(home))}
    return [asked[-1] for _, version in sorted(newest.items()) if (asked := _still_asked(version, changes))]


def _still_asked(version: Any, changes: list[Promotion]) -> list[Request]:
    done = max((one.at for one in changes if one.release == version.tags["release"]), default="")
    return [one for one in _read(version.tags, REQUEST, Request) if one.at > done]


def keep_verdict(home: Path, release: str, verdict: Mapping[str, Any], at: datetime) -> None:
    """Keep a verdict of the gate: whole with the run that made the release, in short with its version."""
    client, version = client_of(home), version_of(home, release)
    file = f"gate/{_stamp(at)}.json"
    client.log_text(version.run_id, json.dumps(verdict, indent=1) + "\n", file)
    short = {
        "at": at.isoformat(),
        "passed": verdict["passed"],
        "broken": verdict["broken"],
        "champion": verdict["champion"],
        "evidence": verdict["evidence"],
        "file": file,
    }
    client.set_model_version_tag(NAME, version.version, _key(VERDICT, at), json.dumps(short))


def verdicts(home: Path) -> list[dict[str, Any]]:
    """Return the last verdict of the gate on each release, in short, oldest first."""
    found = []
    for version in every_version(home):
        keys = sorted(key for key in version.tags if key.startswith(f"{VERDICT}."))
        if keys:
            found.append({"release": version.tags["release"], **json.loads(version.tags[keys[-1]])})
    return sorted(found, key=lambda one: str(one["at"]))


def _read(tags: Mapping[str, str], prefix: str, kind: type[Kept]) -> list[Kept]:
    found = []
    for key in sorted(key for key in tags if re.fullmatch(rf"{prefix}\.\d{{8}}T\d{{12}}Z", key)):
        said = json.loads(tags[key])
        if "by" in said and isinstance(said["by"], list):
            said["by"] = tuple(said["by"])
        found.append(kind(**said))
    return found


def _value(one: Promotion | Request) -> str:
    value = json.dumps(asdict(one))
    assert len(value) <= 2 * LONGEST_VALUE
    return value


def _key(prefix: str, at: datetime) -> str:
    return f"{prefix}.{_stamp(at)}"


def _stamp(at: datetime) -> str:
    """Return a moment as a name that sorts by time.

    >>> _stamp(datetime(2026, 11, 2, 8, 30, tzinfo=UTC))
    '20261102T083000000000Z'
    """
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%S%fZ")

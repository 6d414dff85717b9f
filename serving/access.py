"""Who may open which door: four roles, each door's in one table; a route without a door fails a test."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Role = Literal["ward system", "coordinator", "data scientist", "safety officer"]
Who = Role | Literal["anyone", "monitoring"]
ROLES: tuple[Role, ...] = get_args(Role)
SIGNED_IN: frozenset[Who] = frozenset(ROLES)
EVERYBODY: frozenset[Who] = SIGNED_IN | {"anyone", "monitoring"}
SYSTEMS: frozenset[Who] = frozenset({"ward system"})
PEOPLE: frozenset[Who] = SIGNED_IN - SYSTEMS
BOARDS: frozenset[Who] = frozenset({"ward system", "coordinator", "safety officer"})  # who may see patients
NAMES: frozenset[Who] = frozenset({"coordinator"})  # who may see how patients are called
LOOKING: frozenset[Who] = BOARDS & PEOPLE
DECIDING: frozenset[Who] = frozenset({"coordinator"})  # who may set dates and record delays
WATCHING: frozenset[Who] = frozenset({"data scientist", "safety officer"})
COUNTERS: frozenset[Who] = frozenset({"ward system", "data scientist", "safety officer", "monitoring"})

# Every route of ours and BentoML's.  A path that is not here is open to the ward system only, so that a
# forgotten route is closed and strangers cannot learn which paths exist.
DOORS: Mapping[str, frozenset[Who]] = {
    "/livez": EVERYBODY,
    "/readyz": EVERYBODY,
    "/sign-in": EVERYBODY,
    "/sign-in/board.css": EVERYBODY,
    "/sign-in/icon.svg": EVERYBODY,
    "/sign-in/provider": EVERYBODY,
    "/sign-in/return": EVERYBODY,
    "/sign-out": PEOPLE,
    "/": SIGNED_IN,
    "/board": BOARDS,
    "/board/{ward}": BOARDS,
    "/about": SIGNED_IN,
    "/watch": WATCHING,
    "/find": LOOKING,
    "/patients/{person}": LOOKING,
    "/patients/{person}/sheet": LOOKING,
    "/patients/{person}/mine": LOOKING,
    "/patients/{person}/planned-date": DECIDING,
    "/patients/{person}/delay": DECIDING,
    "/patients/{person}/undo": DECIDING,
    "/static/{file}": SIGNED_IN,
    "/v1/docs": SIGNED_IN,
    "/v1/openapi.json": SIGNED_IN,
    "/v1/predict": SYSTEMS,
    "/v1/admissions/{admission_id}": SYSTEMS,
    "/v1/admissions/{admission_id}/cancel": SYSTEMS,
    "/v1/admissions/{admission_id}/identity": SYSTEMS,
    "/v1/admissions/{admission_id}/discharge": SYSTEMS,
    "/v1/admissions/{admission_id}/discharge/cancel": SYSTEMS,
    "/v1/events": SYSTEMS,
    "/v1/planned-dates": SYSTEMS,
    "/v1/predictions": SYSTEMS,
    "/metrics": COUNTERS,
    "/healthz": SYSTEMS,
    "/schema.json": SYSTEMS,
}
ONE_STEP, MANY_STEPS = "[^/]+", ".+"  # a ward's name may hold a slash
_PATTERNS = [
    (re.compile(re.sub(r"\\{\w+\\}", MANY_STEPS if "ward" in door else ONE_STEP, re.escape(door))), door)
    for door in DOORS
]


@dataclass(frozen=True)
class Caller:
    """Who asks: in which role, under which name it is noted, and of which sites it sees rows.

    `sites` is None where it is all of them.
    """

    role: Who
    name: str
    sites: frozenset[str] | None = None

    def sees(self, site: str | None) -> bool:
        """Tell whether rows of a site are the caller's; those that name none are seen by who sees all."""
        return self.sites is None or (site or "") in self.sites


@dataclass(frozen=True)
class Grant:
    """What a person may be: a role, and the sites whose rows they see (None: all)."""

    role: Role
    sites: frozenset[str] | None


STRANGER = Caller("anyone", "anyone", frozenset())


def door(path: str) -> str:
    """Return the template of a path, which is what logs and metrics may name, or "other".

    >>> door("/board/Ward 7"), door("/v1/admissions/A1001/cancel"), door("/v1/stays")
    ('/board/{ward}', '/v1/admissions/{admission_id}/cancel', 'other')
    """
    return next((template for pattern, template in _PATTERNS if pattern.fullmatch(path)), "other")


def allowed(template: str) -> frozenset[Who]:
    """Return who may open a door; only the ward system where none is known."""
    return DOORS.get(template, SYSTEMS)


def role_named(name: str) -> Role | None:
    """Return the role of a name, in which a hyphen may stand for the blank; None if there is none."""
    return next((role for role in ROLES if role == name.replace("-", " ")), None)


def granted(role: str, sites: Iterable[str] | None) -> Grant | None:
    """Return a person's grant; None for a role that is no person's."""
    found = role_named(role)
    if found is None or found not in PEOPLE:
        return None
    return Grant(found, None if sites is None else frozenset(sites))

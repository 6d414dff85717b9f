"""Which wards each site has, the role of each (what it is for), and how many beds."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from features.sources.simulation.arrival import ELECTIVE
from features.sources.simulation.clock import MINUTES_A_DAY, Clock
from features.sources.simulation.lives import Lives
from features.sources.simulation.numbers import Array, Floats, Rows, illnesses


@dataclass(frozen=True)
class Ward:
    """A ward: its name, the number of its site (from 0), its role (a key of `near`) and its beds."""

    name: str
    site: int
    role: str
    beds: int


@dataclass(frozen=True)
class BedPlan:
    """The wards of a hospital in the order of their names, site by site; they are fixed for all its days."""

    wards: tuple[Ward, ...]

    def of_site(self, site: int) -> tuple[Ward, ...]:
        """Return the wards of a site."""
        return tuple(ward for ward in self.wards if ward.site == site)

    def beds(self, site: int) -> int:
        """Return how many beds a site has; escalation areas and the emergency department have none."""
        return sum(ward.beds for ward in self.of_site(site))

    def areas(self, site: int) -> tuple[int, int]:
        """Return the positions in `names` of a site's emergency department and of its escalation area."""
        first = len(self.wards) + 2 * site
        return first, first + 1

    def names(self) -> list[str]:
        """Return the names of all wards, then of each site's emergency department and escalation area.

        >>> BedPlan((Ward("W01", 0, "medicine", 24),)).names()
        ['W01', 'ED1', 'ESC1']
        """
        sites = range(max((ward.site for ward in self.wards), default=-1) + 1)
        areas = [f"{area}{site + 1}" for site in sites for area in ("ED", "ESC")]
        return [ward.name for ward in self.wards] + areas

    def notes(self) -> list[str]:
        """Return a sentence for each site that has wards.

        >>> BedPlan((Ward("W01", 0, "medicine", 24), Ward("W02", 0, "surgery", 20))).notes()
        ['SITE1 has 44 beds in 2 wards']
        """
        sites = sorted({ward.site for ward in self.wards})
        return [
            f"SITE{site + 1} has {self.beds(site)} beds in {len(self.of_site(site))} wards" for site in sites
        ]


def bed_plan(lives: Lives, clock: Clock) -> BedPlan:
    """Return wards for the people who come: about 92.5 inpatients, on average, for each 100 beds of a site.

    A site's beds follow from its mean number of inpatients once it has filled, and are shared out between
    roles by what people are expected to need.  The plan draws nothing, so that it is the same whoever
    asks; it is a fact of the hospital, and stands before anybody is placed.  A site where nobody stays has
    no wards.
    """
    wards: list[Ward] = []
    for site, in_use in enumerate(_beds_in_use(lives, clock)):
        if (sites_of(lives) == site).any():
            needs = dict(zip(roles(), in_use / ward_numbers()["plan"]["occupancy"], strict=True))
            wards += [
                Ward(f"W{len(wards) + number:02d}", site, role, beds)
                for number, (role, beds) in enumerate(_wards_for(needs), start=1)
            ]
    return BedPlan(tuple(wards))


@cache
def ward_numbers() -> Mapping[str, Any]:
    """Return `wards.toml`: how wards are planned, and how people move between them."""
    return tomllib.loads(Path(__file__).with_name("wards.toml").read_text("utf-8"))


def roles() -> tuple[str, ...]:
    """Return the roles of wards, in the order in which wards are numbered."""
    return tuple(ward_numbers()["near"])


def sites_of(lives: Lives) -> Array:
    """Return the number of the site of each stay, from 0."""
    stays = lives.stays
    return stays["site"] if "site" in stays else lives.people["site"][stays["person"]]


def own_role(stays: Rows) -> Array:
    """Return the role of the wards on which each stay's illness is looked after."""
    return np.array([entry["ward"] for entry in illnesses().values()], dtype=object)[stays["illness"]]


def medical_emergencies(stays: Rows) -> Array:
    """Return which stays began unplanned, with an illness that no surgical ward looks after."""
    return ~np.isin(own_role(stays), ward_numbers()["moves"]["surgical"]) & (stays["kind"] != ELECTIVE)


def may_become_elderly(stays: Rows) -> Array:
    """Return which stays may come under elderly care after some days."""
    old = stays["age"] >= ward_numbers()["moves"]["elderly_from_age"]
    return medical_emergencies(stays) & old & (own_role(stays) != "elderly")


def home_of(role: str, having: tuple[str, ...]) -> str:
    """Return which of a site's roles has the wards for patients of a role: their own, or else the nearest.

    >>> home_of("stroke", ("medicine", "surgery"))
    'medicine'
    """
    return next(near for near in (role, *ward_numbers()["near"][role]) if near in having)


def _beds_in_use(lives: Lives, clock: Clock) -> Floats:
    """Return the mean number of people in a bed by site (row) and by the role that they need (column).

    A stay's days are shared between roles by the nights that it is expected to need of each.
    """
    stays, table = lives.stays, ward_numbers()["moves"]
    begins, ends, in_use = _counted(stays, clock)
    night = np.arange(int(ends.max(initial=0)) + 1)
    still_acute = (1 - table["moves_on_a_morning"]) ** night
    elderly_since = np.maximum(night - table["elderly_from_day"] + 1, 0)
    elderly_by_then = 1 - (1 - table["elderly_a_morning"]) ** elderly_since
    acute = _mean_between(still_acute, begins, ends) * table["through_acute_ward"] * medical_emergencies(stays)
    elderly = _mean_between(elderly_by_then, begins, ends) * may_become_elderly(stays)
    own, site = own_role(stays), sites_of(lives)
    needed = np.array([in_use * (1 - acute - elderly) * (own == role) for role in roles()])
    needed[roles().index("acute")] += in_use * acute
    needed[roles().index("elderly")] += in_use * elderly
    return np.array([needed[:, site == number].sum(axis=1) for number in range(int(site.max(initial=-1)) + 1)])


def _counted(stays: Rows, clock: Clock) -> tuple[Array, Array, Floats]:
    """Return the first night and the one after the last that count of each stay, and how many beds it uses.

    Nights are numbered from 0 in each stay, and at least one counts; a stay uses a bed for a share of the time
    that counts, which begins when a hospital that opened empty has filled.
    """
    arrived, last = stays["admitted"] // MINUTES_A_DAY, clock.until // MINUTES_A_DAY
    opened = int(arrived.min(initial=last))
    settled = opened + min(ward_numbers()["plan"]["settled_after_days"], (last - opened) // 2)
    left = np.where(stays["ended"] >= 0, np.minimum(stays["ended"], clock.until), clock.until)
    begins = np.maximum(settled - arrived, 0)
    ends = np.maximum(left // MINUTES_A_DAY - arrived, begins + 1)
    minutes = np.maximum(left - np.maximum(stays["admitted"], settled * MINUTES_A_DAY), 0)
    return begins, ends, minutes / max(clock.until - settled * MINUTES_A_DAY, 1)


def _mean_between(a_night: Floats, begins: Array, ends: Array) -> Floats:
    """Return the mean of a value for each night of a stay over the nights from `begins` to before `ends`."""
    up_to = np.append(0.0, a_night.cumsum())
    beyond = len(up_to) - 1
    return np.asarray(up_to[np.minimum(ends, beyond)] - up_to[np.minimum(begins, beyond)]) / (ends - begins)


def _wards_for(needs: Mapping[str, float]) -> list[tuple[str, int]]:
    """Return role and beds of each ward of a site that needs so many beds of each role.

    >>> _wards_for({"acute": 25.0, "medicine": 55.0, "surgery": 22.0, "elective": 8.0})
    [('acute', 25), ('medicine', 28), ('medicine', 27), ('surgery', 30)]
    """
    plan, needs = ward_numbers()["plan"], _with_own_wards(needs)
    total = max(round(sum(needs.values())), 1)
    middle = (plan["fewest_beds"] + plan["most_beds"]) / 2
    wards = {role: max(round(need / middle), 1) for role, need in needs.items()}
    beds = _shared_out(total, needs, wards)
    return [(role, size) for role in beds for size in _even(beds[role], wards[role])]


def _with_own_wards(needs: Mapping[str, float]) -> Mapping[str, float]:
    """Return the needs of the roles that get wards of their own, those of the others added to the nearest."""
    having = tuple(needs)
    while True:
        shared = dict.fromkeys(having, 0.0)
        for role, need in needs.items():
            shared[home_of(role, having)] += need
        least = min(shared, key=lambda role: shared[role])
        if len(having) == 1 or shared[least] >= ward_numbers()["plan"]["own_wards_from_beds"]:
            return shared
        having = tuple(role for role in having if role != least)


def _shared_out(total: int, needs: Mapping[str, float], wards: Mapping[str, int]) -> dict[str, int]:
    """Return beds by role that add up to the total, in wards neither too small nor too large if possible."""
    fewest, most = (ward_numbers()["plan"][key] for key in ("fewest_beds", "most_beds"))
    beds = {
        role: min(max(round(need), fewest * wards[role]), most * wards[role]) for role, need in needs.items()
    }
    while sum(beds.values()) < total:
        room = [role for role in beds if beds[role] < most * wards[role]] or list(beds)
        beds[max(room, key=lambda role: needs[role] / beds[role])] += 1
    while sum(beds.values()) > total:
        spare = [role for role in beds if beds[role] > fewest * wards[role]] or list(beds)
        beds[min(spare, key=lambda role: needs[role] / beds[role])] -= 1
    return beds


def _even(beds: int, wards: int) -> list[int]:
    least, more = divmod(beds, wards)
    return [least + (number < more) for number in range(wards)]

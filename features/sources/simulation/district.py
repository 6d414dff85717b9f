"""Simulated hospitals of any size: one of over 100,000 admissions is made a district at a time.

A district is a group of sites that share people.  Nobody goes from one district to another, so that each is
simulated by itself, and memory holds one of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pandas as pd

from features.hospital import shipped_facts
from features.sources.simulation.bed import BedPlan, bed_plan
from features.sources.simulation.tables import as_recorded
from features.sources.simulation.world import (
    MOST_AT_ONCE,
    Arguments,
    District,
    World,
    lived_world,
    people_in_pool,
)
from features.tables import Hospital, check

NUMBERS_AN_ADMISSION = 2  # reserved by each admission asked of a district, of which a few more may come


def districts(arguments: Arguments, most: int = MOST_AT_ONCE) -> tuple[Arguments, ...]:
    """Return the arguments of each district of a hospital, as few as do; of a small one, its own.

    A district has at most `most` admissions and at least one site, so that a large hospital of one site
    becomes one of as many sites as districts.  Each has seeds, names and numbers of its own.

    >>> [(part.admissions, part.sites) for part in districts(Arguments(250_000, sites=4))]
    [(83334, 2), (83333, 1), (83333, 1)]
    """
    count = -(-arguments.admissions // most)
    if count == 1:
        return (arguments,)
    parts: list[Arguments] = []
    here = District(number=1, sites_before=0, people_before=0, admissions_before=0)
    admissions, sites = _shares(arguments.admissions, count), _shares(max(arguments.sites, count), count)
    for own_admissions, own_sites in zip(admissions, sites, strict=True):
        part = replace(arguments, admissions=own_admissions, sites=own_sites, district=here)
        parts.append(part)
        here = District(
            number=here.number + 1,
            sites_before=here.sites_before + own_sites,
            people_before=here.people_before + people_in_pool(part),
            admissions_before=here.admissions_before + NUMBERS_AN_ADMISSION * own_admissions,
        )
    return tuple(parts)


def hospitals(parts: Sequence[Arguments]) -> Iterator[Hospital]:
    """Return the tables of each district, checked, made when they are asked for and then forgotten."""
    return map(_hospital, parts)


def whole(parts: Sequence[Arguments]) -> Arguments:
    """Return the arguments of the hospital that districts make, with as many sites as it has."""
    sites, admissions = (sum(getattr(part, name) for part in parts) for name in ("sites", "admissions"))
    return replace(parts[0], admissions=admissions, sites=sites, district=None)


def together(made: Sequence[Hospital], parts: Sequence[Arguments]) -> Hospital:
    """Return the tables of all districts as one hospital's, which needs memory for all of them twice."""
    if len(made) == 1:
        return made[0]
    notes = [f"made of {len(made)} districts, each a group of sites; nobody goes from one to another"]
    return replace(
        made[0],
        admissions=pd.concat([hospital.admissions for hospital in made], ignore_index=True),
        events=pd.concat([hospital.events for hospital in made], ignore_index=True),
        notes=(_about(whole(parts)), *notes, *(note for hospital in made for note in hospital.notes[1:])),
    )


def _shares(total: int, count: int) -> list[int]:
    """Return whole numbers that differ by at most 1 and add up to the total, larger ones first."""
    least, more = divmod(total, count)
    return [least + (number < more) for number in range(count)]


def _hospital(arguments: Arguments) -> Hospital:
    stays, events, notes = _tables(arguments)
    facts = replace(shipped_facts(), nation=arguments.nation)
    where = "the simulated hospital"
    return check(stays, events, facts, source="simulated", dates="comparable", where=where, notes=notes)


def _tables(arguments: Arguments) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Return the tables and notes of a district, and forget its lives, which are as large as the tables."""
    world = lived_world(arguments)
    return *as_recorded(world), [_about(arguments), *_of_beds(world)]


def _about(arguments: Arguments) -> str:
    made = f"{arguments.admissions} admissions, seed {arguments.seed}, {arguments.nation}"
    part = f", district {arguments.district.number}" if arguments.district else ""
    return f"simulated patients: {made}, {arguments.sites} sites, {arguments.days} days{part}"


def _of_beds(world: World) -> list[str]:
    """Return what limits the beds: how many each site has, and how many planned admissions found none."""
    wards, before = bed_plan(world.lives, world.clock).wards, 0
    where = ""
    if world.district:
        before, where = world.district.sites_before, f" in district {world.district.number}"
    plan = BedPlan(tuple(replace(ward, site=ward.site + before) for ward in wards))
    return [
        *plan.notes(),
        f"{world.lives.cancelled:,} planned admissions were cancelled{where} for want of a bed",
    ]

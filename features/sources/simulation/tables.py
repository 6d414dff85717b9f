"""The two tables of a simulated hospital, as its systems held them at the end."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute

from features.columns import EVENT_COLUMNS
from features.sources.simulation.arrival import TRANSFER
from features.sources.simulation.bedside import bedside_events
from features.sources.simulation.clock import Clock
from features.sources.simulation.coding import coding_events, provisional_diagnosis
from features.sources.simulation.course import DIED, SELF_DISCHARGED, TRANSFERRED
from features.sources.simulation.flow import flow_events
from features.sources.simulation.lives import LATER, Lives
from features.sources.simulation.numbers import Array, Rows, codes, drawn, kept
from features.sources.simulation.ward import first_specialty, ward_events
from features.sources.simulation.world import District, World

AFTER_THE_STAY = ("delay_ended", "patient_died", "coded_diagnosis")  # may happen at or after its end
TRANSFER_CODED_AT_HOME = 0.30  # of transfers in, coded as if from home: one-sided coding [Wales: 68.7 % match]
PLACES = ("ward", "bed")


def as_recorded(world: World) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return admissions and events with everything recorded by the end, and nothing recorded after it."""
    clock, stays = world.clock, world.lives.stays
    first = first_specialty(stays, clock.nation, world.streams[0])
    provisional = provisional_diagnosis(stays)
    admissions = _admissions(world, first, provisional, world.streams[1])
    events = [_known(part, admissions, clock) for part in _written(world, first, provisional)]
    known = admissions["admission_recorded"] <= clock.until
    return (
        _admissions_table(kept(admissions, known), clock),
        _events_table(events, admissions["admission_id"], clock),
    )


def admission_ids(stays: Rows) -> Array:
    """Return the id of each stay."""
    return np.array([f"A{value:07d}" for value in stays["number"]], dtype=object)


def _written(world: World, first: Array, provisional: Array) -> Iterator[Rows]:
    """Return everything that was ever written, a few names at a time: together they need much memory."""
    lives, clock, streams = world.lives, world.clock, world.streams
    yield from _of_district(ward_events(lives, clock, clock.nation, first, streams[2]), world.district)
    yield from bedside_events(lives, world.samples, streams[3])
    yield from flow_events(lives, clock, streams[4])
    yield from coding_events(lives, provisional, streams[5])


def _of_district(parts: list[Rows], district: District | None) -> list[Rows]:
    """Return rows about wards and beds whose names no other district has: all begin at W01."""
    if district is None:
        return parts
    return [
        {**part, "text": f"D{district.number}-" + part["text"]} if _name(part) in PLACES else part
        for part in parts
    ]


def _name(part: Rows) -> str:
    return str(part["name"][0]) if len(part["name"]) else ""  # rows written together have one name


def _known(part: Rows, admissions: Rows, clock: Clock) -> Any:
    """Return rows of one event name that are real and recorded by the end, their texts as numbers of texts."""
    stay, name = part["stay"], _name(part)
    # Nobody can write about a stay that the system does not know of.
    recorded = np.maximum(part["recorded"], admissions["admission_recorded"][stay])
    real = (part["happened"] < admissions["ended"][stay]) | (name in AFTER_THE_STAY)
    wanted = real & (recorded <= clock.until)
    minutes = {"stay": stay, "happened": part["happened"], "recorded": recorded}
    return pa.table(
        {
            **{column: values[wanted].astype(np.int32) for column, values in minutes.items()},
            "name": pa.DictionaryArray.from_arrays(np.zeros(wanted.sum(), dtype=np.int32), [name]),
            "number": part["number"][wanted],
            "text": pa.array(part["text"][wanted], pa.string()).dictionary_encode(),
        }
    )


def _admissions(world: World, first: Array, provisional: Array, rng: np.random.Generator) -> Rows:
    lives, district = world.lives, world.district
    stays, people, person = lives.stays, lives.people, lives.stays["person"]
    left = stays["ended"] >= 0
    first_site = 1 + (district.sites_before if district else 0)
    return {
        "admission_id": admission_ids(stays),
        "number": stays["number"],
        "patient_id": np.array([f"P{value:07d}" for value in people["name"][person]], dtype=object),
        "site": np.array([f"SITE{value}" for value in first_site + stays["site"]], dtype=object),
        "admitted": stays["admitted"],
        "admission_recorded": stays["registered"],
        "ended": np.where(left, stays["ended"], LATER),
        "discharge_recorded": np.where(left, stays["end_recorded"], LATER),
        **_ways(lives, world.clock.nation, rng),
        "patient_classification": np.full(len(person), "1", dtype=object),
        "intended_management": np.full(len(person), "1", dtype=object),
        "treatment_function": first,
        "age": stays["age"],
        "sex": people["sex"][person],
        "ethnic_category": people["ethnicity"][person],
        "deprivation_decile": people["decile"][person],
        "usual_residence": people["residence"][person],
        "provisional_diagnosis": provisional,
    }


def _ways(lives: Lives, nation: str, rng: np.random.Generator) -> Rows:
    """Return how each stay came and went, in the nation's codes."""
    stays, count = lives.stays, len(lives.stays["stay"])
    shares = {name: drawn(codes(nation)[name], count, rng) for name in _CODES}
    care_home = lives.people["care_home"][stays["person"]]
    kind, out = stays["kind"], stays["way_out"]
    from_hospital = (kind == TRANSFER) & (rng.random(count) >= TRANSFER_CODED_AT_HOME)
    home = np.where(care_home, shares["to_care_home"], shares["to_home"])
    home = np.where(stays["pathway"] == 2, shares["to_intermediate_care"], home)
    home = np.where((stays["pathway"] == 3) & ~care_home, shares["to_care_home"], home)
    home = np.where(stays["end_of_life"] & ~care_home & (rng.random(count) < 0.5), shares["to_hospice"], home)
    home = np.where(out == SELF_DISCHARGED, shares["to_home"], home)
    return {
        "admission_method": np.choose(kind, [shares["emergency"], shares["elective"], shares["transfer"]]),
        "admission_source": np.where(
            from_hospital,
            shares["from_hospital"],
            np.where(care_home, shares["from_care_home"], shares["from_home"]),
        ),
        "discharge_method": np.where(
            out == DIED,
            shares["died"],
            np.where(out == SELF_DISCHARGED, shares["self_discharged"], shares["alive"]),
        ),
        "discharge_destination": np.where(
            out == DIED, shares["to_death"], np.where(out == TRANSFERRED, shares["to_hospital"], home)
        ),
    }


_CODES = (
    "emergency", "elective", "transfer", "from_home", "from_care_home", "from_hospital", "alive",
    "self_discharged", "died", "to_home", "to_care_home", "to_intermediate_care", "to_hospice",
    "to_hospital", "to_death",
)  # fmt: skip


def _admissions_table(rows: Rows, clock: Clock) -> pd.DataFrame:
    """Return the admissions table; a discharge that is not yet recorded is empty."""
    rows = kept(rows, np.argsort(rows["number"]))
    gone = rows["discharge_recorded"] <= clock.until
    table = pd.DataFrame(
        {
            "admission_id": rows["admission_id"],
            "patient_id": rows["patient_id"],
            "site": rows["site"],
            "admitted_at": clock.instants(rows["admitted"]),
            "admission_recorded_at": clock.instants(rows["admission_recorded"]),
            "discharged_at": clock.instants(np.where(gone, rows["ended"], 0)).where(gone),
            "discharge_recorded_at": clock.instants(np.where(gone, rows["discharge_recorded"], 0)).where(gone),
        }
    )
    rest = [name for name in rows if name in _TEXTS]
    table = table.assign(**{name: pd.Series(rows[name]).astype("str") for name in rest})
    numbers = {name: rows[name].astype(np.float64) for name in ("age", "deprivation_decile")}
    hidden = {name: table[name].where(gone) for name in ("discharge_method", "discharge_destination")}
    return table.assign(**numbers, **hidden)


_TEXTS = (
    "discharge_method", "discharge_destination", "admission_method", "admission_source",
    "patient_classification", "intended_management", "treatment_function", "sex", "ethnic_category",
    "usual_residence", "provisional_diagnosis",
)  # fmt: skip


def _events_table(parts: list[Any], ids: Array, clock: Clock) -> pd.DataFrame:
    """Return the events table in the order in which its rows were recorded."""
    rows = pa.concat_tables(parts).unify_dictionaries().combine_chunks()
    rows = rows.take(np.lexsort([rows["happened"], rows["recorded"]]))
    first = pa.compute.min(rows["happened"]).as_py() or 0
    minutes = clock.instants(np.arange(first, clock.until + 1))  # each is made once
    texts = {name: rows[name].cast(pa.large_string()) for name in ("name", "text")}
    texts["admission_id"] = pa.array(ids, pa.large_string()).take(rows["stay"])
    table = pa.table({**texts, "number": rows["number"]}).to_pandas()
    instants = {
        f"{name}_at": minutes.take(rows[name].to_numpy() - first).set_axis(table.index)
        for name in ("happened", "recorded")
    }
    return table.assign(**instants)[[column.name for column in EVENT_COLUMNS]]

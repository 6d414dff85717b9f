"""The two tables of a simulated hospital, as its systems held them at the end."""

import numpy as np
import pandas as pd

from features.sources.simulation.arrival import TRANSFER
from features.sources.simulation.bedside import bedside_events
from features.sources.simulation.clock import MINUTES_A_DAY, Clock
from features.sources.simulation.coding import coding_events, provisional_diagnosis
from features.sources.simulation.course import DIED, SELF_DISCHARGED, TRANSFERRED
from features.sources.simulation.flow import flow_events
from features.sources.simulation.lives import LATER, Lives
from features.sources.simulation.numbers import Array, Rows, codes, drawn, kept, stacked
from features.sources.simulation.record import discharge_recorded, soon
from features.sources.simulation.ward import first_specialty, ward_events

SATURDAY = 5
AFTER_THE_STAY = ("delay_ended", "patient_died", "coded_diagnosis")  # may happen at or after its end
TRANSFER_CODED_AT_HOME = 0.30  # of transfers in, coded as if from home: one-sided coding [Wales: 68.7 % match]


def as_recorded(
    lives: Lives, clock: Clock, nation: str, streams: list[np.random.Generator]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return admissions and events with everything recorded by the end, and nothing recorded after it."""
    first = first_specialty(lives.stays, nation, streams[0])
    provisional = provisional_diagnosis(lives.stays)
    admissions = _admissions(lives, clock, nation, first, provisional, streams[1])
    known = admissions["admission_recorded"] <= clock.until
    rows = stacked(
        [
            *ward_events(lives, clock, nation, first, streams[2]),
            *bedside_events(lives, streams[3]),
            *flow_events(lives, clock, nation, streams[4]),
            *coding_events(lives, provisional, streams[5]),
        ]
    )
    # Nobody can write about a stay that the system does not know of.
    rows = {**rows, "recorded": np.maximum(rows["recorded"], admissions["admission_recorded"][rows["stay"]])}
    ends = np.where(lives.stays["ended"] >= 0, lives.stays["ended"], LATER)[rows["stay"]]
    real = (rows["happened"] < ends) | np.isin(rows["name"], AFTER_THE_STAY)
    events = kept(rows, real & (rows["recorded"] <= clock.until) & known[rows["stay"]])
    names = admissions["admission_id"]
    return _admissions_table(kept(admissions, known), clock), _events_table(events, names, clock)


def _admissions(
    lives: Lives, clock: Clock, nation: str, first: Array, provisional: Array, rng: np.random.Generator
) -> Rows:
    stays, person = lives.stays, lives.stays["person"]
    left = stays["ended"] >= 0
    ended = np.where(left, stays["ended"], LATER)
    day = np.minimum(ended // MINUTES_A_DAY, len(clock.calendar["day_kind"]) - 1)
    died = left & (stays["way_out"] == DIED)
    registered = soon(stays["admitted"], 8, rng)
    recorded = discharge_recorded(ended, died, clock.calendar["day_kind"][day] >= SATURDAY, rng)
    order = np.lexsort([stays["stay"], stays["admitted"]])  # spells are numbered as they begin
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.arange(1, len(order) + 1)
    people = lives.people
    return {
        "admission_id": np.array([f"A{value:07d}" for value in number], dtype=object),
        "number": number,
        "patient_id": np.array([f"P{value:07d}" for value in people["name"]], dtype=object)[person],
        "site": np.array([f"SITE{value + 1}" for value in range(int(people["site"].max()) + 1)], dtype=object)[
            people["site"][person]
        ],
        "admitted": stays["admitted"],
        "admission_recorded": registered,
        "ended": ended,
        "discharge_recorded": np.maximum(recorded, registered),
        **_ways(lives, nation, rng),
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


def _events_table(rows: Rows, names: Array, clock: Clock) -> pd.DataFrame:
    order = np.lexsort([rows["happened"], rows["recorded"]])
    rows = kept(rows, order)
    return pd.DataFrame(
        {
            "admission_id": pd.array(names, dtype="str").take(rows["stay"]),
            "happened_at": clock.instants(rows["happened"]),
            "recorded_at": clock.instants(rows["recorded"]),
            "name": pd.array(rows["name"], dtype="str"),
            "number": rows["number"],
            "text": pd.array(rows["text"], dtype="str"),
        }
    )

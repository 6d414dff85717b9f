"""Signs in the records themselves of facts that were written, or written again, from what came later."""

from collections.abc import Iterator

import pandas as pd

from features.catalogue import STAY
from features.columns import CANCELLED
from features.hospital import EventName
from features.tables import Hospital
from training.sign import Sign

FEWEST_VALUES = 5  # of a stay, for its first to be the highest of all by more than chance
ALWAYS = 0.97  # of stays; a first mobility is the highest of the stay in 75 %, a first NEWS2 in a third
OFTEN = 0.9  # of stays in which a value changes and ends as it began
AT_TIMES = 0.2  # of stays in which a column of the admission says what became of it
SOME = 0.05  # of stays with a fact that nobody could have known
RIGHT_DATES = 0.6  # clinicians' own dates are exact in 40 to 45 % (Gloucestershire), late ones among them
DAYS_AHEAD = 3
WAITS = 0.005  # of stays; 12 to 14 % wait in England and 2 to 5 % in Scotland
FEWEST_READY = 300

REMEDIES = {
    "late": "take the time at which the ward's system knew it, not that of the stay it belongs to",
    "first": "ask for each value as first entered, with its own time; until then leave the event out",
    "column": "take the column from the first record of the stay, or leave it out",
    "planned": "ask for the history of the date with the time of each change; it was overwritten at the end",
    "residence": "take where the person lived as recorded at admission, not as corrected at discharge",
    "ready": "ask for the criteria as entered day by day, not as filled in from the discharge",
    "delay": "take the time at which the delay was recorded, not the admission's",
}


def record_signs(hospital: Hospital) -> Iterator[Sign]:
    """Yield what the records show by themselves; nothing where the dates of a stay mean nothing."""
    if hospital.dates == "none":
        return
    stays, events = hospital.admissions.set_index("admission_id"), _standing(hospital)
    named = {str(name): rows for name, rows in events.groupby("name", observed=True)}
    for name, rows in named.items():
        event = hospital.facts.events[name]
        if event.known in ("C", "X"):
            yield _known_too_early(event, rows, stays)
        if event.kind in ("number", "code") and event.known not in ("C", "X"):
            yield from _first_values(event, rows, stays)
        if event.kind == "code":
            yield from _columns_of_the_end(event, rows, stays)
        if event.kind == "date":
            yield _dates_that_come_true(event, rows, stays)
    yield _moves_into_care_homes(hospital)
    yield from _readiness(named, stays)


def _standing(hospital: Hospital) -> pd.DataFrame:
    """Return the rows of events that nothing corrected or voided, by stay and time, with one `value` column."""
    events = hospital.events.sort_values(["admission_id", "happened_at", "recorded_at"], kind="stable")
    events = events.drop_duplicates(["admission_id", "name", "happened_at"], keep="last")
    events = events[events["text"] != CANCELLED]
    return events.assign(value=events["text"].astype("object").where(events["number"].isna(), events["number"]))


def _sign(what: str, finding: str, found: pd.Series, stays: pd.DataFrame, limit: float, remedy: str) -> Sign:
    """Return a sign for the share of stays (`found` by admission_id) in which something is so."""
    people = int(stays.loc[found.index, "patient_id"].nunique())
    share = float(found.mean()) if len(found) else 0.0
    return Sign(what, finding, share, limit, people, REMEDIES[remedy])


def _known_too_early(event: EventName, rows: pd.DataFrame, stays: pd.DataFrame) -> Sign:
    left = rows["admission_id"].map(stays["discharged_at"])
    early = (~(rows["recorded_at"] >= left)).groupby(rows["admission_id"]).any()
    words = "recorded before the stay had ended, though known only after it; share of stays"
    return _sign(f"events.{event.name}", words, early, stays, SOME, "late")


def _first_values(event: EventName, rows: pd.DataFrame, stays: pd.DataFrame) -> Iterator[Sign]:
    values = rows.groupby("admission_id")["value"]
    sums = pd.DataFrame({"size": values.size(), "kinds": values.nunique(), "first": values.first()})
    changing = sums["kinds"] > 1
    what, first = f"events.{event.name}", sums["first"]
    same = (first == values.last())[changing]
    yield _sign(what, "ends as it began, share of stays in which it changes", same, stays, OFTEN, "first")
    if event.kind != "number":
        return
    long = changing & (sums["size"] >= FEWEST_VALUES)
    numbers = rows.groupby("admission_id")["number"]
    for word, extreme in (("highest", numbers.max()), ("lowest", numbers.min())):
        found = (first == extreme)[long]
        words = f"the first is the {word} of the whole stay, share of stays with {FEWEST_VALUES} or more"
        yield _sign(what, words, found, stays, ALWAYS, "first")


def _columns_of_the_end(event: EventName, rows: pd.DataFrame, stays: pd.DataFrame) -> Iterator[Sign]:
    values = rows.groupby("admission_id")["value"]
    first, last = values.first(), values.last()
    changed = first.index[first != last]
    for column in (feature.name for feature in STAY if feature.kind == "code" and feature.name in stays):
        told = stays.loc[changed, column]
        if not told.isin(set(rows["value"])).mean() > OFTEN:  # not of the same codes
            continue
        words = f"is the last {event.name} and not the first, share of stays in which that changes"
        end = told == last[changed]
        yield _sign(f"admissions.{column}", words, end, stays, AT_TIMES, "column")


def _dates_that_come_true(event: EventName, rows: pd.DataFrame, stays: pd.DataFrame) -> Sign:
    left = _day(rows["admission_id"].map(stays["discharged_at"]))
    ahead = (left - _day(rows["recorded_at"])).dt.days >= DAYS_AHEAD
    rows, left = rows[ahead].drop_duplicates("admission_id"), left[ahead]
    right = pd.to_datetime(rows["text"], format="%Y-%m-%d") == left[rows.index]
    words = f"is the day of leaving, share of stays with a date made {DAYS_AHEAD} or more days before it"
    found = right.set_axis(rows["admission_id"])
    return _sign(f"events.{event.name}", words, found, stays, RIGHT_DATES, "planned")


def _moves_into_care_homes(hospital: Hospital) -> Sign:
    stays, group = hospital.admissions.set_index("admission_id"), hospital.facts.group
    # A nation has one list of places, for where a person came from and where they went.
    moved = stays["discharge_destination"].isin(group("admission_source", "care_home"))
    lived = stays.loc[moved, "usual_residence"].isin(group("usual_residence", "care_home"))
    words = "is a care home already, share of stays that end in one"
    return _sign("admissions.usual_residence", words, lived, stays, ALWAYS, "residence")


def _readiness(named: dict[str, pd.DataFrame], stays: pd.DataFrame) -> Iterator[Sign]:
    if "criteria_to_reside" not in named:
        return
    criteria = named["criteria_to_reside"]
    ready = criteria[criteria["number"] == 0].drop_duplicates("admission_id").set_index("admission_id")
    waited = (_day(stays["discharged_at"].reindex(ready.index)) - _day(ready["happened_at"])).dt.days.dropna()
    words = "not met for two nights or more before leaving, share of stays that are ever ready"
    found = _sign("events.criteria_to_reside", words, waited >= 2, stays, WAITS, "ready")
    yield Sign(**{**vars(found), "least": FEWEST_READY, "below": True})
    if "delay_began" in named:
        began = named["delay_began"].drop_duplicates("admission_id").set_index("admission_id")
        began = began[began.index.isin(criteria["admission_id"])]
        early = ~(began["happened_at"] >= ready["happened_at"].reindex(began.index))
        words = "begins before anybody was found ready, share of stays with a delay"
        yield _sign("events.delay_began", words, early, stays, SOME, "delay")


def _day(instants: pd.Series) -> pd.Series:
    return instants.dt.tz_localize(None).dt.normalize()

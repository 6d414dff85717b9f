"""MIMIC-IV's hospital tables: a real American hospital, its dates shifted for each patient on their own.

Weekdays and times of day are true, years mean nothing across patients, and a wall clock without a zone is
read as UTC.  Diagnoses are known 14 days after discharge, because MIMIC-IV does not say when they were
coded; a laboratory result is known when it was stored.  Deaths after discharge come from state records, for
a year after a patient's last stay.
"""

from functools import partial
from pathlib import Path

import pandas as pd

from features.hospital import facts_with
from features.sources import event
from features.sources.files import csv_table, given_folder, needed_one_of, together, with_rows
from features.sources.mimic4_codes import (
    ADMISSION_METHOD,
    ADMISSION_SOURCE,
    DIED_DESTINATION,
    DIED_METHOD,
    DISCHARGE_DESTINATION,
    ETHNIC_CATEGORY,
    LAB_EVENTS,
    LEFT_METHOD,
    SELF_DISCHARGE,
    SELF_DISCHARGE_METHOD,
    SEX,
    TRANSFER_LOCATION,
    TRANSFER_METHODS,
    TREATMENT_FUNCTION,
)
from features.tables import Hospital, check

CODED_AFTER = pd.Timedelta(days=14)
STORED_AFTER = pd.Timedelta(days=1)  # if the storage time is missing; of those given, 99 in 100 are within 8 h
DEATH_KNOWN_AFTER = pd.Timedelta(days=1)  # a day of death without an hour is over
FIRST_SERVICE_WITHIN = pd.Timedelta(hours=1)  # later, it is no longer the specialty of the admission
WARD_MOVES = ("ED", "admit", "transfer")
NOT_KNOWN = "99"
COLUMNS = {
    "admissions": (
        "subject_id hadm_id admittime dischtime deathtime admission_type admission_location"
        " discharge_location race hospital_expire_flag"
    ),
    "patients": "subject_id gender anchor_age anchor_year dod",
    "transfers": "hadm_id eventtype careunit intime",
    "services": "hadm_id transfertime curr_service",
    "diagnoses_icd": "hadm_id seq_num icd_code icd_version",
    "labevents": "subject_id hadm_id itemid charttime storetime valuenum valueuom",
}


def read(path: Path | None) -> Hospital:
    """Return the hospital of MIMIC-IV's `hosp` tables (also the demo), given that folder or the one it is in.

    Codes become NHS codes by the tables of `mimic4_codes`, results the contract's units, `dod` and
    `deathtime` the event `patient_died`; ICD-9 diagnoses, results without a number and stays that end
    before they begin are counted in the notes and not used.  Raises DataFault with every missing file and
    column.
    """
    folder = given_folder(path, "mimic4", "MIMIC-IV's hosp/ with admissions.csv.gz")
    hosp = folder / "hosp" if (folder / "hosp").is_dir() else folder
    tables = together(hosp, {name: partial(_table, hosp, name) for name in COLUMNS})
    spells = with_rows(tables["admissions"], hosp / "admissions")
    stays, notes = _stays(spells.merge(tables["patients"], on="subject_id", how="left"))
    stays = stays.assign(treatment_function=_first_service(stays, _of(tables["services"], stays)))
    diagnoses, coding_notes = _diagnoses(_of(tables["diagnoses_icd"], stays))
    results, lab_notes = _results(tables["labevents"], stays)
    events = [
        _wards(_of(tables["transfers"], stays)),
        _services(_of(tables["services"], stays)),
        results,
        diagnoses,
        _deaths(stays),
    ]
    return check(
        stays.drop(columns=["died_at", "died_on"]),
        pd.concat(events, ignore_index=True),
        facts_with({"time_zone": "Etc/UTC"}),
        source="mimic4",
        dates="per_patient",
        where=str(hosp),
        notes=[*notes, *coding_notes, *lab_notes],
    )


def _table(hosp: Path, name: str) -> pd.DataFrame:
    rows = {"itemid": list(LAB_EVENTS)} if name == "labevents" else None
    return csv_table(needed_one_of(hosp, [f"{name}.csv", f"{name}.csv.gz"]), COLUMNS[name].split(), rows)


def _instants(texts: pd.Series) -> pd.Series:
    return pd.to_datetime(texts, errors="coerce", format="ISO8601").dt.tz_localize("UTC").dt.as_unit("us")


def _stays(spells: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return MIMIC-IV's admissions in the contract's columns and codes, with the date of death beside."""
    admitted_at, died_at = _instants(spells["admittime"]), _instants(spells["deathtime"])
    # Some who died have a discharge at the midnight before: they were in their bed until they died.
    left_at = _instants(spells["dischtime"])
    discharged_at = left_at.mask(died_at > left_at, died_at)
    died = spells["hospital_expire_flag"] == "1"
    method = spells["admission_type"].map(ADMISSION_METHOD)
    transferred = spells["admission_location"] == TRANSFER_LOCATION
    left = spells["discharge_location"]
    codes = {
        "admission_method": method.where(~transferred, method.map(TRANSFER_METHODS)),
        "admission_source": spells["admission_location"].map(ADMISSION_SOURCE),
        "discharge_destination": left.map(DISCHARGE_DESTINATION).mask(died, DIED_DESTINATION),
        "ethnic_category": spells["race"].map(ETHNIC_CATEGORY),
    }
    first_year = admitted_at.dt.year - pd.to_numeric(spells["anchor_year"], errors="coerce")
    stays = pd.DataFrame(
        {
            "admission_id": spells["hadm_id"],
            "patient_id": spells["subject_id"],
            "admitted_at": admitted_at,
            "discharged_at": discharged_at,
            "discharge_method": pd.Series(LEFT_METHOD, spells.index)
            .mask(left == SELF_DISCHARGE, SELF_DISCHARGE_METHOD)
            .mask(died, DIED_METHOD),
            **{column: values.fillna(NOT_KNOWN) for column, values in codes.items()},
            "age": pd.to_numeric(spells["anchor_age"], errors="coerce") + first_year,
            "sex": spells["gender"].map(SEX).fillna("X"),
            "died_at": died_at,
            "died_on": _instants(spells["dod"]),
        }
    )
    notes = [
        f"{column}: {values.isna().sum():,} of MIMIC-IV's words are in no table of codes, taken as not known"
        for column, values in codes.items()
        if values.isna().any()
    ]
    backwards = discharged_at < admitted_at
    if backwards.any():
        notes.append(f"{backwards.sum():,} stays that end before they begin are not used")
    return stays[~backwards], notes


def _of(rows: pd.DataFrame, stays: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that belong to a stay, with its facts beside; `hadm_id` becomes `admission_id`."""
    return rows.rename(columns={"hadm_id": "admission_id"}).merge(
        stays[["admission_id", "admitted_at", "discharged_at"]], on="admission_id"
    )


def _first_service(stays: pd.DataFrame, services: pd.DataFrame) -> pd.Series:
    began_at = _instants(services["transfertime"])
    early = services.assign(began_at=began_at)[began_at <= services["admitted_at"] + FIRST_SERVICE_WITHIN]
    first = early.sort_values("began_at").drop_duplicates("admission_id").set_index("admission_id")
    return stays["admission_id"].map(first["curr_service"]).map(TREATMENT_FUNCTION)


def _wards(moves: pd.DataFrame) -> pd.DataFrame:
    moves = moves[moves["eventtype"].isin(WARD_MOVES) & (moves["careunit"] != "")]
    at = _instants(moves["intime"])
    return event.rows("ward", moves["admission_id"], at, at, text=moves["careunit"])


def _services(services: pd.DataFrame) -> pd.DataFrame:
    at = _instants(services["transfertime"])
    return event.rows("specialty", services["admission_id"], at, at, text=services["curr_service"])


def _results(results: pd.DataFrame, stays: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return laboratory results as events of the stay they name or, naming none, were taken in."""
    taken_at = _instants(results["charttime"])
    results = results.assign(
        taken_at=taken_at,
        stored_at=_instants(results["storetime"]).fillna(taken_at + STORED_AFTER),
        number=pd.to_numeric(results["valuenum"], errors="coerce"),
        unit_is_known=results["valueuom"]
        == results["itemid"].map({i: unit for i, (_, unit, _) in LAB_EVENTS.items()}),
    )
    usable = results["number"].notna() & results["unit_is_known"]
    placed = _placed(results[usable], stays)
    kinds = [
        (name, rows, rows["number"] * factor)
        for item, (name, _, factor) in LAB_EVENTS.items()
        for rows in [placed[placed["itemid"] == item]]
    ]
    events = [
        event.rows(name, rows["hadm_id"], rows["taken_at"], rows["stored_at"], number=numbers)
        for name, rows, numbers in kinds
    ]
    notes = [
        f"{count:,} laboratory results {why} are not used"
        for count, why in (
            (results["number"].isna().sum(), "without a number"),
            ((results["number"].notna() & ~results["unit_is_known"]).sum(), "in another unit"),
            (len(results[usable]) - len(placed), "taken outside any stay"),
        )
        if count
    ]
    return pd.concat(events, ignore_index=True), notes


def _placed(results: pd.DataFrame, stays: pd.DataFrame) -> pd.DataFrame:
    """Return the results that belong to a stay: the one they name, or that their patient was in when taken."""
    named = results[results["hadm_id"].isin(stays["admission_id"])]
    nameless = results[(results["hadm_id"] == "") & results["taken_at"].notna()].sort_values("taken_at")
    beds = stays[["patient_id", "admission_id", "admitted_at", "discharged_at"]].sort_values("admitted_at")
    latest = pd.merge_asof(
        nameless, beds, left_on="taken_at", right_on="admitted_at", left_by="subject_id", right_by="patient_id"
    )
    inside = latest[latest["taken_at"] <= latest["discharged_at"]]
    return pd.concat([named, inside.assign(hadm_id=inside["admission_id"])[named.columns]], ignore_index=True)


def _diagnoses(diagnoses: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    tenth = diagnoses["icd_version"] == "10"
    coded = diagnoses[tenth]
    bare = coded["icd_code"].str.strip()
    dotted = (bare.str[:3] + "." + bare.str[3:]).str.rstrip(".")
    left = coded["discharged_at"]
    position = pd.to_numeric(coded["seq_num"], errors="coerce")
    events = event.rows(
        "coded_diagnosis", coded["admission_id"], left, left + CODED_AFTER, number=position, text=dotted
    )
    ninth = diagnoses[~tenth]
    note = (
        f"{len(ninth):,} ICD-9 diagnoses of {ninth['admission_id'].nunique():,} stays are not used:"
        " these stays count as not coded"
    )
    return events, [note] if len(ninth) else []


def _deaths(stays: pd.DataFrame) -> pd.DataFrame:
    """Return each death once, on the stay it ended or else the last one before it, known once it is certain.

    In hospital that is the hour of death; afterwards only the day is known, and it must be over.
    """
    inside = stays[stays["discharge_method"] == DIED_METHOD]
    died_at = inside["died_at"].fillna(inside["discharged_at"])
    after = stays[stays["died_on"].notna() & ~stays["patient_id"].isin(inside["patient_id"])]
    after = after[after["admitted_at"] < after["died_on"] + DEATH_KNOWN_AFTER]
    last = after.sort_values("admitted_at").drop_duplicates("patient_id", keep="last")
    on = last["died_on"].clip(lower=last["discharged_at"])
    known = (last["died_on"] + DEATH_KNOWN_AFTER).clip(lower=last["discharged_at"])
    return pd.concat(
        [
            event.rows("patient_died", inside["admission_id"], died_at, died_at, number=1),
            event.rows("patient_died", last["admission_id"], on, known, number=1),
        ]
    )

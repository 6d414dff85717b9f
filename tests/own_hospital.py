"""A hospital of the contract as somebody else would hold it: other files, columns, codes, dates and layouts."""

import json
from pathlib import Path

import pandas as pd

from features.tables import Hospital

SPECIALTIES = {"300": "General Medicine", "430": "Elderly Medicine", "320": "Cardiology", "340": "Respiratory"}
SEXES = {"1": "M", "2": "F", "9": "U", "X": "NK"}
RESIDENCES = {
    "HOME": "Own home",
    "SHELTERED": "Sheltered",
    "RESIDENTIAL_HOME": "Residential",
    "NURSING_HOME": "Nursing",
    "NO_FIXED_ABODE": "NFA",
    "OTHER": "Other",
}
TESTS = {
    "haemoglobin": "Hb",
    "sodium": "Sodium (serum)",
    "potassium": "Potassium",
    "urea": "Urea",
    "creatinine": "Creatinine",
    "c_reactive_protein": "CRP",
    "white_cells": "WCC",
    "albumin": "Albumin",
    "lactate": "Lactate",
}
CHARTED = {
    "news2": "NEWS2 Total",
    "4at": "4AT",
    "mobility": "Mobility",
    "clinical_frailty_scale": "CFS",
    "care_package": "Visits a day",
    "lives_alone": "Lives alone?",
    "criteria_to_reside": "CtR met",
    "learning_disability": "LD flag",
    "autism": "Autism flag",
    "end_of_life": "EOL",
    "pathway": "D2A Pathway",
    "planned_discharge_on": "EDD",
    "specialty": "Specialty now",
    "delay_attributed": "Delay owner",
}
FLAGS = ("lives_alone", "criteria_to_reside", "learning_disability", "autism", "end_of_life")
BRITISH = "%d/%m/%Y %H:%M"


def write_own_folder(hospital: Hospital, folder: Path) -> None:
    """Write a hospital into a folder in the layouts that a trust's warehouse is likely to have."""
    folder.mkdir(parents=True, exist_ok=True)
    stays, events = hospital.admissions, hospital.events.assign(name=hospital.events["name"].astype("str"))
    _stays(stays, folder)
    _charted(events[events["name"].isin(CHARTED)], folder)
    _results(events[events["name"].isin(TESTS)], folder)
    _moves(events[events["name"].isin(["ward", "bed"])], folder)
    _spells(events, folder)
    _diagnoses(events[events["name"] == "coded_diagnosis"], folder)
    _deaths(events[events["name"] == "patient_died"], folder)
    (folder / "extract.toml").write_text(_mapping(stays, events), "utf-8")


def own_specialties(codes: pd.Series) -> dict[str, str]:
    """Return what the hospital calls each specialty."""
    return {str(code): SPECIALTIES.get(str(code), f"Specialty {code}") for code in codes.dropna().unique()}


def _local(instants: pd.Series, form: str = BRITISH) -> pd.Series:
    return instants.dt.tz_convert("Europe/London").dt.strftime(form)


def _whole(numbers: pd.Series) -> pd.Series:
    return numbers.map(lambda number: "" if pd.isna(number) else f"{number:g}")


def _stays(stays: pd.DataFrame, folder: Path) -> None:
    """Three monthly files of stays in cp1252 with semicolons, and one of people."""
    spells = pd.DataFrame(
        {
            "SpellID": stays["admission_id"],
            "LocalPatientID": stays["patient_id"],
            "Hosp Site": stays["site"],
            "Adm Date": _local(stays["admitted_at"], "%d/%m/%Y"),
            "Adm Time": _local(stays["admitted_at"], "%H:%M"),
            "Adm Entered": _local(stays["admission_recorded_at"]),
            "Date of Discharge": _local(stays["discharged_at"]).fillna("NULL"),
            "Discharge Entered": _local(stays["discharge_recorded_at"]).fillna("NULL"),
            "DisMeth": stays["discharge_method"],
            "DisDest": stays["discharge_destination"],
            "AdmiMeth": stays["admission_method"],
            "AdmiSorc": stays["admission_source"],
            "ClassPat": stays["patient_classification"],
            "IntManig": stays["intended_management"],
            "MainSpec": stays["treatment_function"].map(own_specialties(stays["treatment_function"])),
            "Age on admission": _whole(stays["age"]),
            "Lives in": stays["usual_residence"].map(RESIDENCES),
            "Working Dx": stays["provisional_diagnosis"],
            "Ward clerk's note": "naïve café, £5",
            "HRG": "",
        }
    )
    third = len(spells) // 3 + 1
    for part in range(3):
        own = spells.iloc[part * third : (part + 1) * third]
        own.to_csv(folder / f"PAS_spells_{part + 1}.csv", sep=";", index=False, encoding="cp1252")
    people = stays.drop_duplicates("patient_id")
    pd.DataFrame(
        {
            "PatNo": people["patient_id"],
            "Gender": people["sex"].map(SEXES),
            "Ethnicity": people["ethnic_category"],
            "IMD": _whole(people["deprivation_decile"]),
        }
    ).to_csv(folder / "patients.txt", sep="\t", index=False)


def _keys(table: pd.DataFrame) -> list[str]:
    return ["admission_id", "happened_at", "recorded_at"]


def _charted(events: pd.DataFrame, folder: Path) -> None:
    """A column for each thing charted; a row for each moment of charting."""
    values = events.assign(value=_whole(events["number"]).mask(events["text"].notna(), events["text"]))
    flags = events["name"].isin(FLAGS) & (events["text"] != "cancelled")
    values.loc[flags, "value"] = values.loc[flags, "value"].map({"1": "Y", "0": "N"})
    days = (events["name"] == "planned_discharge_on") & (events["text"] != "cancelled")
    values.loc[days, "value"] = pd.to_datetime(values.loc[days, "text"]).dt.strftime("%d/%m/%Y")
    paths = {"P0": "Home", "P1": "Home with care", "P2": "Bed", "P3": "Care home"}
    values.loc[events["name"] == "pathway", "value"] = values["value"].replace(paths)
    wide = values.pivot(index=_keys(values), columns="name", values="value").reset_index()
    wide = wide.assign(happened_at=_local(wide["happened_at"]), recorded_at=_local(wide["recorded_at"]))
    wide.reindex(columns=[*_keys(wide), *CHARTED]).rename(
        columns={
            "admission_id": "Spell",
            "happened_at": "Obs time",
            "recorded_at": "Filed",
            **CHARTED,
        }
    ).to_csv(folder / "obs.csv.gz", index=False)


def _results(events: pd.DataFrame, folder: Path) -> None:
    """A row for each result, haemoglobin in g/dL, in Parquet with instants as UTC without a zone."""
    dl = events["name"] == "haemoglobin"
    values = _whole(events["number"]).mask(dl, (events["number"] / 10).map("{:.1f}".format))
    pd.DataFrame(
        {
            "spell_id": events["admission_id"],
            "taken": events["happened_at"].dt.tz_convert("Europe/London").dt.tz_localize(None),
            "reported": events["recorded_at"].dt.tz_convert("Europe/London").dt.tz_localize(None),
            "test": events["name"].map(TESTS),
            "result": values.mask(events["text"].notna(), "VOID"),
        }
    ).to_parquet(folder / "labs.parquet")


def _moves(events: pd.DataFrame, folder: Path) -> None:
    """Stays in a ward, with start and end; the next start says the end, which is not needed."""
    wide = events.pivot(index=_keys(events), columns="name", values="text").reset_index()
    ends = wide.groupby("admission_id")["happened_at"].shift(-1)
    pd.DataFrame(
        {
            "Spell": wide["admission_id"],
            "Ward": wide["ward"],
            "Bed": wide["bed"],
            "Start": wide["happened_at"].dt.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "Moved on": ends.dt.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "Entered": wide["recorded_at"].dt.strftime("%Y-%m-%dT%H:%M:%S%z"),
        }
    ).to_csv(folder / "ward_stays.csv", index=False)


def _spells(events: pd.DataFrame, folder: Path) -> None:
    """Delays with start and end in one row."""
    began = events[events["name"] == "delay_began"].copy()
    ended = events[events["name"] == "delay_ended"].copy()
    for table in (began, ended):
        table["turn"] = table.sort_values("happened_at").groupby(["admission_id", "text"]).cumcount()
    both = began.merge(ended, "left", on=["admission_id", "text", "turn"], suffixes=("", "_end"))
    pd.DataFrame(
        {
            "Spell": both["admission_id"],
            "Reason": both["text"],
            "From": _local(both["happened_at"]),
            "From entered": _local(both["recorded_at"]),
            "To": _local(both["happened_at_end"]),
            "To entered": _local(both["recorded_at_end"]),
        }
    ).to_csv(folder / "delays.csv", index=False)


def _diagnoses(events: pd.DataFrame, folder: Path) -> None:
    pd.DataFrame(
        {
            "Spell": events["admission_id"],
            "Seq": _whole(events["number"]),
            "ICD10": events["text"],
            "Coded on": _local(events["recorded_at"]),
            "Stay ended": _local(events["happened_at"]),
        }
    ).to_csv(folder / "diagnoses.csv", index=False)


def _deaths(events: pd.DataFrame, folder: Path) -> None:
    pd.DataFrame(
        {
            "Spell": events["admission_id"],
            "Died": _local(events["happened_at"]),
            "Told": _local(events["recorded_at"]),
        }
    ).to_csv(folder / "deaths.csv", index=False)


def _codes(codes: dict[str, str]) -> str:
    return "\n".join(f"{json.dumps(theirs)} = {json.dumps(ours)}" for ours, theirs in codes.items())


def _mapping(stays: pd.DataFrame, events: pd.DataFrame) -> str:
    flags = "\n".join(f'[events.codes.{name}]\nY = "1"\nN = "0"\ncancelled = "cancelled"' for name in FLAGS)
    charted = "\n".join(f"{name} = {json.dumps(theirs)}" for name, theirs in CHARTED.items())
    voids = "\n".join(f'[events.codes.{name}]\nVOID = "cancelled"\n"*" = "*"' for name in TESTS)
    return f"""
time_zone = "Europe/London"

[files.spells]
path = "PAS_spells_*.csv"
separator = ";"
encoding = "cp1252"
dates = "%d/%m/%Y %H:%M"
empty = ["NULL"]
ignore = ["Ward clerk's note", "HRG"]

[files.patients]
path = "patients.txt"
separator = "\\t"

[files.obs]
path = "obs.csv.gz"
dates = "%d/%m/%Y %H:%M"

[files.labs]
path = "labs.parquet"

[files.wards]
path = "ward_stays.csv"
ignore = ["Moved on"]

[files.delays]
path = "delays.csv"
dates = "%d/%m/%Y %H:%M"

[files.diagnoses]
path = "diagnoses.csv"
dates = "%d/%m/%Y %H:%M"

[files.deaths]
path = "deaths.csv"
dates = "%d/%m/%Y %H:%M"

[[admissions]]
file = "spells"
[admissions.columns]
admission_id = "SpellID"
patient_id = "LocalPatientID"
site = "Hosp Site"
admitted_at = ["Adm Date", "Adm Time"]
admission_recorded_at = "Adm Entered"
discharged_at = "Date of Discharge"
discharge_recorded_at = "Discharge Entered"
discharge_method = "DisMeth"
discharge_destination = "DisDest"
admission_method = "AdmiMeth"
admission_source = "AdmiSorc"
patient_classification = "ClassPat"
intended_management = "IntManig"
treatment_function = "MainSpec"
age = "Age on admission"
usual_residence = "Lives in"
provisional_diagnosis = "Working Dx"
[admissions.codes.treatment_function]
{_codes(own_specialties(stays["treatment_function"]))}
[admissions.codes.usual_residence]
{_codes(RESIDENCES)}

[[admissions]]
file = "patients"
by = "patient_id"
[admissions.columns]
patient_id = "PatNo"
sex = "Gender"
ethnic_category = "Ethnicity"
deprivation_decile = "IMD"
[admissions.codes.sex]
{_codes(SEXES)}

[[events]]
file = "obs"
admission_id = "Spell"
happened_at = "Obs time"
recorded_at = "Filed"
[events.columns]
{charted}
{flags}
[events.codes.pathway]
Home = "P0"
"Home with care" = "P1"
Bed = "P2"
"Care home" = "P3"

[[events]]
file = "labs"
admission_id = "spell_id"
happened_at = "taken"
recorded_at = "reported"
name = "test"
value = "result"
[events.names]
{_codes(TESTS)}
[events.factors]
haemoglobin = 10
{voids}

[[events]]
file = "wards"
admission_id = "Spell"
happened_at = "Start"
recorded_at = "Entered"
[events.columns]
ward = "Ward"
bed = "Bed"

[[events]]
file = "delays"
admission_id = "Spell"
happened_at = "From"
recorded_at = "From entered"
ended_at = "To"
end_recorded_at = "To entered"
[events.columns]
delay_began = "Reason"

[[events]]
file = "diagnoses"
admission_id = "Spell"
happened_at = "Stay ended"
recorded_at = "Coded on"
position = "Seq"
[events.columns]
coded_diagnosis = "ICD10"

[[events]]
file = "deaths"
admission_id = "Spell"
happened_at = "Died"
recorded_at = "Told"
[events.constants]
patient_died = 1
"""

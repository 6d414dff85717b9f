"""The `extract.toml` of that hospital: what its files, columns, codes and dates are called in the contract."""

import json

import pandas as pd

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


def own_specialties(codes: pd.Series) -> dict[str, str]:
    """Return what the hospital calls each specialty."""
    return {str(code): SPECIALTIES.get(str(code), f"Specialty {code}") for code in codes.dropna().unique()}


def _codes(codes: dict[str, str]) -> str:
    return "\n".join(f"{json.dumps(theirs)} = {json.dumps(ours)}" for ours, theirs in codes.items())


def mapping_text(stays: pd.DataFrame, events: pd.DataFrame) -> str:
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

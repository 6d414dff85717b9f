"""UCI "Diabetes 130-US hospitals 1999-2008" (Strack et al. 2014, doi 10.1155/2014/781670).

What it cannot do: it holds no dates.  The instants given here keep the order of a patient's stays and their
length in whole days, and mean nothing else: no calendar, no time between stays, no occupancy, no ready
date.  The order itself is that of `encounter_id`, which is rough.  Its own outcome columns are the only
outcomes: readmission within 30 days for any cause, and days of stay (1 to 14).
"""

import tomllib
from functools import cache, partial
from pathlib import Path
from typing import Any

import pandas as pd

from features.errors import DataFault
from features.faults import Faults
from features.hospital import Facts, facts_with
from features.sources import event
from features.sources.files import csv_table, given_folder, needed_one_of, with_rows
from features.tables import Hospital, check

FIRST_STAY_AT = pd.Timestamp("2000-01-01", tz="UTC")  # invented: every patient's first stay begins here
BETWEEN_STAYS = pd.Timedelta(days=366)  # invented: and the next one a year later, which keeps the order
CODED_AFTER = pd.Timedelta(days=1)  # invented: codes follow the discharge
KNOWN_AT_ONCE = pd.Timedelta(0)
MISSING = "?"
READMITTED = {"<30": True, ">30": False, "NO": False}
DIED, HOSPICE = ("11", "19", "20", "21"), ("13", "14")  # discharge dispositions without a readmission outcome
SEX = {"Male": "1", "Female": "2", "Unknown/Invalid": "X"}
AGE_BAND = r"\[(\d+)-(\d+)\)"
FLAGS = {"Yes": 1, "Ch": 1, "No": 0}
DOSES = {"Steady": "steady", "Up": "up", "Down": "down"}  # "No" means not given
DRUGS = (
    *("metformin", "repaglinide", "nateglinide", "chlorpropamide", "glimepiride", "acetohexamide", "glipizide"),
    *("glyburide", "tolbutamide", "pioglitazone", "rosiglitazone", "acarbose", "miglitol", "troglitazone"),
    *("tolazamide", "examide", "citoglipton", "insulin", "glyburide-metformin", "glipizide-metformin"),
    *("glimepiride-pioglitazone", "metformin-rosiglitazone", "metformin-pioglitazone"),
)
NUMBERS_AT_ADMISSION = {
    "outpatient_visits_prior_year": "number_outpatient",
    "emergency_visits_prior_year": "number_emergency",
    "inpatient_stays_prior_year": "number_inpatient",
}
CODES_AT_ADMISSION = {
    "admitting_specialty": "medical_specialty",
    "payer": "payer_code",
    "weight_band": "weight",
}
NUMBERS_AT_DISCHARGE = {
    "lab_procedures": "num_lab_procedures",
    "procedures": "num_procedures",
    "medications": "num_medications",
    "diagnoses_count": "number_diagnoses",
}
RESULTS = {"hba1c_result": "A1Cresult", "glucose_result": "max_glu_serum"}
NOT_MEASURED = "None"
FLAGS_AT_DISCHARGE = {"medication_changed": "change", "on_diabetes_medication": "diabetesMed"}
DIAGNOSES = ("diag_1", "diag_2", "diag_3")
NUMBERS = ("encounter_id", "time_in_hospital", *NUMBERS_AT_ADMISSION.values(), *NUMBERS_AT_DISCHARGE.values())
COLUMNS = (
    *("patient_nbr", "race", "gender", "age", "admission_type_id", "admission_source_id"),
    *("discharge_disposition_id", "readmitted"),
    *(*NUMBERS, *CODES_AT_ADMISSION.values(), *RESULTS.values(), *FLAGS_AT_DISCHARGE.values()),
    *(*DIAGNOSES, *DRUGS),
)


def read(path: Path | None) -> Hospital:
    """Return the hospital of the folder with `diabetic_data.csv` or `.csv.gz`; its dates keep order only.

    `outcomes` holds a row for each admission, in the order of `admissions`: `admission_id`, `readmitted`
    (the label is "<30"; missing where the person died or went to a hospice) and `stay_days`.  What is known
    at discharge is recorded then, coded diagnoses a day later.  The label of a stay before another one is
    known only if it is "<30", as the event `readmitted_within_30_days` recorded when the next stay begins:
    "NO" before another stay is knowledge of the future.  Raises DataFault with every fault of the file.
    """
    folder = given_folder(path, "diabetes130", "diabetic_data.csv.gz")
    file = needed_one_of(folder, ["diabetic_data.csv", "diabetic_data.csv.gz"])
    encounters = with_rows(csv_table(file, COLUMNS), file)
    encounters = encounters.mask(encounters == MISSING)
    faults = _faults(encounters)
    if faults.found:
        raise DataFault(str(file), faults.found)
    encounters = encounters.astype(dict.fromkeys(NUMBERS, "int64")).sort_values("encounter_id")
    outcomes = _outcomes(encounters)
    admissions = _admissions(encounters)
    return check(
        admissions,
        pd.concat(_events(encounters, admissions), ignore_index=True),
        own_facts(),
        source="diabetes130",
        dates="none",
        outcomes=outcomes,
        where=str(file),
        notes=[
            "there are no dates: instants keep the order of a patient's stays and nothing else",
            f"{outcomes['readmitted'].isna().sum():,} stays ended in death or a hospice: no outcome",
        ],
    )


@cache
def own_facts() -> Facts:
    """Return the shipped facts with this source's own event names, in a time zone without clock changes."""
    drugs = {
        _drug_event(drug): {
            "words": drug.replace("-", " with ").capitalize(),
            "kind": "code",
            "codes": list(DOSES.values()),
            "known": "X",
            "theme": "diabetes medicines",
        }
        for drug in DRUGS
    }
    return facts_with({"time_zone": "Etc/UTC", "events": {**_own()["events"], **drugs}})


@cache
def _own() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


def _drug_event(drug: str) -> str:
    return "drug_" + drug.replace("-", "_")


def _faults(encounters: pd.DataFrame) -> Faults:
    """Note every row with a value that the file's own description does not know."""
    faults = Faults("diabetic_data")
    for column in NUMBERS:
        values = encounters[column]
        odd = ~values.str.fullmatch(r"\d+").fillna(False).astype(bool)
        faults.rows(values.index[odd], f"{column} must be a whole number", values)
    words: dict[str, list[str]] = {
        "readmitted": list(READMITTED),
        "gender": list(SEX),
        **{column: list(FLAGS) for column in FLAGS_AT_DISCHARGE.values()},
        **{drug: ["No", *DOSES] for drug in DRUGS},
    }
    for column, known in words.items():
        values = encounters[column]
        faults.rows(values.index[~values.isin(known)], f"{column} must be one of {', '.join(known)}", values)
    ages = encounters["age"]
    odd = ~ages.str.fullmatch(AGE_BAND).fillna(False).astype(bool)
    faults.rows(ages.index[odd], "age must be a band such as [70-80)", ages)
    return faults


def _outcomes(encounters: pd.DataFrame) -> pd.DataFrame:
    eligible = ~encounters["discharge_disposition_id"].isin([*DIED, *HOSPICE])
    return pd.DataFrame(
        {
            "admission_id": encounters["encounter_id"].astype("str"),
            "readmitted": encounters["readmitted"].map(READMITTED).astype("boolean").where(eligible),
            "stay_days": encounters["time_in_hospital"],
        }
    ).reset_index(drop=True)


def _admissions(encounters: pd.DataFrame) -> pd.DataFrame:
    earlier = encounters.groupby("patient_nbr").cumcount()
    admitted_at = FIRST_STAY_AT + earlier * BETWEEN_STAYS
    left = encounters["discharge_disposition_id"]
    band = encounters["age"].str.extract(AGE_BAND).astype("float64")
    return pd.DataFrame(
        {
            "admission_id": encounters["encounter_id"].astype("str"),
            "patient_id": encounters["patient_nbr"],
            "admitted_at": admitted_at,
            "discharged_at": admitted_at + pd.to_timedelta(encounters["time_in_hospital"], unit="D"),
            "discharge_method": _coded(left, "discharge_disposition", "method", "9"),
            "discharge_destination": _coded(left, "discharge_disposition", "destination", "99"),
            "admission_method": _coded(encounters["admission_type_id"], "admission_type", "method", "99"),
            "admission_source": _coded(encounters["admission_source_id"], "admission_source", "source", "99"),
            "age": (band[0] + band[1]) // 2,
            "sex": encounters["gender"].map(SEX),
            "ethnic_category": encounters["race"].map(_own()["race"]).fillna("99"),
        }
    )


def _coded(ids: pd.Series, table: str, key: str, unknown: str) -> pd.Series:
    return ids.map({identity: entry[key] for identity, entry in _own()[table].items()}).fillna(unknown)


def _events(encounters: pd.DataFrame, admissions: pd.DataFrame) -> list[pd.DataFrame]:
    at_admission = partial(_rows, admissions, admissions["admitted_at"])
    at_discharge = partial(_rows, admissions, admissions["discharged_at"])
    words = {
        name: ids.map({identity: entry["words"] for identity, entry in _own()[table].items()}).fillna(ids)
        for name, ids, table in (
            ("admission_type", encounters["admission_type_id"], "admission_type"),
            ("admission_source_group", encounters["admission_source_id"], "admission_source"),
            ("discharge_disposition", encounters["discharge_disposition_id"], "discharge_disposition"),
        )
    }
    left_to = words.pop("discharge_disposition")
    return [
        *(at_admission(name, number=encounters[column]) for name, column in NUMBERS_AT_ADMISSION.items()),
        *(at_admission(name, text=encounters[column]) for name, column in CODES_AT_ADMISSION.items()),
        *(at_admission(name, text=texts) for name, texts in words.items()),
        at_discharge("discharge_disposition", text=left_to),
        *(at_discharge(name, number=encounters[column]) for name, column in NUMBERS_AT_DISCHARGE.items()),
        *(
            at_discharge(name, number=encounters[column].map(FLAGS))
            for name, column in FLAGS_AT_DISCHARGE.items()
        ),
        *(at_discharge(name, text=_measured(encounters[column])) for name, column in RESULTS.items()),
        *(at_discharge(_drug_event(drug), text=encounters[drug].map(DOSES)) for drug in DRUGS),
        *_diagnoses(encounters, admissions),
        _readmissions(encounters, admissions),
    ]


def _rows(
    admissions: pd.DataFrame,
    at: pd.Series,
    name: str,
    *,
    later: pd.Timedelta = KNOWN_AT_ONCE,
    **value: pd.Series,
) -> pd.DataFrame:
    """Return an event for each stay that has the value, which is `number` or `text`."""
    [values] = value.values()
    known = values.notna()
    ids, given = admissions.loc[known, "admission_id"], dict.fromkeys(value, values[known])
    return event.rows(name, ids, at[known], at[known] + later, **given)


def _measured(results: pd.Series) -> pd.Series:
    return results.mask(results == NOT_MEASURED)


def _diagnoses(encounters: pd.DataFrame, admissions: pd.DataFrame) -> list[pd.DataFrame]:
    left = admissions["discharged_at"]
    return [
        _rows(admissions, left, "coded_icd9", text=encounters[column], later=CODED_AFTER).assign(
            number=position
        )
        for position, column in enumerate(DIAGNOSES, start=1)
    ]


def _readmissions(encounters: pd.DataFrame, admissions: pd.DataFrame) -> pd.DataFrame:
    """Return the labels that may be known: "<30" of a stay that another one follows, from then on."""
    next_began_at = admissions.groupby("patient_id")["admitted_at"].shift(-1)
    known = next_began_at.where(encounters["readmitted"].map(READMITTED).astype(bool)).dropna()
    ids = admissions.loc[known.index, "admission_id"]
    return event.rows("readmitted_within_30_days", ids, known, known, number=1)

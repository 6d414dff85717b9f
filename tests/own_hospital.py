"""A hospital of the contract as somebody else would hold it: other files, columns, codes, dates and layouts."""

from pathlib import Path

import pandas as pd

from features.tables import Hospital
from tests.own_mapping import CHARTED, FLAGS, RESIDENCES, SEXES, TESTS, mapping_text, own_specialties

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
    (folder / "extract.toml").write_text(mapping_text(stays, events), "utf-8")


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

"""The small simulated hospital as HES would hold it, since real HES rows are not free."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

if TYPE_CHECKING:
    from features.tables import Hospital


@pytest.fixture(scope="session")
def hes_folder(small_hospital: "Hospital", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a HES file in which each stay of the small hospital is one episode."""
    folder = tmp_path_factory.mktemp("hes")
    as_hes(small_hospital).to_csv(folder / "apc.csv.gz", index=False)
    return folder


def as_hes(hospital: "Hospital") -> pd.DataFrame:
    """Return each stay as one episode of HES, with days for instants and the columns' HES names."""
    stays = hospital.admissions
    admitted, left = (stays[name].dt.strftime("%Y-%m-%d") for name in ("admitted_at", "discharged_at"))
    still_in = left.isna()
    ended = stays["discharged_at"].fillna(hospital.observed_until)
    began = ended.dt.year - (ended.dt.month < 4)
    coded = hospital.events[hospital.events["name"] == "coded_diagnosis"]
    codes = coded["text"].str.replace(".", "").str.ljust(4, "X")
    listed = coded.assign(code=codes).drop_duplicates(["admission_id", "number"])
    listed = listed.pivot(index="admission_id", columns="number", values="code")
    listed.columns = [f"DIAG_4_{int(position):02d}" for position in listed.columns]
    same = {
        "ADMISORC": "admission_source",
        "INTMANIG": "intended_management",
        "ETHNOS": "ethnic_category",
        "TRETSPEF": "treatment_function",
        "CLASSPAT": "patient_classification",
        "ADMIMETH": "admission_method",
        "SEX": "sex",
    }
    episodes = pd.DataFrame(
        {
            **{name: stays[column] for name, column in same.items()},
            "FYEAR": (began % 100).astype(str).str.zfill(2) + ((began + 1) % 100).astype(str).str.zfill(2),
            "EPIKEY": stays["admission_id"],
            "PSEUDO_HESID": stays["patient_id"],
            "PROCODE3": "RAA",
            "SITETRET": "RAA01",
            **dict.fromkeys(("ADMIDATE", "EPISTART"), admitted),
            **dict.fromkeys(("DISDATE", "EPIEND"), left),
            "EPIORDER": 1,
            "EPITYPE": 1,
            "EPISTAT": still_in.map({True: 1, False: 3}),
            "DISMETH": stays["discharge_method"].fillna("8"),
            "DISDEST": stays["discharge_destination"].fillna("98"),
            "STARTAGE": stays["age"].mask(stays["age"] == 0, 7005).astype(int),
            "IMD04_DECILE": stays["deprivation_decile"].astype("Int64"),
        }
    )
    return episodes.join(listed, on="EPIKEY")

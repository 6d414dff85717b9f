"""What coders wrote about stays: how much, the main diagnosis, and frailty as the published score reads it."""

import numpy as np
import pandas as pd

from features.comorbidity import frailty_tenths, three_characters
from features.sources.simulation.estimate import Estimate, Numbers, People
from features.tables import Hospital

FRAILTY_AGE = 75  # Gilbert et al. 2018 validated the score from this age
LOOK_BACK = pd.Timedelta(days=730)
LOW, HIGH = 50, 150  # tenths: below the first is low, above the second high
CHAPTERS = (  # first category of each, ICD-10
    "A00", "C00", "D50", "E00", "F00", "G00", "H00", "H60", "I00", "J00", "K00", "L00", "M00", "N00", "O00",
    "P00", "Q00", "R00", "S00", "U00", "V00", "Z00",
)  # fmt: skip


def coding(hospital: Hospital, people: People) -> dict[str, Estimate]:
    """Return codes a coded stay, and the bands of the Hospital Frailty Risk Score of emergencies from 75."""
    count = np.bincount(_codes(hospital)["row"], minlength=len(hospital.admissions))
    tenths = coded_frailty(hospital)
    known = ~np.isnan(tenths)
    return {
        "codes_a_stay": people.mean(count, count > 0),
        "frailty_score_low": people.mean(tenths < LOW, known),
        "frailty_score_high": people.mean(tenths > HIGH, known),
    }


def main_diagnoses(hospital: Hospital) -> dict[str, Numbers]:
    """Return the category (three characters) and chapter of each stay's main diagnosis; empty where not coded.

    A chapter is named by its first category.
    """
    codes = _codes(hospital)
    first = codes[codes["position"] == 1].drop_duplicates("row", keep="last")
    category = np.full(len(hospital.admissions), "", dtype="U3")
    category[first["row"]] = first["category"].fillna("").to_numpy(str)
    chapter = np.array(["", *CHAPTERS])[np.searchsorted(CHAPTERS, category, side="right")]
    return {"category": category, "chapter": chapter}


def coded_frailty(hospital: Hospital) -> Numbers:
    """Return the Hospital Frailty Risk Score of each stay in tenths; NaN unless a coded emergency from 75 on.

    As Gilbert et al. 2018 score it: distinct categories over the stay's own codes, which are known only
    afterwards, and those of emergency stays that ended in the two years before.
    """
    stays = hospital.admissions
    emergency = stays["admission_method"].isin(hospital.facts.group("admission_method", "emergency"))
    codes = _codes(hospital)
    coded = np.bincount(codes["row"], minlength=len(stays)) > 0
    each = stays[["patient_id", "admitted_at", "discharged_at"]].assign(row=np.arange(len(stays)))[emergency]
    asked = each[(stays["age"] >= FRAILTY_AGE)[emergency] & coded[each["row"]]]
    pairs = asked.merge(each, on="patient_id", suffixes=("", "_of"))
    gap = pairs["admitted_at"] - pairs["discharged_at_of"]
    counts = (pairs["row"] == pairs["row_of"]) | ((gap >= pd.Timedelta(0)) & (gap <= LOOK_BACK))
    scored = codes.assign(tenths=codes["category"].map(frailty_tenths(codes["category"]))).dropna(
        subset="tenths"
    )
    points = pairs.loc[counts, ["row", "row_of"]].merge(
        scored[["row", "category", "tenths"]].rename(columns={"row": "row_of"}), on="row_of"
    )
    once = points.drop_duplicates(["row", "category"])
    total = np.bincount(once["row"], weights=once["tenths"].astype("float64"), minlength=len(stays))
    known = np.isin(np.arange(len(stays)), asked["row"])
    return np.where(known, total, np.nan)


def _codes(hospital: Hospital) -> pd.DataFrame:
    """Return the coded diagnoses: `row` of the stay in the admissions, `position` and `category`."""
    coded = hospital.events[hospital.events["name"] == "coded_diagnosis"]
    rows = pd.Index(hospital.admissions["admission_id"]).get_indexer(pd.Index(coded["admission_id"]))
    category = three_characters(coded["text"]).to_numpy()
    return pd.DataFrame({"row": rows, "position": coded["number"].to_numpy(), "category": category})

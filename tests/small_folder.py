"""A small folder of somebody's own files with its mapping, and what Homeward says of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

import features
from features.errors import MappedFault
from features.tables import Hospital

SPELLS = """\
Spell,Pat,In,Out,Method,Gender,Age,Specialty
S1,P1,05/01/2026 14:20,09/01/2026 16:05,21,F,81,Cardiology
S2,P2,06/01/2026 09:10,,21,M,67,Cardiology
"""
OBS = """\
Spell,Taken,Filed,NEWS,Alone
S1,05/01/2026 15:10,05/01/2026 15:22,5,Y
S2,06/01/2026 10:00,06/01/2026 10:15,2,N
"""
MAPPING = """\
time_zone = "Europe/London"
[files.spells]
path = "spells.csv"
dates = "%d/%m/%Y %H:%M"
[files.obs]
path = "obs.csv"
dates = "%d/%m/%Y %H:%M"
[[admissions]]
file = "spells"
[admissions.columns]
admission_id = "Spell"
patient_id = "Pat"
admitted_at = "In"
discharged_at = "Out"
admission_method = "Method"
sex = "Gender"
age = "Age"
treatment_function = "Specialty"
[admissions.codes.sex]
F = "2"
M = "1"
[admissions.codes.treatment_function]
Cardiology = "320"
[[events]]
file = "obs"
admission_id = "Spell"
happened_at = "Taken"
recorded_at = "Filed"
[events.columns]
news2 = "NEWS"
lives_alone = "Alone"
[events.codes.lives_alone]
Y = "1"
N = "0"
"""
Folder = Callable[..., Path]


def read(folder: Path) -> Hospital:
    return features.read("extract", folder)


def told(folder: Path) -> str:
    with pytest.raises(MappedFault) as caught:
        read(folder)
    return str(caught.value)


def with_rows(content: str, *rows: str) -> str:
    return content + "".join(f"{row}\n" for row in rows)

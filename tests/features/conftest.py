"""Small HES files: episodes given by what differs from an ordinary one."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from subprocess import CompletedProcess

import pandas as pd
import pytest

import features
from features.errors import DataFault
from features.tables import Hospital
from tests.small_folder import MAPPING, OBS, SPELLS

EPISODE = {
    "FYEAR": "2425",
    "PSEUDO_HESID": "PERSON1",
    "PROCODE3": "RAA",
    "ADMIDATE": "2024-05-06",
    "DISDATE": "2024-05-10",
    "EPISTART": "2024-05-06",
    "EPIEND": "2024-05-10",
    "EPIORDER": "1",
    "EPISTAT": "3",
    "EPITYPE": "1",
    "CLASSPAT": "1",
    "INTMANIG": "8",
    "ADMIMETH": "21",
    "ADMISORC": "19",
    "DISMETH": "1",
    "DISDEST": "19",
    "SEX": "2",
    "STARTAGE": "81",
    "ETHNOS": "A",
    "IMD04_DECILE": "More deprived 10-20%",
    "TRETSPEF": "300",
    "MAINSPEF": "300",
    "SITETRET": "RAA01",
    "SUBDATE": "",
    "DIAG_4_01": "J189",
    "DIAG_4_02": "I10X",
    "DIAG_4_03": "-",
}
Row = Mapping[str, str]


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., CompletedProcess[str]]:
    """Return a function that runs `python -m features` in this process: a new one imports for seconds."""

    def ended(*words: object) -> CompletedProcess[str]:
        from features.__main__ import main

        monkeypatch.setattr(sys, "argv", ["features", *map(str, words)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        return CompletedProcess(words, int(left.value.code or 0), *capfd.readouterr())

    return ended


@pytest.fixture
def hes_frame() -> Callable[..., pd.DataFrame]:
    """Return a function that makes a table of HES episodes, with what HES itself derives of them."""
    return frame


@pytest.fixture
def hes_folder(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes episodes to a folder, or each file's bytes or table under its name."""

    def written(*rows: Row, **files: bytes | pd.DataFrame) -> Path:
        for name, content in (files or {"apc": frame(*rows)}).items():
            content = content if isinstance(content, bytes) else content.to_csv(index=False).encode()
            (tmp_path / f"{name}.csv").write_bytes(content)
        return tmp_path

    return written


@pytest.fixture
def hes(hes_folder: Callable[..., Path]) -> Callable[..., Hospital]:
    """Return a function that gives the hospital of episodes or files."""
    return lambda *rows, **files: features.read("hes", hes_folder(*rows, **files))


@pytest.fixture
def hes_fault(hes_folder: Callable[..., Path]) -> Callable[..., str]:
    """Return a function that gives the report of what is wrong with episodes or files."""

    def report(*rows: Row, **files: bytes | pd.DataFrame) -> str:
        with pytest.raises(DataFault) as raised:
            features.read("hes", hes_folder(*rows, **files))
        return str(raised.value)

    return report


def days(row: Row, first: str, last: str) -> str:
    ends = pd.to_datetime(pd.Series([row[first], row[last]]), errors="coerce")
    gap = (ends[1] - ends[0]).days
    return "" if pd.isna(gap) else str(gap)


def frame(*rows: Row) -> pd.DataFrame:
    """Return episodes, each given by what differs from an ordinary one, with what HES derives itself."""
    whole = [{**EPISODE, "EPIKEY": f"KEY{number}", **row} for number, row in enumerate(rows, start=1)]
    derived = [
        {
            "EPIDUR": days(row, "EPISTART", "EPIEND"),
            "SPELDUR": days(row, "ADMIDATE", "DISDATE"),
            "SPELEND": "N" if row["DISMETH"] == "8" else "Y",
            "SPELBGIN": "2" if row["EPIORDER"] == "1" else "0",
        }
        for row in whole
    ]
    return pd.DataFrame([{**more, **row} for more, row in zip(derived, whole, strict=True)])


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes the small folder, with other texts or bytes for some of its files."""

    def written(mapping: str = MAPPING, **files: str | bytes) -> Path:
        content = {"spells.csv": SPELLS, "obs.csv": OBS, **files, "extract.toml": mapping}
        for name, text in content.items():
            (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return tmp_path

    return written

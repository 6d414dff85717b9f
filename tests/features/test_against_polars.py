"""The feature table has the values of the same table hand-written in Polars, which shares no code with it."""

import runpy
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

from features.snapshot import at_moments
from features.state import STATE_COLUMNS
from features.table import feature_table
from features.tables import Hospital

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
ours = runpy.run_path(str(BENCHMARKS / "feature_table.py"))
theirs = runpy.run_path(str(BENCHMARKS / "polars_table.py"))
random_hospital = runpy.run_path(str(Path(__file__).with_name("test_time_travel.py")))["random_hospital"]


def in_polars(table: pd.DataFrame, file: Path) -> pl.DataFrame:
    """The table as Polars reads it: through Parquet, so that missing is missing."""
    table.to_parquet(file)
    return pl.read_parquet(file)


def made_twice(hospital: Hospital, moments: pd.DataFrame, folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = at_moments(hospital, moments)
    tables = (hospital.admissions, hospital.events, moments)
    by_hand = theirs["feature_table"](*(in_polars(table, folder / "table.parquet") for table in tables))
    by_hand.write_parquet(folder / "made.parquet")
    return feature_table(rows, hospital, rows["at"]), pd.read_parquet(folder / "made.parquet")


@pytest.fixture(scope="module")
def both(
    small_hospital: Hospital, tmp_path_factory: pytest.TempPathFactory
) -> tuple[pd.DataFrame, pd.DataFrame]:
    moments = ours["moments_of"](small_hospital)
    return made_twice(small_hospital, moments, tmp_path_factory.mktemp("polars"))


def test_every_value_is_the_one_written_by_hand(both: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    table, by_hand = both
    assert set(table) - set(by_hand) == set(STATE_COLUMNS)
    assert ours["differing"](table, by_hand) == []


@pytest.mark.parametrize("seed", range(5))
def test_late_corrected_and_void_records_give_the_values_written_by_hand(seed: int, tmp_path: Path) -> None:
    hospital = random_hospital(seed)
    stays = hospital.admissions
    moments = pd.concat(
        [stays[["admission_id"]].assign(at=stays["admitted_at"] + pd.Timedelta(hours=h)) for h in (12, 50, 97)]
    )
    assert ours["differing"](*made_twice(hospital, moments.reset_index(drop=True), tmp_path)) == []


@pytest.mark.parametrize("name", ["news2", "charlson", "ward", "delay_began_hours"])
def test_one_wrong_value_is_seen(both: tuple[pd.DataFrame, pd.DataFrame], name: str) -> None:
    table, by_hand = both
    values = by_hand[name].tolist()
    place = next(place for place, value in enumerate(values) if not pd.isna(value))
    values[place] = "W99" if name == "ward" else values[place] + 1
    assert ours["differing"](table, by_hand.assign(**{name: values})) == [name]

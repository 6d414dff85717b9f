"""The data of a run as MLflow's datasets: where they are, their digest, columns and counts, and never a row."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from features.tables import Hospital
from training.tracking import Run, client_of

DIGEST_SHOWN = 32  # characters; MLflow takes at most 36
FEWEST_COUNTED = 10  # fewer people are said as fewer, not how many


def log_data(run: Run, hospital: Hospital, path: Path | None, digest: str, doing: str) -> None:
    """Log the two tables of a hospital as inputs of a run; `doing` is what for, such as "fit".

    `digest` is that of all tables together (`training.lineage.tables_digest`), of which MLflow takes the
    beginning.  Profiles are counts, shares and the days covered.
    """
    from mlflow.entities import Dataset, DatasetInput, InputTag

    source = json.dumps({"uri": str(path) if path else hospital.source, "source": hospital.source})
    inputs = [
        DatasetInput(
            Dataset(
                name=f"{hospital.source} {name}",
                digest=digest[:DIGEST_SHOWN],
                source_type="local",
                source=source,
                schema=json.dumps({"mlflow_colspec": _columns(table)}),
                profile=json.dumps(profile),
            ),
            tags=[InputTag("mlflow.data.context", doing)],
        )
        for name, table, profile in (
            ("admissions", hospital.admissions, _admissions(hospital)),
            ("events", hospital.events, _events(hospital)),
        )
    ]
    client_of(run.home).log_inputs(run.run_id, datasets=inputs)


def _columns(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {"name": str(name), "type": _type(values), "required": not bool(values.isna().any())}
        for name, values in table.items()
    ]


def _type(values: pd.Series) -> str:
    """Return what MLflow calls a column's type."""
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return "datetime"
    return "double" if pd.api.types.is_numeric_dtype(values) else "string"


def _admissions(hospital: Hospital) -> dict[str, Any]:
    stays = hospital.admissions
    comparable = hospital.dates == "comparable"
    return {
        "num_rows": len(stays),
        "num_patients": int(stays["patient_id"].nunique()),
        "first_day": f"{stays['admitted_at'].min():%Y-%m-%d}" if comparable else None,
        "last_day": f"{hospital.observed_until:%Y-%m-%d}" if comparable else None,
        "recorded_share": _recorded(stays),
    }


def _events(hospital: Hospital) -> dict[str, Any]:
    counts = hospital.events["name"].value_counts()
    return {
        "num_rows": len(hospital.events),
        "rows_by_name": {
            str(name): int(count) if count >= FEWEST_COUNTED else f"fewer than {FEWEST_COUNTED}"
            for name, count in sorted(counts.items())
            if count
        },
        "recorded_share": _recorded(hospital.events),
    }


def _recorded(table: pd.DataFrame) -> dict[str, float]:
    return {str(name): round(float(share), 3) for name, share in table.notna().mean().items()}

"""Simulated patients: a hospital from a seed, or one that was simulated before and written to a folder."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from features.errors import DataFault
from features.sources.simulation import simulate
from features.tables import Hospital

ADMISSIONS = 20_000
SEED = 1
PARAMETERS_FILE = "simulation.json"


def read(path: Path | None) -> Hospital:
    """Return the hospital in a folder that `training simulate` wrote, or 20,000 admissions of seed 1.

    A folder is read as any extract is; its `simulation.json`, the arguments of `simulate`, goes into the
    notes, so that a report can say which simulation it speaks of.
    """
    if path is None:
        return simulate(ADMISSIONS, seed=SEED)
    from features.sources import extract  # only a folder needs the adapter

    hospital = extract.read(path)
    named = ", ".join(f"{name} {value}" for name, value in simulation_parameters(path).items())
    notes = (f"simulated patients: {named}", *hospital.notes) if named else hospital.notes
    return replace(hospital, source="simulated", notes=notes)


def simulation_parameters(folder: Path) -> dict[str, Any]:
    """Return the arguments of `simulate` that made a folder; empty where it has no `simulation.json`."""
    file = folder / PARAMETERS_FILE
    if not file.is_file():
        return {}
    try:
        content = json.loads(file.read_text("utf-8"))
    except json.JSONDecodeError as error:
        raise DataFault(PARAMETERS_FILE, [f"must be JSON: {error}"]) from error
    if not isinstance(content, dict):
        raise DataFault(PARAMETERS_FILE, [f"must hold one object, found {type(content).__name__}"])
    return content

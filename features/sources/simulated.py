"""Simulated patients: a hospital from a seed, or one that was simulated before and written to a folder."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from features.errors import DataFault
from features.sources.simulation import Arguments, simulate
from features.tables import Hospital

ADMISSIONS = 20_000
SEED = 1
PARAMETERS_FILE = "simulation.json"


def read(path: Path | None) -> Hospital:
    """Return the hospital in a folder that `training simulate` wrote, or 20,000 admissions of seed 1.

    A folder is read as any extract is; its `simulation.json`, the arguments of `simulate`, goes into the
    notes, so that a report can say which simulation it speaks of; a folder may lack it.  Raises DataFault
    with everything that is wrong with the tables, or with that file.
    """
    if path is None:
        return simulate(ADMISSIONS, seed=SEED)
    from features.sources import extract  # only a folder needs the adapter

    given = simulation_parameters(path)
    if given:
        arguments_of(path)  # told before the tables are read, which may take long
    hospital = extract.read(path)
    named = ", ".join(f"{name} {value}" for name, value in given.items() if value != {})
    said = f"simulated patients: {named}" if named else f"no {PARAMETERS_FILE}: the truth is not known"
    return replace(hospital, source="simulated", notes=(said, *hospital.notes))


def simulation_parameters(folder: Path) -> dict[str, Any]:
    """Return what the `simulation.json` of a folder holds; empty where it has none."""
    file = folder / PARAMETERS_FILE
    if not file.is_file():
        return {}
    try:
        content = json.loads(file.read_text("utf-8"))
    except ValueError as error:  # also of bytes that are no UTF-8
        raise DataFault(PARAMETERS_FILE, [f"must be JSON: {error}"]) from error
    if not isinstance(content, dict):
        raise DataFault(PARAMETERS_FILE, [f"must hold one object, found {type(content).__name__}"])
    return content


def arguments_of(path: Path | None) -> Arguments:
    """Return the arguments that make the hospital which `read` returns, so that its truth can be computed.

    In a `simulation.json` only `admissions` is required; the rest are then those that `simulate` takes by
    itself.  Raises DataFault with every fault of the file, or where a folder has none.
    """
    if path is None:
        return Arguments(ADMISSIONS, seed=SEED)
    given = simulation_parameters(path)
    if not given:
        raise DataFault(str(path), [f"must hold a {PARAMETERS_FILE} with the arguments of its simulation"])
    faults = [f"{name} is none of the keys {', '.join(KINDS)}" for name in given if name not in KINDS]
    faults += ["admissions is missing"] if "admissions" not in given else []
    values = {name: _read(name, value, faults) for name, value in given.items() if name in KINDS}
    if faults:
        raise DataFault(PARAMETERS_FILE, faults)
    try:
        return Arguments(**values)
    except ValueError as error:
        raise DataFault(PARAMETERS_FILE, [str(error)]) from error


def parameters_of(arguments: Arguments) -> dict[str, Any]:
    """Return what a `simulation.json` holds of a hospital with these arguments."""
    plain = {name: getattr(arguments, name) for name in KINDS}
    drifts = {name: at.isoformat() for name, at in (arguments.drifts or {}).items()}
    return {**plain, "until": arguments.until.isoformat(), "drifts": drifts}


def _read(name: str, value: object, faults: list[str]) -> Any:
    must, reading = KINDS[name]
    try:
        return reading(value)
    except (TypeError, ValueError):
        faults.append(f"{name} must be {must}, found {json.dumps(value)[:40]}")


def _whole(value: object) -> int:
    if type(value) is not int:  # True is an int too
        raise TypeError
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _instant(value: object) -> pd.Timestamp:
    return pd.Timestamp(datetime.fromisoformat(_text(value)))


def _instants(value: object) -> dict[str, pd.Timestamp]:
    if not isinstance(value, dict):
        raise TypeError
    return {name: _instant(at) for name, at in value.items()}


WHOLE, INSTANT = "a whole number", "an instant such as 2026-11-02T08:00:00+00:00"
# The keys of a simulation.json: what each must be, and what reads it.
KINDS: Mapping[str, tuple[str, Callable[[object], Any]]] = {
    "admissions": (WHOLE, _whole),
    "seed": (WHOLE, _whole),
    "nation": ("a text", _text),
    "sites": (WHOLE, _whole),
    "days": (WHOLE, _whole),
    "until": (INSTANT, _instant),
    "drifts": (f"an object that names {INSTANT} for each drift", _instants),
}

"""The adapters: each reads one kind of data and ends in the same contract check."""

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import UnknownSource

if TYPE_CHECKING:
    from features.tables import Hospital

Read = Callable[[Path | None], "Hospital"]


def read(source: str, path: Path | None = None) -> "Hospital":
    """Return the hospital that a source holds at a path, checked against the contract.

    Raises UnknownSource for a name that `SOURCES` lacks, and DataFault with every fault of the data.
    """
    if source not in SOURCES:
        raise UnknownSource(f"source must be one of {', '.join(SOURCES)}, found {source!r}")
    return SOURCES[source](path)


def _read_by(module: str, path: Path | None) -> "Hospital":
    hospital: Hospital = import_module(f"features.sources.{module}").read(path)
    return hospital


# A source is imported when it is read: pandas and pyarrow take a second, and `--help` should not.
SOURCES: Mapping[str, Read] = {
    name: partial(_read_by, name) for name in ("extract", "diabetes130", "mimic4", "hes", "simulated")
}

"""The files of a watch: the newest for the service to show, and one a week to look back at."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from training.store import private
from training.terminal import whole

LATEST, HISTORY = "latest.json", "history"


def keep(home: Path, latest: Mapping[str, Any], weeks: Mapping[str, Mapping[str, Any]]) -> Path:
    """Write the newest watch and each of its weeks under a home, each whole; returns the newest's file.

    A week that was watched before is written again: its labels have matured meanwhile.
    """
    folder = private(home / "watch")
    history = private(folder / HISTORY)
    for monday, week in weeks.items():
        _write(history / f"{monday}.json", week)
    _write(folder / LATEST, latest)
    return folder / LATEST


def _write(file: Path, content: Mapping[str, Any]) -> None:
    with whole(file) as partial:
        partial.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", "utf-8")

"""Measuring lines one after the other, keeping each as soon as it is known."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import ledger
from inputs import Inputs
from line import Line


def prove(
    lines: Sequence[Line],
    wanted: Sequence[Line],
    file: Path,
    inputs: Inputs,
    *,
    commit: str,
    today: Callable[[], str],
    anew: Collection[str] = (),
) -> Iterator[ledger.Entry]:
    """Measure the wanted lines and yield the entry of each; the file holds all lines after every one.

    A line that stands at this commit is not measured again unless `anew` names its id.  A line that raises
    gets the verdict "error" with its sentence, and the others go on.
    """
    found = ledger.entries(file, lines)
    for line in wanted:
        if not ledger.stands(found[line.id], commit) or line.id in anew:
            inputs.say(f"{line.id}: {line.measures}")
            began = time.monotonic()
            entry = _measured(line, inputs)
            when = {"commit": commit, "date": today(), "seconds": round(time.monotonic() - began, 1)}
            found[line.id] = {**ledger.never(line), **entry, **when}
            ledger.write(file, found)
        yield found[line.id]


def _measured(line: Line, inputs: Inputs) -> dict[str, Any]:
    try:
        found = line.measure(inputs)
    except Exception as error:  # whatever a line does, the lines after it are measured
        return {"verdict": "error", "note": f"{type(error).__name__}: {error}".splitlines()[0]}
    figure, interval = ledger.finite(found.figure.value), found.figure.interval
    if figure is None:
        return {"note": found.note or "the data cannot give this figure"}
    return {
        "figure": figure,
        "interval": interval and [ledger.finite(edge) for edge in interval],
        "shown": line.told(found.figure),
        "verdict": line.verdict(found),
        "note": found.note,
    }

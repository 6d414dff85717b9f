"""Pictures of an evaluation as PNG: calibration, and how far off the dates are by days so far and by group."""

import io
from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from training.detail import Detail

COLOURS = ("#005eb8", "#ae2573", "#007f3b", "#d5281b", "#330072")  # NHS blue, pink, green, red, purple
GREY = "#4c6272"


def write_plots(beside: "Detail", folder: Path) -> Path:
    """Write a PNG for each picture that has something to show, and return the folder (made where missing)."""
    from training.detail import BY_DAYS, DATES_BY_GROUP

    folder.mkdir(parents=True, exist_ok=True)
    if any(beside.calibration.values()):
        (folder / "calibration.png").write_bytes(calibration_png(beside.calibration))
    for name, title in (("days_so_far", BY_DAYS), ("groups", DATES_BY_GROUP)):
        if rows := [row for row in beside.tables.get(title, []) if row["mae_days"] is not None]:
            (folder / f"{name}.png").write_bytes(_days_off_png(rows, title))
    return folder


def calibration_png(calibration: Mapping[str, Sequence[Mapping[str, float]]]) -> bytes:
    """Return a PNG: the rate of each bin against its mean risk, beside the line of equality."""
    from matplotlib.figure import Figure  # no pyplot: nothing global, no display

    picture = Figure(figsize=(6, 6), layout="constrained")
    axes = picture.add_subplot()
    for (name, bins), colour, mark in zip(calibration.items(), cycle(COLOURS), cycle("osD^v")):
        risks, rates = [each["risk"] for each in bins], [each["rate"] for each in bins]
        axes.plot(risks, rates, marker=mark, color=colour, label=name.replace("$", r"\$"))
    shown = [value for bins in calibration.values() for each in bins for value in (each["risk"], each["rate"])]
    most = max(shown, default=1.0)
    axes.plot([0, most], [0, most], color=GREY, linestyle="--", linewidth=1, label="risk = rate")
    axes.set(xlabel="Mean risk of the bin", ylabel="Share who came back")
    axes.legend(frameon=False)
    return _png(picture)


def _days_off_png(rows: Sequence[Mapping[str, Any]], title: str) -> bytes:
    """Return a PNG of bars: the mean days off of each row of a table, with the rows that it is a mean of."""
    from matplotlib.figure import Figure

    names = [" ".join(str(row[key]) for key in ("days_so_far", "group", "value") if key in row) for row in rows]
    off = [row["mae_days"] for row in rows]
    picture = Figure(figsize=(7, 1.2 + 0.26 * len(rows)), layout="constrained")
    axes = picture.add_subplot()
    bars = axes.barh(range(len(rows)), off, color=COLOURS[0])
    axes.bar_label(bars, [f"{row['n']:,}" for row in rows], padding=3, color=GREY, fontsize=8)
    axes.set_yticks(range(len(rows)), [name.replace("$", r"\$") for name in names])
    axes.invert_yaxis()
    axes.set(xlabel="Days off: mean |likely day - the day|; beside the bar, rows", title=title)
    axes.title.set_fontsize(10)
    return _png(picture)


def _png(picture: "Figure") -> bytes:
    drawn = io.BytesIO()
    picture.savefig(drawn, format="png", dpi=144, metadata={"Software": None})
    return drawn.getvalue()

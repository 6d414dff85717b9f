"""A page that shows a hospital to a sceptic: figures against published ranges, and pictures, in one file."""

import base64
import io
from collections import Counter
from collections.abc import Mapping
from itertools import cycle
from typing import Any

import jinja2
import numpy as np

from features.sources.simulation.estimate import Estimate
from features.sources.simulation.gates import gates, judged
from features.sources.simulation.summary import measured
from features.tables import Hospital
from training.hospital_plots import Plot, plots
from training.plots import COLOURS
from training.report import TEMPLATES

HOSPITAL_PAGE = "hospital.html"
INCHES = {"bars": (6.4, 3.2), "rows": (6.4, 3.6), "lines": (6.4, 3.2)}
MOST_ROWS = 40  # of a table of a picture's numbers; a longer one is told by its ends
PUBLISHED = "#d5281b"


def hospital_page(hospital: Hospital, figures: Mapping[str, Estimate] | None = None) -> str:
    """Return the page of a hospital as HTML that has its style and pictures inside it and loads nothing.

    Every figure of `published.toml` that needs no trained model stands with its range, its source and the
    verdict; `figures` are those of `summary.measured`, measured here if they are not given.  Pictures lay
    published curves beside the hospital's own, and their numbers stand under them.  The same hospital gives
    the same bytes.
    """
    found = measured(hospital) if figures is None else figures
    judgements = judged(hospital, found)
    page = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    ).get_template(HOSPITAL_PAGE)
    return page.render(
        facts=_facts(hospital, found),
        judgements=judgements,
        counts=Counter(each.verdict for each in judgements),
        outside=[each for each in judgements if each.verdict == "fail"],
        modelled=[gate for gate in gates() if gate.model],
        pictures=[(plot, _uri(png(plot)), _numbers(plot)) for plot in plots(hospital)],
    )


def png(plot: Plot) -> bytes:
    """Return a picture as PNG, the hospital's values in blue and published ones as red diamonds."""
    from matplotlib.figure import Figure  # no pyplot: nothing global, no display

    figure = Figure(figsize=INCHES[plot.kind], layout="constrained")
    axes = figure.add_subplot()
    {"bars": _bars, "rows": _rows, "lines": _lines}[plot.kind](axes, plot)
    if plot.published is not None:
        axes.plot(_positions(plot), plot.published[0], "D", color=PUBLISHED, markersize=4, label="published")
    axes.set(xlabel=plot.across, ylabel=plot.up)
    axes.spines[["top", "right"]].set_visible(False)
    if len(plot.series) > 1 or plot.published is not None:
        axes.legend(frameon=False, fontsize="small", ncols=4, loc="lower left", bbox_to_anchor=(0, 1))
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=110, metadata={"Software": None})
    return drawn.getvalue()


def _bars(axes: Any, plot: Plot) -> None:
    width = 0.8 / len(plot.series)
    for number, ((name, values), colour) in enumerate(zip(plot.series.items(), cycle(COLOURS), strict=False)):
        at = np.arange(len(values)) + (number - (len(plot.series) - 1) / 2) * width
        axes.bar(at, values, width, color=colour, label=name)
    axes.set_xticks(np.arange(len(plot.places)), plot.places, fontsize="small")


def _rows(axes: Any, plot: Plot) -> None:
    for (name, values), colour in zip(plot.series.items(), cycle(COLOURS), strict=False):
        axes.barh(np.arange(len(values)), values, color=colour, label=name)
    axes.set_yticks(np.arange(len(plot.places)), plot.places, fontsize="small")


def _lines(axes: Any, plot: Plot) -> None:
    for (name, values), colour in zip(plot.series.items(), cycle(COLOURS), strict=False):
        axes.plot(plot.places, values, color=colour, label=name)
    axes.set_ylim(bottom=0)


def _positions(plot: Plot) -> Any:
    return plot.places if plot.kind == "lines" else np.arange(len(plot.places))


def _uri(picture: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(picture).decode("ascii")


def _numbers(plot: Plot) -> dict[str, Any]:
    """Return a picture's numbers as a table: headings, and rows of a place and its values."""
    columns = dict(plot.series)
    if plot.published is not None:
        columns["published"] = plot.published[0]
    rows = [
        (str(place), [_short(values[row]) for values in columns.values()])
        for row, place in enumerate(plot.places)
    ]
    return {"headings": list(columns), "rows": rows if len(rows) <= MOST_ROWS else []}


def _short(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.3g}"


def _facts(hospital: Hospital, figures: Mapping[str, Estimate]) -> dict[str, str]:
    stays = hospital.admissions
    first, last = stays["admitted_at"].min(), hospital.observed_until
    beds = figures["beds"].value
    facts = {
        "Admissions": f"{len(stays):,} of {stays['patient_id'].nunique():,} patients",
        "Events": f"{len(hospital.events):,}, {figures['events_an_admission'].value:.0f} an admission",
        "From": f"{first:%d %B %Y} to {last:%d %B %Y}",
        "Sites": f"{stays['site'].nunique()}",
        "Beds": "not named" if np.isnan(beds) else f"{beds:.0f}",
    }
    return {**facts, **{f"Note {number}": note for number, note in enumerate(hospital.notes, 1)}}

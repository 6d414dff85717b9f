"""What an evaluation found, for people: one page that needs nothing else, and its table for the terminal."""

import base64
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from training.metrics import Figures
from training.plots import calibration_png

TEMPLATES = Path(__file__).with_name("templates")
PAGE = "report.html"
NOTHING = "–"
MODELS = "Homeward"

Interval = tuple[float, float]


@dataclass(frozen=True)
class Figure:
    """One figure of the tables: its heading, how it is written, and what it means."""

    name: str
    heading: str
    form: str
    meaning: str

    def text(self, value: Any) -> str:
        """Return the value as the tables show it.

        >>> RISK_FIGURES[0].text(0.68312), DATE_FIGURES[2].text(0.455), DATE_FIGURES[0].text(None)
        ('0.683', '45.5 %', '–')
        """
        return NOTHING if value is None else self.form.format(value).replace("%", " %")


@dataclass(frozen=True)
class Section:
    """One table of the evaluation: where its figures lie in each part, and which figures it has."""

    title: str
    part: str
    beside: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Table:
    """A table as text: the name of each row and its cells."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


RISK_FIGURES = (
    Figure(
        "auroc",
        "AUROC",
        "{:.3f}",
        "how often a person who came back had the higher risk of two; 0.5 is chance",
    ),
    Figure("auprc", "AUPRC", "{:.3f}", "average precision; chance is the share who came back"),
    Figure("brier", "Brier", "{:.4f}", "mean squared difference between risk and outcome; lower is better"),
    Figure("ece", "ECE", "{:.4f}", "mean gap between risk and rate in ten bins of equally many rows"),
    Figure("slope", "Slope", "{:.2f}", "calibration slope; 1 is right, below 1 the risks are too extreme"),
    Figure("observed_over_expected", "O/E", "{:.2f}", "people who came back for each one expected"),
    Figure("n", "Rows", "{:,}", "rows whose outcome is known"),
    Figure("events", "Events", "{:,}", "rows of people who came back"),
)
DATE_FIGURES = (
    Figure("mae_days", "Days off", "{:.2f}", "mean |likely day - the day|, of people who went home alive"),
    Figure(
        "signed_error_days", "Too late by", "{:+.2f}", "mean of likely day - the day; negative is too early"
    ),
    Figure("within_1_day", "Within 1 day", "{:.1%}", "share with the likely day at most one day off"),
    Figure(
        "crps",
        "CRPS",
        "{:.3f}",
        "squared difference between the whole curve and what happened, summed over 61 days; "
        "deaths and transfers are never home; lower is better",
    ),
    Figure("coverage_80", "In range", "{:.1%}", "share whose day lies in the range shown, which aims at 80 %"),
    Figure("width_80", "Range", "{:.1f}", "mean number of days in the range shown"),
    Figure(
        "home_by_24h_auroc",
        "Tomorrow AUROC",
        "{:.3f}",
        "ranking of who is home by the end of the next day; 0.5 is chance",
    ),
    Figure("home_by_24h_auprc", "Tomorrow AUPRC", "{:.3f}", "average precision of the same"),
    Figure("n", "Rows", "{:,}", "rows that count; people still in are made up for by the weights of others"),
)
SECTIONS = (
    Section("Back as an emergency within 30 days, at discharge", "readmission", "", RISK_FIGURES),
    Section("Back as an emergency within 30 days, on the board", "readmission", "board", RISK_FIGURES),
    Section("Back as an emergency within 30 days, at admission", "readmission", "admission", RISK_FIGURES),
    Section("Back for the same issue, at discharge", "same_issue", "", RISK_FIGURES),
    Section("Back for the same issue, on the board", "same_issue", "board", RISK_FIGURES),
    Section("Ready to leave, on the board", "ready", "", DATE_FIGURES),
    Section("Ready to leave, at admission", "ready", "admission", DATE_FIGURES),
    Section("Leaving, on the board", "discharge", "", DATE_FIGURES),
    Section("Leaving, at admission", "discharge", "admission", DATE_FIGURES),
)
NAMES = {
    "homeward_same_rows": "Homeward, rows of the baselines",
    "hospital_score": "HOSPITAL score",
    "lace": "LACE",
    "logistic_regression": "Logistic regression",
    "planned_date": "The ward's planned date",
    "specialty_by_day": "Specialty by days so far",
}


def write_report(
    figures: Figures,
    folder: Path,
    *,
    title: str,
    notes: Sequence[str] = (),
    tables: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    calibration: Mapping[str, Sequence[Mapping[str, float]]] | None = None,
    intervals: Mapping[str, Interval] | None = None,
) -> Path:
    """Write `report.html` into the folder (made where it is missing) and return its path.

    `figures` is the JSON of an evaluation: release, source, rows, the four parts, and baselines by name.
    `notes` say what was left out and why.  `tables` are more tables by title, a mapping of heading to value
    for each row, such as the date figures by days so far; `calibration` holds the bins of
    `metrics.calibration_bins` by name, drawn and listed; `intervals` are 95 % intervals by the place of their
    figure, such as "discharge.crps" or "baselines.lace.readmission.auroc".  The page has its style and
    pictures inside it and asks no other machine for anything.
    """
    page = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    ).get_template(PAGE)
    text = page.render(
        title=title,
        facts=_facts(figures),
        evaluation=list(evaluation_tables(figures, intervals)),
        intervals=bool(intervals),
        picture=calibration_picture(calibration) if calibration else "",
        tables=[
            *(_plain_table(f"Calibration: {name}", bins) for name, bins in (calibration or {}).items()),
            *(_plain_table(name, rows) for name, rows in (tables or {}).items()),
        ],
        left_out=[*left_out(figures), *notes],
        meanings=RISK_FIGURES + DATE_FIGURES[:-1],
    )
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f".{PAGE}.partial"
    partial.write_text(text, encoding="utf-8")
    return partial.replace(folder / PAGE)


def table_text(figures: Figures, width: int = 120) -> str:
    """Return the evaluation as text for the terminal: models and baselines as rows, then what is left out.

    `width` is that of the terminal in characters.
    """
    console = Console(file=io.StringIO(), width=width, color_system=None, highlight=False)
    with console.capture() as written:
        console.print(Text(", ".join(f"{name.lower()} {value}" for name, value in _facts(figures).items())))
        for table in evaluation_tables(figures):
            console.print(_lines(table))
        for sentence in left_out(figures):
            console.print(Text(sentence))
    return written.get()


def plain_table_text(title: str, rows: Sequence[Mapping[str, Any]], width: int = 120) -> str:
    """Return a table of the page as text for the terminal; empty where it has no rows."""
    if not rows:
        return ""
    console = Console(file=io.StringIO(), width=width, color_system=None, highlight=False)
    with console.capture() as written:
        console.print(_lines(_plain_table(title, rows)))
    return written.get()


def _lines(table: Table) -> RichTable:
    lines = RichTable(title=table.title, title_justify="left", title_style="", box=SIMPLE_HEAD)
    lines.add_column("", overflow="fold")
    for heading in table.headings:
        lines.add_column(heading, justify="right")
    for name, cells in table.rows:
        lines.add_row(Text(name), *cells)
    return lines


def evaluation_tables(figures: Figures, intervals: Mapping[str, Interval] | None = None) -> Iterator[Table]:
    """Yield a table for each section that somebody has figures for: the models first, then the baselines."""
    contenders = [(MODELS, "", figures)]
    contenders += [
        (NAMES.get(name, _in_words(name)), f"baselines.{name}.", parts)
        for name, parts in (figures.get("baselines") or {}).items()
    ]
    for section in SECTIONS:
        if figures.get("dates") == "none" and section.part in ("ready", "discharge") and not section.beside:
            continue  # without dates there is no board: the figures at admission stand for both
        if not any(value is not None for value in _figures_of(figures, section).values()):
            continue  # baselines alone tell nothing
        rows = []
        for name, place, parts in contenders:
            found = _figures_of(parts, section)
            if any(value is not None for value in found.values()):
                inside = f"{place}{section.part}." + (f"{section.beside}." if section.beside else "")
                rows.append((name, tuple(_cell(f, found, inside, intervals or {}) for f in section.figures)))
        if rows:
            yield Table(section.title, tuple(figure.heading for figure in section.figures), tuple(rows))


def left_out(figures: Figures) -> list[str]:
    """Return a sentence for each part that this source cannot support."""
    titles = {section.part: section.title.partition(",")[0] for section in SECTIONS}
    return [
        f"{title}: no figures; the notes say why."
        for part, title in titles.items()
        if figures.get(part) is None
    ]


def calibration_picture(calibration: Mapping[str, Sequence[Mapping[str, float]]]) -> str:
    """Return a data URI of a PNG: the rate of each bin against its mean risk, beside the line of equality."""
    return "data:image/png;base64," + base64.b64encode(calibration_png(calibration)).decode("ascii")


def _facts(figures: Figures) -> dict[str, str]:
    rows = figures["rows"]
    counts = rows.items() if isinstance(rows, Mapping) else [("", rows)]
    counted = ", ".join(f"{name} {count:,}".strip() for name, count in counts)
    return {"Release": str(figures["release"]), "Source": str(figures["source"]), "Rows": counted}


def _figures_of(parts: Figures, section: Section) -> Figures:
    found = parts.get(section.part) or {}
    if section.beside:
        found = found.get(section.beside) or {}
    return {figure.name: found.get(figure.name) for figure in section.figures}


def _cell(figure: Figure, found: Figures, place: str, intervals: Mapping[str, Interval]) -> str:
    text = figure.text(found[figure.name])
    if interval := intervals.get(place + figure.name):
        text += f" ({figure.text(interval[0])} to {figure.text(interval[1])})"
    return text


def _plain_table(title: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return any rows as a table; the first column names each row."""
    known = {figure.name: figure for figure in RISK_FIGURES + DATE_FIGURES}
    columns = list(rows[0]) if rows else [""]
    headings = [known[name].heading if name in known else _in_words(name) for name in columns]
    texts = [[known[n].text(row[n]) if n in known else _plain(row[n]) for n in columns] for row in rows]
    return Table(title, tuple(headings), tuple((first, tuple(rest)) for first, *rest in texts))


def _in_words(name: str) -> str:
    return name[:1].upper() + name[1:].replace("_", " ")


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.3f}" if abs(value) < 100 else f"{value:,.0f}"
    return NOTHING if value is None else f"{value:,}" if isinstance(value, int) else str(value)

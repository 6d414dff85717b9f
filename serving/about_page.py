"""What answers here, in plain words: what it is for and is not, what it learnt from, and how far off it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from models.card import NOT_FOR, STATUS, USE
from models.release import about
from serving.board_words import clock_time, percent
from serving.release import Loaded

KINDS = (("ready", "becoming ready"), ("discharge", "leaving"))


@dataclass(frozen=True)
class AboutPage:
    """The context of `about.html`."""

    release: str = field(metadata={"help": "Name of the release that answers"})
    use: str = field(metadata={"help": "What it is for"})
    not_for: tuple[str, ...] = field(metadata={"help": "What it must not be used for"})
    status: str = field(metadata={"help": "What it is not"})
    learnt_from: str = field(metadata={"help": "What it learnt from, empty where that was not kept"})
    figures: tuple[str, ...] = field(metadata={"help": "How far off it was on patients held out, in sentences"})
    notes: tuple[str, ...] = field(metadata={"help": "What the run that made it noted"})


def about_page(loaded: Loaded) -> AboutPage:
    """Return the page about the release that answers."""
    predictor, kept = loaded.predictor, about(loaded.folder)["about"] if loaded.folder else {}
    figures = kept.get("figures", {})
    said = [sentence for kind, words in KINDS for sentence in _date_figures(words, figures.get(kind))]
    return AboutPage(
        release=predictor.release,
        use=USE,
        not_for=NOT_FOR,
        status=STATUS,
        learnt_from=_learnt_from(kept, ZoneInfo(predictor.facts.time_zone)) if kept else "",
        figures=(*said, *_risk_figures(figures.get("readmission"))),
        notes=tuple(str(note) for note in kept.get("notes", ())),
    )


def _learnt_from(kept: Mapping[str, Any], zone: ZoneInfo) -> str:
    until = clock_time(datetime.fromisoformat(kept["learnt_until"]), zone) if kept.get("learnt_until") else ""
    ends = f", with what was recorded by {until}" if until else ""
    simulated = " These are simulated patients: its figures say nothing of a real ward."
    real = kept.get("source") != "simulated"
    return f"It learnt from {kept['admissions']:,} admissions{ends}.{'' if real else simulated}"


def _date_figures(words: str, figures: Mapping[str, Any] | None) -> list[str]:
    if not figures or not figures.get("n"):
        return [f"The date of {words} could not be checked."]
    return [
        f"The likely date of {words} was {figures['mae_days']:.1f} days off on average, and within one day for "
        f"{percent(figures['within_1_day'])} of {figures['n']:,} looks at a patient in a bed.",
        f"The range of {words} held the true day in {percent(figures['coverage_80'])} of them; it is meant to "
        "hold it in 80 % or a little more.",
    ]


def _risk_figures(figures: Mapping[str, Any] | None) -> list[str]:
    if not figures or not figures.get("n") or figures.get("auroc") is None:
        return ["The chance of coming back could not be checked."]
    return [
        f"{figures['events']:,} of {figures['n']:,} came back within 30 days. Of one who did and one who did "
        f"not, the one who did had the higher chance in {percent(figures['auroc'])} of pairs."
    ]

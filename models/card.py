"""The model card: what a release is, what it was measured on, and what it must not be used for."""

from collections.abc import Mapping
from typing import Any

from models.prediction import READMISSION_DEFINITION
from models.predictor import Predictor

USE = (
    "Suggesting, for adults in an acute hospital bed, when they are likely to be ready to leave, when they are "
    "likely to leave, and how likely an emergency readmission within 30 days is, with reasons. It supports the "
    "people who plan discharges. A person's planned date always wins."
)
NOT_FOR = (
    "deciding that somebody leaves, or stays: it says when a person might be ready, not whether they should go",
    "refusing or rationing care, reablement or a bed by a score; a low risk never outweighs a person's concern",
    "children, maternity, day cases and people at the end of life, who get no prediction",
    "comparing nations, hospitals or staff",
)
STATUS = (
    "It is decision support and not a medical device as shipped. No NHS patient data were used to make the "
    "software; a trust trains on its own extract."
)


def card(predictor: Predictor, about: Mapping[str, Any]) -> str:
    """Return the card in Markdown, with the figures of the run that made the release."""
    lines = [f"# Release {predictor.release}", ""]
    lines += [f"Trained on source `{about.get('source')}`: {about.get('admissions'):,} admissions.", ""]
    lines += ["## What it is for", "", USE, "", "## What it must not be used for", ""]
    lines += [*(f"- {use}" for use in NOT_FOR), "", STATUS, ""]
    lines += ["## Measured before the refit, on patients held out", ""]
    lines += _figures("Readmission at discharge", about.get("figures", {}).get("readmission"))
    lines += _figures("Ready date on the board", about.get("figures", {}).get("ready"))
    lines += _figures("Discharge date on the board", about.get("figures", {}).get("discharge"))
    lines += ["", f"Readmission definition: {READMISSION_DEFINITION}.", "", "## Notes", ""]
    lines += [f"- {note}" for note in about.get("notes", [])]
    lines += ["", "## Features", ""]
    lines += [f"- {feature.words} (`{feature.name}`)" for feature in predictor.encoder.features]
    return "\n".join(lines) + "\n"


def _figures(title: str, figures: Mapping[str, Any] | None) -> list[str]:
    if not figures:
        return [f"- {title}: none, the source cannot support it"]
    said = [f"{name} {value:.4g}" for name, value in figures.items() if isinstance(value, int | float)]
    return [f"- {title}: {', '.join(said) or 'no rows'}"]

"""What is missing, unknown or old of an input, and what a source cannot tell: the warnings of a prediction."""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from models.encoding import Encoder, Matrix
from models.prediction import PredictionWarning

if TYPE_CHECKING:
    from models.predictor import Predictor

MEASURED_AGAIN = ("H4", "S")  # clock classes of what a ward takes anew; the others are asked once a stay
STALE_DAYS = 3
CLOCK_THEMES = ("days so far", "time of day", "calendar")  # known of everybody: no fact that anybody recorded
MOST_MISSING = 0.8  # of the facts that the source usually records; at admission nearly two thirds still are
Warnings = list[tuple[PredictionWarning, ...]]  # of each row


def outside(why: str) -> PredictionWarning:
    """Return the warning of somebody for whom the models were not made."""
    return PredictionWarning("scope", "scope", f"no prediction: {why}")


def little_known(
    encoder: Encoder, expected: Collection[str], matrix: Matrix
) -> tuple[npt.NDArray[np.bool_], str]:
    """Tell of which rows too little is known for a date, and why in words.

    That is where more than four fifths of the facts that the source usually records are missing.
    """
    facts = [
        position
        for position, feature in enumerate(encoder.features)
        if feature.name in expected and feature.theme not in CLOCK_THEMES
    ]
    little = np.isnan(matrix[:, facts]).sum(axis=1) > MOST_MISSING * len(facts)
    why = f"too little is known for a date: less than a fifth of the {len(facts)} facts that are usually there"
    return np.asarray(little), why


def warnings_of(predictor: "Predictor", matrix: Matrix, has_ready: npt.NDArray[np.bool_]) -> Warnings:
    """Return what a person should know of each row; `has_ready` tells which rows are promised a ready date."""
    found: list[list[PredictionWarning]] = [[] for _ in matrix]
    for row, warning in (*_incomplete(predictor, matrix), *_stale(predictor, matrix)):
        found[row].append(warning)
    of_source = {ready: _source_warnings(predictor, ready) for ready in (False, True)}
    return [(*own, *of_source[ready]) for own, ready in zip(found, has_ready.tolist(), strict=True)]


def _incomplete(predictor: "Predictor", matrix: Matrix) -> Iterator[tuple[int, PredictionWarning]]:
    """Give facts that are usually there and are missing, and codes that were hardly ever seen."""
    unknown, missing = predictor.encoder.unknown_codes(matrix), np.isnan(matrix)
    for position, feature in enumerate(predictor.encoder.features):
        if feature.name in predictor.expected:
            text = f"{feature.words} is not recorded; the answer allows for not knowing it"
            for row in np.flatnonzero(missing[:, position]).tolist():
                yield row, PredictionWarning(feature.name, "missing", text)
        if feature.name in unknown:
            text = f"{feature.words}: this code was seen in too few patients to learn from"
            for row in np.flatnonzero(unknown[feature.name]).tolist():
                yield row, PredictionWarning(feature.name, "unknown", text)


def _stale(predictor: "Predictor", matrix: Matrix) -> Iterator[tuple[int, PredictionWarning]]:
    """Give numbers that a ward measures again and again, and has not for three days."""
    for position, feature in enumerate(predictor.encoder.features):
        event = predictor.facts.events.get(feature.name.removesuffix("_days_ago"))
        if event is None or event.name == feature.name or event.known not in MEASURED_AGAIN:
            continue
        for row in np.flatnonzero(matrix[:, position] >= STALE_DAYS).tolist():
            text = f"{event.words} was last recorded {matrix[row, position]:.0f} days ago"
            yield row, PredictionWarning(event.name, "stale", text)


def _source_warnings(predictor: "Predictor", has_ready: bool) -> tuple[PredictionWarning, ...]:
    """Return what the data that the release was made from could not tell."""
    said = []
    if predictor.date_model is None or predictor.dates == "none":
        said.append(("discharge", "this release was trained on data without dates, so it gives none"))
    elif not has_ready:
        said.append(("ready", "criteria to reside were recorded too seldom for a ready date"))
    if predictor.readmission is not None and not predictor.deaths_after_leaving:
        said.append(
            ("readmission", "deaths after discharge were not recorded: who died at home counts as not back")
        )
    return tuple(PredictionWarning(name, "source", text) for name, text in said)

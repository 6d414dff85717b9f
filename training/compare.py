"""Two releases on the same rows: each figure of both, and their difference with its interval by patient."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.errors import HomewardError
from features.sources.simulation.estimate import Estimate
from features.tables import Hospital
from models.predictor import Predictor
from training.answers import Answers, Held, answers_of, held
from training.cohort import Prepared, Say, measurable, stays_digest
from training.gate_plan import GatePlan
from training.paired import Paired, Sampled, estimate

WIDTH = "discharge.width_days"  # neither better nor worse: narrow is good only if it holds
HOME = "Home by {} h, observed over expected"
FIGURES = {  # the words of each figure, and the value that is best
    "discharge.crps": ("Leaving, CRPS in days", 0.0),
    "discharge.mae_days": ("Leaving, mean error in days", 0.0),
    "discharge.bed_days_gap": ("Bed days of the next 28, said less seen", 0.0),
    "discharge.home_by_24h_log_loss": ("Home by tomorrow, log loss", 0.0),
    "discharge.home_by_24h_auroc": ("Home by tomorrow, AUROC", 1.0),
    "discharge.home_by_24h_observed_over_expected": (HOME.format(24), 1.0),
    "discharge.home_by_48h_observed_over_expected": (HOME.format(48), 1.0),
    "discharge.home_by_72h_observed_over_expected": (HOME.format(72), 1.0),
    "discharge.coverage_gap": ("80 % range, coverage less what is promised", 0.0),
    WIDTH: ("80 % range, days", 0.0),
    "ready.crps": ("Ready, CRPS in days", 0.0),
    "ready.mae_days": ("Ready, mean error in days", 0.0),
    "readmission.log_loss": ("Coming back, log loss", 0.0),
    "readmission.brier": ("Coming back, Brier score", 0.0),
    "readmission.auroc": ("Coming back, AUROC", 1.0),
    "readmission.slope": ("Coming back, calibration slope", 1.0),
    "readmission.observed_over_expected": ("Coming back, observed over expected", 1.0),
}


@dataclass(frozen=True)
class Compared:
    """One figure of two releases on the same rows, and how much nearer its best value the second one is.

    `difference` is the second's figure less the first's; `better` is True or False where the interval of the
    distance to the best value says so, and None where it does not.
    """

    name: str
    words: str
    one: Estimate
    other: Estimate
    difference: Estimate
    better: bool | None


@dataclass(frozen=True)
class Learnt:
    """What a release learnt from, by what is kept with it."""

    name: str
    stays_digest: str | None
    until: pd.Timestamp | None

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> "Learnt":
        """Return it from the content of `release.json`; raises HomewardError for a moment that is none."""
        known = content.get("about", {})
        until = known.get("learnt_until")
        try:
            moment = pd.Timestamp(until) if until else None
            if moment is not None and (pd.isna(moment) or moment.tzinfo is None):
                raise ValueError("a moment without a zone")
        except (ValueError, TypeError) as error:
            name = content.get("name")
            raise HomewardError(f"release {name} must say until when it learnt, found {until!r}") from error
        return cls(str(content.get("name")), known.get("stays_digest"), moment)


@dataclass(frozen=True)
class Doubt:
    """Why a release may have learnt from the rows it is judged on, or certainly has."""

    said: str
    certain: bool


def never_seen(rows: Prepared, learnt: Sequence[Learnt], plan: GatePlan) -> tuple[Held, list[Doubt]]:
    """Return the rows that none of the releases learnt from, and what speaks against their being so.

    Those are the rows later than the last moment that any of them learnt until.  The list is empty only if
    that is known of all.
    """
    doubts = []
    for one in learnt:
        if one.stays_digest == stays_digest(rows.hospital):
            doubts.append(Doubt(f"release {one.name} learnt from these very rows", certain=True))
        elif rows.hospital.dates != "comparable":
            said = f"dates of these rows do not compare, so nothing says that {one.name} never saw them"
            doubts.append(Doubt(said, certain=False))
        elif one.until is None:
            doubts.append(Doubt(f"release {one.name} does not say until when it learnt", certain=False))
    after = max((one.until for one in learnt if one.until is not None), default=None)
    after = after if rows.hospital.dates == "comparable" else None
    return held(rows, after, plan.most_board_rows), doubts


def compared(figures: Mapping[str, Sampled], others: Mapping[str, Sampled]) -> list[Compared]:
    """Return every figure that both releases have, in the order of the table."""
    found = []
    for name, (words, best) in FIGURES.items():
        if name in figures and name in others:
            one, other = figures[name], others[name]
            nearer = estimate(np.abs(one - best) - np.abs(other - best)).interval or (0.0, 0.0)
            better = True if nearer[0] > 0 else False if nearer[1] < 0 else None
            better = None if name == WIDTH else better
            found.append(Compared(name, words, estimate(one), estimate(other), estimate(other - one), better))
    return found


def beside(
    predictors: tuple[Predictor, Predictor],
    learnt: tuple[Learnt, Learnt],
    hospital: Hospital,
    plan: GatePlan,
    say: Say,
) -> tuple[list[Compared], Held, list[str]]:
    """Return two releases' figures on a hospital's rows, the rows, and notes on what was learnt from.

    Rows later than both learnt until are taken; where there are none all rows are, and a note says so.
    """
    rows = measurable(hospital, plan.seed, say)
    some, doubts = never_seen(rows, learnt, plan)
    notes = [f"{doubt.said}: its figures may flatter it" for doubt in doubts]
    if not some.patients:
        some = held(rows, None, plan.most_board_rows)
        notes.append("no row is later than both learnt until: ALL ROWS ARE SHOWN, which flatters who saw them")
    say(some.told())
    paired = Paired(some, plan.draws, plan.seed)
    one, other = (paired.figures(answers) for answers in answered(predictors, some, say))
    return compared(one, other), some, notes


def answered(predictors: Sequence[Predictor], rows: Held, say: Say) -> list[Answers]:
    """Return what each release answers on the rows."""
    found = []
    for predictor in predictors:
        say(f"asking release {predictor.release}")
        found.append(answers_of(predictor, rows))
    return found


def table_text(found: Sequence[Compared], one: str, other: str) -> str:
    """Return the figures as a table for a terminal."""
    words = {True: "better", False: "worse", None: "cannot tell"}
    rows = [("", one, other, "difference (95 %)", "")]
    for each in found:
        low, high = each.difference.interval or (np.nan, np.nan)
        change = f"{each.difference.value:+.4f} ({low:+.4f} to {high:+.4f})"
        verdict = "" if each.name == WIDTH else words[each.better]
        rows.append((each.words, f"{each.one.value:.4f}", f"{each.other.value:.4f}", change, verdict))
    widths = [max(len(row[place]) for row in rows) for place in range(5)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place in (0, 4) else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def as_json(found: Sequence[Compared]) -> dict[str, Any]:
    """Return the figures by name as plain values; an interval that is not known is None."""
    return {each.name: {"words": each.words, "better": each.better, **_estimates(each)} for each in found}


def _estimates(each: Compared) -> dict[str, Any]:
    return {name: plain(asdict(each)[name]) for name in ("one", "other", "difference")}


def plain(figure: Mapping[str, Any]) -> dict[str, Any]:
    """Return a figure without NaN, which JSON has not.

    >>> plain({"value": 1.0, "interval": (float("nan"), 2.0)})
    {'value': 1.0, 'interval': None}
    """
    interval = figure["interval"]
    known = interval is not None and not np.isnan(interval).any()
    value = None if np.isnan(figure["value"]) else float(figure["value"])
    return {"value": value, "interval": [float(each) for each in interval] if known else None}

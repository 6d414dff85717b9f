"""Every limit of the promotion gate, with its default and a sentence; kept whole with each verdict."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from training.plan_file import checked_knobs, read_knobs


@dataclass(frozen=True)
class GatePlan:
    """What a release must hold to become the champion; the same plan, files and rows give the same verdict."""

    seed: int = 1
    """Seeds the draws of patients, and the minutes of the moments."""

    draws: int = 400
    """How often whole patients are drawn again for an interval."""

    most_board_rows: int = 60_000
    """Board rows judged; beyond, those of some patients, chosen by hash, are taken."""

    least_patients: int = 500
    """Patients held out, below whom nothing is told."""

    least_discharges: int = 500
    """Stays of theirs on the board that ended at home."""

    least_readmissions: int = 60
    """Readmissions among them, where the source tells of any."""

    score_margin: float = 0.05
    """How much worse, as a share of the champion's, a proper score may be and still count as no worse: a change
    of the seed alone made CRPS 2 % worse (0.6 to 3.8; releases of 3,400 admissions)."""

    slope_low: float = 0.85
    """Least calibration slope of the readmission risk: below, high risks are too high and low ones too low."""

    slope_high: float = 1.15
    """Most calibration slope of the readmission risk."""

    ratio_low: float = 0.95
    """Least observed over expected, of readmissions and of people home by 24, 48 and 72 hours."""

    ratio_high: float = 1.05
    """Most observed over expected."""

    coverage_gap: float = 0.015
    """How far the share of days inside the 80 % range may be from what the curve promises of them."""

    width_ratio: float = 1.10
    """Most mean width of the 80 % range, as a multiple of the champion's."""

    group_patients: int = 200
    """Patients below whom a group is not judged."""

    group_events: int = 100
    """Discharges home, or readmissions, below which it is not."""

    group_ratio_low: float = 0.90
    """Least observed over expected readmissions in a group."""

    group_ratio_high: float = 1.10
    """Most observed over expected readmissions in a group."""

    group_coverage_gap: float = 0.03
    """How far coverage may be from what is promised in a group."""

    group_bed_days: float = 0.5
    """How far expected bed days of the next 28 may be from those seen in a group, in days a row."""

    moved_share: float = 0.10
    """Share of rows that may move a day or a risk band without the scores that it touches being better."""

    readmission_auroc: float = 0.80
    """Readmission AUROC above which something from the future is suspected: published models reach 0.70."""

    next_day_auroc: float = 0.93
    """AUROC of home by tomorrow above which it is: published models reach 0.87."""

    silent_days: int = 7
    """Days on which the challenger answered unseen beside the champion."""

    silent_faults: float = 0.001
    """Share of those questions that it may have failed to answer."""

    people: int = 2
    """Different people who must ask for a promotion."""

    def as_json(self) -> dict[str, Any]:
        """Return every knob by name."""
        return asdict(self)


RANGES: dict[str, tuple[float, float]] = {
    "seed": (0, 2**31 - 1),
    "draws": (100, 10_000),
    "most_board_rows": (1_000, 1_000_000),
    "least_patients": (50, 1_000_000),
    "least_discharges": (50, 1_000_000),
    "least_readmissions": (0, 1_000_000),
    "score_margin": (0.0, 0.5),
    "slope_low": (0.1, 1.0),
    "slope_high": (1.0, 10.0),
    "ratio_low": (0.1, 1.0),
    "ratio_high": (1.0, 10.0),
    "coverage_gap": (0.0, 0.5),
    "width_ratio": (1.0, 10.0),
    "group_patients": (50, 1_000_000),
    "group_events": (20, 1_000_000),
    "group_ratio_low": (0.1, 1.0),
    "group_ratio_high": (1.0, 10.0),
    "group_coverage_gap": (0.0, 0.5),
    "group_bed_days": (0.0, 28.0),
    "moved_share": (0.0, 1.0),
    "readmission_auroc": (0.5, 1.0),
    "next_day_auroc": (0.5, 1.0),
    "silent_days": (0, 365),
    "silent_faults": (0.0, 1.0),
    "people": (1, 2),
}


def read_gate_plan(file: Path | None) -> GatePlan:
    """Return the default plan with the knobs of a JSON file; raises as `training.plan_file.read_plan` does."""
    if file is None:
        return GatePlan()
    return gate_plan_of(read_knobs(file), f"the plan {file}")


def gate_plan_of(knobs: object, where: str = "the gate's plan") -> GatePlan:
    """Return the default plan with other knobs; raises DataFault with one sentence for each fault.

    >>> gate_plan_of({"people": 1}).people
    1
    >>> gate_plan_of({"people": 3})
    Traceback (most recent call last):
    features.errors.DataFault: the gate's plan: people must be from 1 to 2, found 3
    """
    return GatePlan(**checked_knobs(knobs, GatePlan().as_json(), RANGES, where))

"""The lines T1: do features know the future, and is a planted knowledge of it found?"""

from inputs import Inputs
from line import Found, Line

from features.sources.simulation import simulate
from features.sources.simulation.estimate import Estimate
from features.sources.simulation.levers import LEAKS, pull
from features.tables import Hospital
from training.leaks import leaks
from training.look_ahead import differing_values, moments

MOMENTS = 50
CLEAN_SEEDS = (1, 2, 3, 4, 5)
PLACES = {  # where a suspicion must lie to count as having found a lever
    "worst_news2_first": ("news2",),
    "codes_at_admission": ("coded_diagnosis",),
    "final_specialty_first": ("treatment_function",),
    "planned_date_overwritten": ("planned_discharge_on",),
    "admission_method_corrected": ("admission_method",),
    "residence_after_discharge": ("usual_residence",),
    "criteria_back_filled": ("criteria_to_reside",),
    "delay_back_dated": ("delay_began", "delay_attributed"),
    "last_ward_first": ("ward",),
    "nights_in_a_digit": ("haemoglobin",),
    "package_of_the_return": ("care_package",),
}


def lines() -> tuple[Line, ...]:
    """Return the lines of look-ahead."""
    many, planted = len(CLEAN_SEEDS), len(LEAKS)
    return (
        Line(
            "T1a", f"Features cut at {MOMENTS} moments beside the whole: values that differ", "0", differ, 0, 0
        ),
        Line("T1b", f"Planted leaks found by name, of {planted}", str(planted), found, planted, planted),
        Line("T1c", f"Leaks suspected in {many} clean hospitals", "0", false_alarms, 0, 0),
    )


def differ(inputs: Inputs) -> Found:
    """Return how many values of features differ once a hospital is cut, over all moments."""
    hospital, differing, people, values = inputs.hospital(), 0, 0, 0
    for at in moments(hospital, MOMENTS):
        counts, inpatients = differing_values(hospital, at)
        differing += int(counts.sum())
        people += inpatients
        values += inpatients * (len(counts) - 1)
    return Found(Estimate(differing), f"{values:,} values of {people:,} inpatients")


def found(inputs: Inputs) -> Found:
    """Return how many levers leave a suspicion that names what they changed, in one extract without another."""
    hospital = simulate(inputs.admissions_of_others, seed=CLEAN_SEEDS[0])
    missed = [name for name in LEAKS if not _found(pull(hospital, name), name)]
    return Found(Estimate(len(LEAKS) - len(missed)), f"not found: {', '.join(missed)}" if missed else "")


def _found(hospital: Hospital, name: str) -> bool:
    return any(sign.what.split(".")[-1] in PLACES[name] for sign in leaks(hospital))


def false_alarms(inputs: Inputs) -> Found:
    """Return how many suspicions there are in hospitals into which nothing was planted."""
    suspicions = [
        f"seed {seed}: {sign.what}"
        for seed in CLEAN_SEEDS
        for sign in leaks(simulate(inputs.admissions_of_others, seed=seed))
    ]
    return Found(Estimate(len(suspicions)), "; ".join(suspicions))

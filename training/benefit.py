"""Net benefit of acting on a risk of readmission, beside acting on everybody, on nobody and on LACE.

Net benefit at a threshold t weighs each false alarm by the odds t / (1 - t) at which one is content to act:
true positives less weighed false positives, of all (Vickers and Elkin 2006, doi:10.1177/0272989X06295361).
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from training.cohort import Prepared
from training.scores import lace, points_risk

THRESHOLDS = np.round(np.arange(0.05, 0.301, 0.01), 2)  # from acting on one in twenty to one in three
SHOWN = (0.05, 0.10, 0.15, 0.20, 0.25, 0.30)
TABLE = "Net benefit of acting on the risk at discharge, per 1,000 (LACE fitted on these very rows)"
Floats = npt.NDArray[np.float64]


def net_benefit(
    risk: npt.ArrayLike,
    readmitted: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    thresholds: Floats = THRESHOLDS,
) -> Floats:
    """Return the net benefit of acting on risks at or above each threshold, of rows with known outcomes.

    >>> net_benefit([0.1, 0.3, 0.3], [0, 1, 0], thresholds=np.array([0.2])).round(4)
    array([0.25])
    """
    outcome = np.asarray(readmitted, dtype=np.float64)
    weights = np.ones(len(outcome)) if weight is None else np.asarray(weight, dtype=np.float64)
    worth = _worth(np.asarray(risk, dtype=np.float64), outcome, thresholds)
    return np.asarray(weights @ worth / weights.sum())


def of_everybody(readmitted: npt.ArrayLike, weight: npt.ArrayLike | None = None) -> Floats:
    """Return the net benefit of acting on everybody at each of THRESHOLDS; acting on nobody has none."""
    return net_benefit(np.ones(np.size(readmitted)), readmitted, weight)


def differences(
    risk: npt.ArrayLike,
    others: Mapping[str, npt.ArrayLike],
    readmitted: npt.ArrayLike,
    patients: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    seed: int = 1,
    draws: int = 1000,
) -> dict[str, Floats]:
    """Return, for each rival, its net benefit taken from ours, with draws of whole patients with replacement.

    One array a rival, (1 + draws, thresholds): the difference itself, then that of each draw.  `others` are
    risks of the same rows; acting on everybody and on nobody are always among the rivals.
    """
    outcome = np.asarray(readmitted, dtype=np.float64)
    weights = np.ones(len(outcome)) if weight is None else np.asarray(weight, dtype=np.float64)
    people, patient = np.unique(np.asarray(patients), return_inverse=True)
    ours = _worth(np.asarray(risk, dtype=np.float64), outcome, THRESHOLDS)
    rivals = {"everybody": np.ones(len(outcome)), "nobody": np.zeros(len(outcome)), **others}
    columns = [weights]
    for theirs in rivals.values():
        won = ours - _worth(np.asarray(theirs, dtype=np.float64), outcome, THRESHOLDS)
        columns += list((won * weights[:, None]).T)
    by_person = np.column_stack([np.bincount(patient, column, len(people)) for column in columns]).astype(
        np.float64
    )
    sums = np.vstack([by_person.sum(axis=0), *_drawn_again(by_person, draws, np.random.default_rng(seed))])
    shape = (1 + draws, len(rivals), len(THRESHOLDS))
    found = (sums[:, 1:] / sums[:, :1]).reshape(shape)
    return {name: found[:, place] for place, name in enumerate(rivals)}


def benefit_table(risk: npt.ArrayLike, known: Prepared) -> list[dict[str, Any]]:
    """Return net benefit per 1,000 by threshold, and how much more than each rival's it is, with intervals."""
    rows = known.rows
    outcome, weight = rows["readmitted"].to_numpy(np.float64), rows["readmission_weight"].to_numpy(np.float64)
    by_lace = lace_risk(known, known)
    others = {} if by_lace is None else {"LACE": by_lace}
    won = differences(risk, others, outcome, rows["patient_id"], weight, draws=200)
    rivals = {"acting on all": of_everybody(outcome, weight)}
    rivals |= {name: net_benefit(theirs, outcome, weight) for name, theirs in others.items()}
    table = []
    for place in np.flatnonzero(np.isin(THRESHOLDS, SHOWN)):
        row: dict[str, Any] = {"threshold": f"{THRESHOLDS[place]:.0%}".replace("%", " %")}
        row["Homeward"] = 1000 * float(net_benefit(risk, outcome, weight)[place])
        row |= {name: 1000 * float(values[place]) for name, values in rivals.items()}
        row |= {f"more than {name}": _said(each[:, place]) for name, each in won.items()}
        table.append(row)
    return table


def lace_risk(known: Prepared, learnt_from: Prepared) -> Floats | None:
    """Return the risk that LACE stands for, by a line fitted on given rows; None where there is no LACE."""
    points, _ = lace(known.table, known.rows, known.hospital.facts)
    theirs, _ = lace(learnt_from.table, learnt_from.rows, learnt_from.hospital.facts)
    if points is None or theirs is None:
        return None
    weighed = learnt_from.rows.assign(weight=learnt_from.rows["readmission_weight"])
    return points_risk(theirs, weighed, points)


def _worth(risk: Floats, outcome: Floats, thresholds: Floats) -> Floats:
    """Return what each row adds to the net benefit at each threshold, (rows, thresholds)."""
    acted = risk[:, None] >= thresholds[None, :]
    odds = thresholds / (1 - thresholds)
    return np.asarray(acted * (outcome[:, None] - odds[None, :] * (1 - outcome[:, None])))


def _drawn_again(by_person: Floats, draws: int, rng: np.random.Generator) -> Iterator[Floats]:
    """Yield the sums over as many people drawn with replacement, one draw after the other."""
    count = len(by_person)
    for _ in range(draws):
        yield np.bincount(rng.integers(count, size=count), minlength=count) @ by_person


def _said(draws: Floats) -> str:
    low, high = np.quantile(draws[1:], [0.025, 0.975])
    return f"{1000 * draws[0]:+.1f} ({1000 * low:+.1f} to {1000 * high:+.1f})"

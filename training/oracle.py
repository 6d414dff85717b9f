"""How near models come to the truth about a simulated hospital: the best that could have been known."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import DataFault
from features.sources.simulation import MOST_AT_ONCE, Arguments
from features.sources.simulation.truth import Known, Truth
from models.distribution import Curves, raised
from models.predictor import Predictor
from training.cohort import Prepared
from training.detail import Detail
from training.evaluate import discharge_figures, ready_figures
from training.metrics import LAST_DAY, Figures, readmission_figures
from training.split import patient_draws

MOST_FORECASTS = 12_000  # rows whose days are compared: about two milliseconds each
SALT = "homeward-oracle-v1"
REMEMBERED_DAYS = 365  # of earlier stays: before, the hospital remembers those that its extract lacks
KINDS = ("models", "truth", "ceiling")
TRUTH_TABLE = "Beside the truth, which simulated patients have"
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Compared:
    """One figure of the models beside the truth's and the ceiling's; `share` is how much of it they reach.

    For AUROC the share is of what lies above chance; of days, the models' figure over the truth's.
    """

    answer: str
    rows: str
    figure: str
    models: float
    truth: float
    ceiling: float
    share: float


def oracle_figures(
    predictor: Predictor, test: Prepared, arguments: Arguments, most_forecasts: int
) -> dict[str, Any]:
    """Return figures of the models, the truth and the ceiling on the same rows, and how near the models come.

    Readmission is compared on every row whose outcome is known at discharge; dates, and readmission before
    discharge, on the board and admission rows of some patients, chosen by hash: about `most_forecasts`.  Rows
    of the first year are left out where there are later ones: what acts on a person then is on no record.
    Ranges and medians are taken within 60 days for all three.  The ceiling knows the hidden severity class,
    which nobody can.  Raises DataFault if the hospital is not the one that `arguments` make.
    """
    truth = Truth(arguments)
    _same(truth, test)
    parts: dict[str, Any] = {kind: {} for kind in KINDS}
    for moment in ("discharge", "board", "admission"):
        some = test.pick(_chosen(test, moment, most_forecasts))
        if some.rows.empty:
            continue
        known = {
            kind: truth.at(some.rows, days_ahead=LAST_DAY + 1, ceiling=kind == "ceiling") for kind in KINDS[1:]
        }
        for kind in KINDS:
            parts[kind][moment] = _figures(predictor, some, known.get(kind), moment)
    compared = [vars(row) for row in _compared(parts)]
    return {**parts, "compared": compared}


def _same(truth: Truth, test: Prepared) -> None:
    stays = test.hospital.admissions
    missing = ~stays["admission_id"].isin(truth.stay_of.index)
    own = truth.stay_of.reindex(stays["admission_id"][~missing]).to_numpy(np.int64)
    came = truth.world.clock.instants(truth.world.lives.stays["admitted"][own])
    if missing.any() or (came.to_numpy() != stays["admitted_at"].to_numpy()).any():
        raise DataFault(
            "simulation.json", ["does not describe this hospital: other stays come of its arguments"]
        )


def _chosen(test: Prepared, moment: str, most_forecasts: int) -> Mask:
    remembered = recorded_long_enough(test)
    rows = (test.rows["moment"] == moment).to_numpy() & remembered
    if moment == "discharge":
        return rows & test.for_readmission()
    asked = test.rows["moment"].isin(["board", "admission"]).to_numpy() & remembered
    share = most_forecasts / max(int(asked.sum()), 1)
    return rows & (patient_draws(test.rows["patient_id"], SALT) < share)


def recorded_long_enough(test: Prepared) -> Mask:
    """Tell which rows have a year of the record behind them; all rows where none has."""
    begun = test.hospital.admissions["admitted_at"].min()
    late = (test.rows["at"] >= begun + pd.Timedelta(days=REMEMBERED_DAYS)).to_numpy()
    return late if late.any() else ~late


def _figures(
    predictor: Predictor, some: Prepared, known: Known | None, moment: str
) -> dict[str, Figures | None]:
    """Return the figures of one kind on rows of one moment; the models' where nothing better is `known`."""
    chosen = some.for_readmission()
    answered = some.pick(chosen)
    if known is not None:
        risk = known.returns[chosen]
    elif predictor.readmission is not None:
        risk = predictor.readmission.risk(predictor.encoder.matrix(answered.table))
    else:
        risk = None
    own = answered.rows
    found = {
        "readmission": None
        if risk is None
        else readmission_figures(risk, own["readmitted"], own["readmission_weight"])
    }
    if moment == "discharge" or (known is None and predictor.date_model is None):
        return found
    curves = within(predictor.curves(some.table, some.days()) if known is None else true_curves(known))
    return {**found, "discharge": discharge_figures(some, curves), "ready": ready_figures(some, curves)}


def true_curves(known: Known) -> Curves:
    """Return the curves of what could be known."""
    home_by = np.cumsum(known.home, axis=1)
    return Curves(1 - home_by, home_by, raised(np.cumsum(known.ready, axis=1), home_by))


def within(curves: Curves) -> Curves:
    """Return the days 0 to LAST_DAY of curves."""
    near = slice(0, LAST_DAY + 1)
    ready = None if curves.ready_by is None else curves.ready_by[:, near]
    return Curves(curves.in_bed[:, near], curves.home_by[:, near], ready)


def _compared(parts: dict[str, Any]) -> list[Compared]:
    return [Compared(*spec[:3], *values) for spec in COMPARED if (values := _values(parts, *spec))]


def _values(
    parts: dict[str, Any], answer: str, moment: str, figure: str, share: Callable[[float, float], float]
) -> tuple[float, float, float, float] | None:
    values = [((parts[kind].get(moment) or {}).get(answer) or {}).get(figure) for kind in KINDS]
    models, truth, ceiling = (None if value is None else float(value) for value in values)
    if models is None or truth is None or ceiling is None:
        return None
    return models, truth, ceiling, share(models, truth)


def _above_chance(models: float, truth: float) -> float:
    return (models - 0.5) / (truth - 0.5)


def _over(models: float, truth: float) -> float:
    return models / truth


DAYS = ("crps", "mae_days", "width_80")
COMPARED = (
    ("readmission", "discharge", "auroc", _above_chance),
    ("readmission", "board", "auroc", _above_chance),
    *(
        (answer, moment, figure, _above_chance if figure.endswith("auroc") else _over)
        for answer in ("discharge", "ready")
        for moment in ("board", "admission")
        for figure in ("home_by_24h_auroc", *DAYS)
        if answer == "discharge" or figure in DAYS
    ),
)


def told(figures: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the comparison as rows of a table for people."""
    names = {"crps": "CRPS, days", "mae_days": "mean error, days", "width_80": "width of the 80 % range, days"}
    names |= {"auroc": "AUROC", "home_by_24h_auroc": "AUROC, home by tomorrow"}
    return [
        {
            "answer": row["answer"],
            "rows": row["rows"],
            "figure": names[row["figure"]],
            **{kind: round(row[kind], 3) for kind in KINDS},
            "share": f"{row['share']:.1%}".replace("%", " %"),
        }
        for row in figures["compared"]
    ]


def beside_the_truth(
    predictor: Predictor,
    rows: Prepared,
    arguments: Arguments,
    evaluated: tuple[dict[str, Any], list[str], Detail],
) -> tuple[dict[str, Any], list[str]]:
    """Return figures and notes of an evaluation with those of the truth, and add its table to what is beside.

    A hospital too large to be lived again at once gets a note instead.
    """
    found, notes, beside = evaluated
    if arguments.admissions > MOST_AT_ONCE:
        return found, [*notes, f"the truth is computed for at most {MOST_AT_ONCE:,} simulated admissions"]
    compared = oracle_figures(predictor, rows, arguments, MOST_FORECASTS)
    beside.tables[TRUTH_TABLE] = told(compared)
    year = "the truth is compared on rows with a year of the record behind them"
    return {**found, "oracle": compared}, [*notes, year]

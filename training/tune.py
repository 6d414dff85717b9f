"""Tuning a plan with Optuna: trials are kept as they end, and the plan changes only for more than noise."""

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.errors import HomewardError
from training import runs
from training.cohort import Say
from training.gain import Scored, gain, verdict
from training.plan import TrainingPlan
from training.plan_file import plan_of, write_plan
from training.store import private
from training.tracking import Run
from training.trial import SCORES, Bench

if TYPE_CHECKING:
    import optuna

# What is searched, each knob from its lowest to its highest, evenly in the logarithm.
SPACES: dict[str, dict[str, tuple[float, float]]] = {
    "dates": {
        "date_rounds": (30, 300),
        "date_leaves": (5, 31),
        "date_learning_rate": (0.03, 0.3),
        "smallest_leaf": (100, 10_000),
        "date_smoothing": (20, 5_000),
        "admission_weight": (1, 30),
    },
    "readmission": {
        "risk_rounds": (50, 800),
        "risk_leaves": (4, 63),
        "risk_learning_rate": (0.01, 0.15),
        "risk_smallest_leaf": (20, 2_000),
        "risk_smoothing": (5, 500),
        "early_weight": (0.03, 1),
    },
}
OBJECTIVES = {"dates": "crps", "readmission": "log_loss"}
WHATS = {"dates": ("dates",), "readmission": ("readmission",), "both": ("dates", "readmission")}
GAINS = {"gain": "the gain", "gain_later_months": "the gain in the later months"}
EDGES = ("fall", "low", "high")
WORTH_GROWING = 0.005  # a larger date model must lower the CRPS by more than this share
SAME_SCORE = 1e-9
STUDIES = "tuning.db"  # under the home
STUDY_NAME = re.compile(r"[A-Za-z0-9][-._A-Za-z0-9]{0,59}")


@dataclass(frozen=True)
class Trial:
    """A plan that was tried: its knobs, its scores, and the objective, of which less is better."""

    number: int  # 0 is the base plan
    knobs: dict[str, float]
    objective: float
    scores: dict[str, float]
    seconds: float


@dataclass(frozen=True)
class Wanted:
    """What to tune, how many trials there shall be in all, and where studies and runs are kept."""

    what: str
    trials: int
    study: str
    home: Path

    def __post_init__(self) -> None:
        if self.what not in WHATS:
            raise HomewardError(f"--what must be {', '.join(WHATS)}; found {self.what!r}")
        if not STUDY_NAME.fullmatch(self.study):
            raise HomewardError(
                f"--study must be 1 to 60 letters, digits, dots and dashes; found {self.study!r}"
            )

    def stages(self) -> int:
        """Return how many lines `tune` and the reading before it say at most."""
        return 3 + len(WHATS[self.what]) * (self.trials + 2)


def tune(bench: Bench, wanted: Wanted, run: Run, say: Say) -> dict[str, Any]:
    """Return what tuning found, for each of the models asked for; each new trial becomes a run inside `run`.

    `plan` is the base plan with the knobs of those models whose gain is above the noise.  A model that the
    source cannot score is left out with a note, unless it was asked for alone.
    """
    found: dict[str, Any] = {}
    notes, plan = [], bench.base
    for what in WHATS[wanted.what]:
        try:
            found[what] = _tuned(bench, what, wanted, run, say)
        except HomewardError as error:
            if wanted.what != "both":
                raise
            notes.append(str(error))
            continue
        runs.log_figures(run, {what: {name: found[what][name] or {} for name in GAINS}})
        if found[what]["wins"]:
            plan = plan_of({**plan.as_json(), **found[what]["chosen"]["knobs"]})
    return {**found, "plan": plan.as_json(), "changed": plan != bench.base, "notes": notes}


def kept_plan(found: Mapping[str, Any], wanted: Wanted, run: Run) -> Path | None:
    """Write the plan that tuning found under the home and with the run; None where the plan stays as it is."""
    if not found["changed"]:
        return None
    digest = hashlib.sha256(json.dumps(found["plan"]).encode()).hexdigest()[:10]
    file = wanted.home / "plans" / f"{wanted.study}-{digest}" / "plan.json"
    write_plan(plan_of(found["plan"]), file)
    runs.log_folder(run, file.parent, "chosen")
    return file


def trials(
    study: "optuna.Study", what: str, base: TrainingPlan, count: int, score: Callable[[TrainingPlan], Scored]
) -> Iterator[Trial]:
    """Score plans until the study has `count` finished trials, and return each as it ends.

    The first is the base plan.  What the sampler draws hangs on the seed and on the trials that ended before,
    so that a study which was stopped goes on as if it had not been.  One that is stopped counts for nothing.
    """
    import optuna

    while (done := len(finished(study))) < count:
        seed = (base.seed * 1_000_003 + done) % 2**32
        study.sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=False)
        waiting = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.WAITING,))
        if not done and not waiting:
            study.enqueue_trial(_knobs(base, what))
        trial = study.ask(_distributions(base, what))
        try:
            scored = score(plan_of({**base.as_json(), **trial.params}))
        except BaseException:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
            raise
        trial.set_user_attr("scores", scored.scores)
        study.tell(trial, scored.objective)
        yield finished(study)[-1]


def finished(study: "optuna.Study") -> list[Trial]:
    """Return the finished trials of a study in their order, numbered from 0."""
    import optuna

    ended = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    return [
        Trial(
            number,
            dict(trial.params),
            float(trial.values[0]),
            dict(trial.user_attrs["scores"]),
            trial.duration.total_seconds() if trial.duration else math.nan,
        )
        for number, trial in enumerate(ended)
    ]


def study_of(bench: Bench, what: str, name: str, home: Path) -> "optuna.Study":
    """Return the study of these very rows, base plan and search under the home, as it was left or new."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    private(home)
    said = json.dumps([bench.digest(), SPACES[what], version("lightgbm")])
    digest = hashlib.sha256(said.encode()).hexdigest()[:16]
    whole = f"{name}: {what} of {bench.rows.hospital.source}, seed {bench.base.seed}, {digest}"
    return optuna.create_study(
        storage=f"sqlite:///{(home / STUDIES).resolve()}", study_name=whole, load_if_exists=True
    )


def chosen(what: str, tried: list[Trial]) -> Trial:
    """Return the trial to prefer: the best, or among date plans nearly as good the smallest.

    Nearly as good is a CRPS within 0.5 % of the best; where the base plan is that, a smaller one must not be
    worse than it.  So a plan grows only for more than 0.5 %.
    """
    best = min(tried, key=lambda trial: trial.objective)
    if what != "dates":
        return best
    near = [trial for trial in tried if trial.objective <= best.objective * (1 + WORTH_GROWING)]
    if tried[0] in near:
        near = [trial for trial in near if trial.objective <= tried[0].objective]
    return min(near, key=lambda trial: (trial.scores["trees_times_leaves"], trial.objective))


def _tuned(bench: Bench, what: str, wanted: Wanted, run: Run, say: Say) -> dict[str, Any]:
    study = study_of(bench, what, wanted.study, wanted.home)
    already = finished(study)
    name, best = OBJECTIVES[what], min((trial.objective for trial in already), default=math.inf)
    said = f", the best {name} {best:.5f}" if already else ""
    were = "trial was" if len(already) == 1 else "trials were"
    say(f"{what}: {len(already)} {were} there already, of {wanted.trials}{said}")
    for trial in trials(study, what, bench.base, wanted.trials, partial(SCORES[what], bench)):
        with runs.start_run(
            wanted.home, f"{what} {trial.number}", trial.knobs, {"what": what}, within=run
        ) as child:
            runs.log_figures(child, {**trial.scores, "seconds": trial.seconds})
        best = min(best, trial.objective)
        own = " (the plan as it is)" if trial.number == 0 else ""
        say(f"{what} {trial.number}: {name} {trial.objective:.5f}{own}, best so far {best:.5f}")
    return _compared(bench, what, len(already), finished(study), say)


def _compared(bench: Bench, what: str, already: int, tried: list[Trial], say: Say) -> dict[str, Any]:
    """Return the trials and the one to prefer, which wins by a gain above the noise and no loss later on."""
    first, other = tried[0], chosen(what, tried)
    found = {
        "objective": OBJECTIVES[what],
        "already": already,
        "trials": [asdict(trial) for trial in tried],
        "default": asdict(first),
        "chosen": asdict(other),
        "gain": None,
        "gain_later_months": None,
        **verdict(None, None),
    }
    if other.number == 0:
        return found
    say(f"{what}: comparing trial {other.number} with the plan as it is, patient by patient")
    before, after = (_again(bench, what, trial) for trial in (first, other))
    whole = gain(before, after, bench.base.seed)
    later = gain(before, after, bench.base.seed, later=True)
    gains = {"gain": whole and asdict(whole), "gain_later_months": later and asdict(later)}
    return {**found, **gains, **verdict(whole, later)}


def _again(bench: Bench, what: str, trial: Trial) -> Scored:
    scored = SCORES[what](bench, plan_of({**bench.base.as_json(), **trial.knobs}))
    if not math.isclose(scored.objective, trial.objective, rel_tol=SAME_SCORE):
        raise HomewardError(
            f"trial {trial.number} of {what} scored {trial.objective:.6f} when it was tried and "
            f"{scored.objective:.6f} now: the code or the machine is another. Begin anew with --study NAME"
        )
    return scored


def _knobs(plan: TrainingPlan, what: str) -> dict[str, Any]:
    return {name: getattr(plan, name) for name in SPACES[what]}


def _distributions(base: TrainingPlan, what: str) -> "dict[str, optuna.distributions.BaseDistribution]":
    """Return the search, widened where the base plan lies outside it."""
    from optuna.distributions import FloatDistribution, IntDistribution

    found: dict[str, optuna.distributions.BaseDistribution] = {}
    for name, own in _knobs(base, what).items():
        low, high = min(SPACES[what][name][0], own), max(SPACES[what][name][1], own)
        whole = isinstance(own, int)
        found[name] = (
            IntDistribution(int(low), int(high), log=True) if whole else FloatDistribution(low, high, log=True)
        )
    return found


def told(found: Mapping[str, Any]) -> str:
    """Return what tuning found in words, some lines for each model."""
    lines = [line for what in SPACES if what in found for line in _told(what, found[what])]
    return "\n".join([*lines, *(f"note: {note}" for note in found["notes"])])


def _told(what: str, part: Mapping[str, Any]) -> Iterator[str]:
    name, first, other = part["objective"], part["default"], part["chosen"]
    if len(part["trials"]) == 1:
        yield f"{what}: the plan as it is has a {name} of {first['objective']:.5f}; nothing else was tried"
        yield "  the plan stays as it is: a search begins with --trials 2, and 30 are a beginning"
        return
    yield f"{what}: {len(part['trials'])} trials; the plan as it is has a {name} of {first['objective']:.5f}"
    if part["gain"] is None:
        yield "  no trial is to be preferred: the plan stays as it is"
        return
    size, was = (trial["scores"]["trees_times_leaves"] for trial in (other, first))
    number, objective = other["number"], other["objective"]
    yield f"  trial {number} has {objective:.5f}, with {size:,.0f} trees x leaves where the plan has {was:,.0f}"
    yield f"  {', '.join(f'{knob} {value:.4g}' for knob, value in other['knobs'].items())}"
    for gained, words in GAINS.items():
        if one := part[gained]:
            fall, low, high = (f"{one[edge]:+.5f} ({one[edge] / first['objective']:+.2%})" for edge in EDGES)
            people = f"{one['patients']:,} patients drawn again"
            yield f"  {words} is {fall}, from {low} to {high} (95 %, {people})"
    if part["wins"]:
        yield "  the gain is above the noise, on the patients that chose the trial; `fit` measures on others"
    else:
        why = "it loses in the later months" if part["above_noise"] else "the gain is within the noise"
        yield f"  {why}: the plan stays as it is"

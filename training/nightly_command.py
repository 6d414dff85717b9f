"""`python -m training nightly`: predict, watch, and fit again when the rules say so; it never promotes."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.errors import HomewardError
from training.command import JsonOption, PathOption, SourceOption, hospital_of
from training.terminal import errors, stages, writable, write

if TYPE_CHECKING:
    from features.tables import Hospital
    from models.predictor import Predictor
    from training.cohort import Say
    from training.retrain import Decision, Learnt, RetrainRules

STAGES = 5
LOOK = 1  # exit code: something for a person to look at


def nightly(
    source: SourceOption,
    path: PathOption = None,
    plan_file: Annotated[Path | None, typer.Option("--plan", help="JSON of the plan for a fit")] = None,
    rules_file: Annotated[
        Path | None, typer.Option("--rules", help="JSON of the limits of retraining that differ")
    ] = None,
    figures: JsonOption = None,
) -> None:
    """Do a night's work with the champion: predict who is in a bed, watch the weeks, fit again if due.

    What it made is under the home in nightly/DATE: predictions, watch, what was decided and why. A new
    release becomes the challenger; a person promotes it, through the gate. Exit code 1: an alarm stands or
    there is a new challenger, so somebody should look.

    \b
    Example, for cron (with the census before it: make nightly EXTRACT=extract/):
      python -m training nightly --source extract --path extract/
    """
    from training.home import home

    writable(figures)
    rules = _rules(rules_file)
    with _alone(home()):
        with stages(STAGES) as say:
            night = Night.begun(home(), hospital_of(source, path, say))
            _predicted(night, say)
            _watched(night, say)
        decision = _decided(night, rules)
        made = _fitted(night, source, path, plan_file) if decision.fit else None
        found = {**night.found, "rules": rules.as_json(), "challenger": made}
        write(night.folder / "night.json", found)
    write(figures, found)
    for line in night.told:
        typer.echo(line)
    errors.print(f"the night's files are in {night.folder}", soft_wrap=True)
    raise typer.Exit(LOOK if night.alarms or made else 0)


@dataclass
class Night:
    """A night's work: what it works with, and what it found on the way."""

    folder: Path
    hospital: "Hospital"
    predictor: "Predictor"
    champion: dict[str, Any]
    found: dict[str, Any] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    alarms: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def begun(cls, home: Path, hospital: "Hospital") -> "Night":
        """Return a night with the champion of a home; raises HomewardError where there is none."""
        from models.release import about, load
        from training.registry import CHAMPION, find
        from training.store import private

        if hospital.dates != "comparable":
            raise HomewardError(f"a night needs a calendar; the dates of {hospital.source} are none")
        folder = find(home, CHAMPION)
        predictor = load(folder)
        predictor.suits(hospital)
        until = hospital.observed_until
        begun = {"release": predictor.release, "data_until": until.isoformat()}
        place = private(home / "nightly" / f"{until:%Y-%m-%d}")
        return cls(place, hospital, predictor, about(folder)["about"], begun)


def _predicted(night: Night, say: "Say") -> None:
    from training.predict import inpatients_of
    from training.predict_command import written

    at = night.hospital.observed_until
    say(f"predicting the inpatients of {at:%d %B %Y %H:%M}")
    table = inpatients_of(night.predictor, night.hospital, at)
    written(table, night.folder / "predictions.parquet")
    night.found["predicted"] = len(table)
    night.told.append(f"{len(table):,} inpatients predicted by {night.predictor.release}")


def _watched(night: Night, say: "Say") -> None:
    """Watch the weeks since the champion learnt; before the first whole one there is nothing to watch."""
    import pandas as pd

    from training.drift import watched
    from training.home import home
    from training.watch.record import keep
    from training.watch.weeks import NoWeekYet, weeks_of
    from training.watch.words import ALARM

    try:
        weeks = weeks_of(night.hospital, pd.Timestamp(night.champion["learnt_until"]))
    except NoWeekYet as error:
        night.found["watched"] = None
        night.told.append(f"nothing to watch yet: {error}")
        return
    seen = watched(night.predictor, night.hospital, weeks, say)
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    keep(home(), {"made_at": made_at, **seen.latest()}, seen.history())
    write(night.folder / "watch.json", {"made_at": made_at, **seen.as_json()})
    night.alarms = [one for one in seen.latest()["measures"] if one["state"] == ALARM]
    night.found["watched"] = {"weeks": len(seen.by_week), "alarms": seen.alarms}
    night.told += [f"{len(seen.by_week)} weeks watched, {len(seen.alarms)} alarms stand", *seen.alarms]


def _decided(night: Night, rules: "RetrainRules") -> "Decision":
    from training.retrain import decided

    learnt = _learnt(night.champion)
    assert learnt is not None  # its dates compare, so it says until when it learnt
    found = decided(
        learnt, _challenger(), night.hospital.admissions, night.hospital.observed_until, night.alarms, rules
    )
    night.found["fit_again"] = {"because": list(found.because), "but": list(found.but), "fit": found.fit}
    words = [*(f"to fit again: {one}" for one in found.because), *(f"but {one}" for one in found.but)]
    night.told += words if found.because else ["no reason to fit again"]
    return found


def _fitted(night: Night, source: str, path: Path | None, plan_file: Path | None) -> str:
    import json

    from training.fit_command import fit

    file = night.folder / "fit.json"
    fit(source=source, path=path, figures=file, plan_file=plan_file)
    release = str(json.loads(file.read_text("utf-8"))["release"])
    night.told.append(
        f"{release} is the challenger now; nobody has promoted it: python -m training promote {release} --help"
    )
    return release


def _challenger() -> "Learnt | None":
    from models.release import about
    from training.home import home
    from training.promotions import names
    from training.registry import CHALLENGER, CHAMPION, find

    known = names(home())
    if known.get(CHALLENGER) in (None, known.get(CHAMPION)):
        return None
    return _learnt(about(find(home(), CHALLENGER))["about"])


def _learnt(about: dict[str, Any]) -> "Learnt | None":
    import pandas as pd

    from training.retrain import Learnt

    until = about.get("learnt_until")
    return Learnt(int(about["admissions"]), pd.Timestamp(until)) if until else None


def _rules(file: Path | None) -> "RetrainRules":
    from training.plan_file import checked_knobs, read_knobs
    from training.retrain import RetrainRules

    if file is None:
        return RetrainRules()
    ranges = {"least_new_share": (0.0, 1.0)}
    default, where = RetrainRules().as_json(), f"the rules {file}"
    return RetrainRules(**checked_knobs(read_knobs(file), default, ranges, where))


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Hold the home's nights for one process, so that a slow night and the next do not run together."""
    from training.store import private

    with (private(home) / "nightly.lock").open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise HomewardError("another night's work is still going on in this home: let it end") from error
        yield

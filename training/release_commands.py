"""Commands about which release answers: compare two, promote one through the gate, go back, see the state."""

from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.errors import HomewardError, ReleaseFault
from training.command import JsonOption, PathOption, SourceOption, hospital_of
from training.terminal import errors, stages, writable, write

if TYPE_CHECKING:
    from training.gate import Verdict
    from training.gate_plan import GatePlan
    from training.promotions import Promotion
    from training.rules import Candidate

REFUSED, WAITS = 1, 3
PlanOption = Annotated[Path | None, typer.Option("--plan", help="JSON of the gate's limits that differ")]
ByOption = Annotated[str | None, typer.Option("--by", help="your name, as it will be kept")]
NameArgument = Annotated[str, typer.Argument(help="the release, as `fit` printed it")]


def compare(
    source: SourceOption,
    path: PathOption = None,
    release: Annotated[str, typer.Option(help="name, alias or folder")] = "champion",
    other: Annotated[str, typer.Option("--with", help="name, alias or folder")] = "challenger",
    figures: JsonOption = None,
    plan_file: PlanOption = None,
) -> None:
    """Lay two releases side by side on the same rows, with 95 % intervals when patients are drawn again.

    Example: python -m training compare --source extract --path next-months --release champion --with challenger
    """
    from models.release import about, load
    from training import registry
    from training.compare import Learnt, as_json, beside, table_text
    from training.gate_plan import read_gate_plan
    from training.home import home

    writable(figures)
    plan = read_gate_plan(plan_file)
    with stages(7) as say:
        one, two = (registry.find(home(), name) for name in (release, other))
        if one == two:
            raise HomewardError(f"{release} and {other} are the same release, {one.name}: name two")
        predictors, learnt = (load(one), load(two)), (Learnt.of(about(one)), Learnt.of(about(two)))
        hospital = hospital_of(source, path, say)
        for predictor in predictors:
            predictor.suits(hospital)
        found, rows, notes = beside(predictors, learnt, hospital, plan, say)
    typer.echo(f"{rows.told()}\n{table_text(found, learnt[0].name, learnt[1].name)}")
    for note in notes:
        typer.echo(f"note: {note}")
    both = {"release": learnt[0].name, "with": learnt[1].name, "source": source}
    write(figures, {**both, "patients": rows.patients, "notes": notes, "figures": as_json(found)})


def promote(
    name: NameArgument,
    source: Annotated[
        str | None, typer.Option(help="of the rows to judge by: months after the learning")
    ] = None,
    path: PathOption = None,
    by: ByOption = None,
    silent: Annotated[Path | None, typer.Option(help="what `python -m serving silent` wrote")] = None,
    plan_file: PlanOption = None,
    without_gate: Annotated[str | None, typer.Option(help="promote at once; a reason, which is kept")] = None,
    figures: JsonOption = None,
) -> None:
    """Make a release the champion, whose plain files the service reads, if no rule of the gate is broken.

    Exit code 1: refused, and every rule that was broken is named.  3: nothing is against it, and a second
    person must ask for it by the same command.

    Example: python -m training promote RELEASE --source extract --path next-months --by "Ann Lee"
    """
    from training import promotions, registry
    from training.gate_plan import read_gate_plan
    from training.home import home

    writable(figures)
    release = str(registry.version_of(home(), name).tags["release"])
    who = promotions.person(by)
    if without_gate is not None:
        if source or silent or plan_file:
            raise HomewardError("--without-gate judges nothing: leave --source, --silent and --plan out")
        _without_gate(release, who, promotions.reason("--without-gate", without_gate), figures)
        return
    if source is None:
        raise HomewardError(
            "promote needs rows to judge by, of months after what the release learnt: --source and --path; or, "
            "in an emergency, --without-gate REASON"
        )
    plan = read_gate_plan(plan_file)
    found = _verdict(release, (source, path), plan, silent)
    now = datetime.now(UTC)
    promotions.keep_verdict(home(), release, found.as_json(), now)
    decide(found, who, now, figures)


def rollback(
    by: ByOption = None,
    because: Annotated[str, typer.Option(help="why, which is kept")] = "",
    figures: JsonOption = None,
) -> None:
    """Go back at once to the champion before: its files are checked, and no gate is asked.

    Example: python -m training rollback --by "Ann" --because "dates a day late since this morning"
    """
    from models.release import load
    from training import promotions, registry
    from training.home import home

    writable(figures)
    who, why = promotions.person(by), promotions.reason("--because", because)
    before = promotions.champion_before(home())
    if before is None:
        raise HomewardError("there is no champion to go back to; `python -m training status` tells the history")
    load(registry.find(home(), before))
    now = datetime.now(UTC)
    current = promotions.names(home()).get(registry.CHAMPION)
    one = promotions.Promotion("rolled back", before, current, now.isoformat(), (who,), why)
    _made_champion(one, now)
    write(figures, {**asdict(one), "outcome": one.kind})


def status(figures: JsonOption = None) -> None:
    """Say which release answers and since when, what waits for a second person, and what the gate last found.

    Example: python -m training status --json status.json
    """
    from training import promotions, registry
    from training.home import home
    from training.store import latest

    writable(figures)
    place = home()
    known, changes, waits = promotions.names(place), promotions.history(place), promotions.waiting(place)
    challenger = known.get(registry.CHALLENGER)
    found = {
        "champion": known.get(registry.CHAMPION),
        "challenger": None if challenger == known.get(registry.CHAMPION) else challenger,
        "before": promotions.champion_before(place),
        "in_the_store": latest(place),
        "waiting": [asdict(one) for one in waits],
        "verdicts": promotions.verdicts(place),
        "history": [asdict(one) for one in changes],
    }
    write(figures, found)
    typer.echo(_status_text(found, changes))


def _verdict(release: str, data: tuple[str, Path | None], plan: "GatePlan", silent: Path | None) -> "Verdict":
    from training import promotions, registry
    from training.gate import judged
    from training.home import home
    from training.silent import read_silent

    report = read_silent(silent) if silent else None
    champion = promotions.names(home()).get(registry.CHAMPION)
    if champion == release:
        raise HomewardError(f"release {release} is the champion already")
    with stages(7) as say:
        ours, theirs = _candidate(release), _candidate(champion) if champion else None
        if theirs is not None and theirs.fault:
            raise ReleaseFault(f"nothing can be compared with the champion: {theirs.fault}")
        hospital = hospital_of(*data, say)
        return judged(ours, theirs, hospital, plan, report, say)


def _candidate(release: str) -> "Candidate":
    """Return a release as the gate sees it; files that are gone or altered in MLflow are a fault of it."""
    from training import registry
    from training.home import home
    from training.rules import Candidate

    try:
        return Candidate.of(registry.find(home(), release))
    except ReleaseFault as error:
        return Candidate(release, "", {}, None, str(error))


def decide(found: "Verdict", who: str, now: datetime, figures: Path | None) -> None:
    """Say what the gate found; refuse, wait for a second person, or promote."""
    from training import promotions
    from training.gate import refusal, told
    from training.home import home
    from training.rules import Finding

    asked = [one for one in promotions.requests(home(), found.release) if one.evidence == found.evidence]
    others = [one.by for one in asked if not promotions.same_person(one.by, who)]
    people = (*others[-1:], who)
    enough = len(people) >= found.plan.people
    said = f"asked for by {' and '.join(people)}, {found.plan.people} are needed"
    with_people = Finding("people", "holds" if enough else "waits", said)
    shown = replace(found, findings=(*found.findings, with_people)) if found.passed else found
    typer.echo(told(shown))
    said = "refused" if not found.passed else "promoted" if enough else "waits"
    outcome = {**shown.as_json(), "outcome": said, "asked_by": list(people)}
    if not enough or not found.passed:
        write(figures, outcome)
    if not found.passed:
        errors.print(refusal(found), markup=False, soft_wrap=True)
        raise typer.Exit(REFUSED)
    if not enough:
        if not asked:
            one = promotions.Request(found.release, now.isoformat(), who, found.evidence)
            promotions.ask(home(), one, now)
        typer.echo(
            f"release {found.release} is not promoted yet: a second person must ask for it by this command, "
            "with their own --by"
        )
        raise typer.Exit(WAITS)
    promotion = promotions.Promotion(
        "promoted", found.release, found.champion, now.isoformat(), people, None, found.evidence
    )
    _made_champion(promotion, now)
    write(figures, outcome)


def _without_gate(release: str, who: str, why: str, figures: Path | None) -> None:
    """Promote what loads, whatever it answers; that it was so is kept and said."""
    from training import promotions, registry
    from training.home import home

    candidate = _candidate(release)
    if candidate.fault:
        write(figures, {"release": release, "outcome": "refused", "broken": ["files"]})
        errors.print(
            f"release {release} is refused, also without the gate, by the rule files: {candidate.fault}"
        )
        raise typer.Exit(REFUSED)
    now = datetime.now(UTC)
    before = promotions.names(home()).get(registry.CHAMPION)
    one = promotions.Promotion("promoted without the gate", release, before, now.isoformat(), (who,), why)
    _made_champion(one, now)
    write(figures, {**asdict(one), "outcome": one.kind})


def _made_champion(one: "Promotion", now: datetime) -> None:
    from training import promotions, registry
    from training.home import home

    folder = registry.promote(home(), one.release)
    if one.before != one.release:  # the champion anew is no change
        promotions.keep(home(), one, now)
    how = "" if one.kind == "promoted" else f", {one.kind}: {one.because}"
    typer.echo(f"release {folder.name} is the champion (homeward:{folder.name}){how}")
    typer.echo("a service that runs takes it within seconds, after a trial; see `python -m training status`")


def _status_text(found: dict[str, Any], changes: list["Promotion"]) -> str:
    lines = [
        f"{name.replace('_', ' '):<13}{found[name] or 'none'}" for name in ("champion", "challenger", "before")
    ]
    if found["in_the_store"] != found["champion"]:
        lines.append(f"BUT the store that the service reads names {found['in_the_store']}: promote again")
    own = (one for one in reversed(changes) if one.release == found["champion"] and one.kind != "rolled back")
    last = next(own, None)
    if last and last.kind == "promoted without the gate":
        lines.append(f"THE CHAMPION WAS PROMOTED WITHOUT THE GATE: {last.because}")
    lines += [f"waits        {one['release']}, asked for by {one['by']}" for one in found["waiting"]]
    for one in found["verdicts"]:
        said = "passed" if one["passed"] else f"refused: {', '.join(one['broken'])}"
        lines.append(f"gate         {one['at'][:16]} {one['release']} {said}")
    for change in changes:
        why = f", because {change.because}" if change.because else ""
        was = f"{change.before} -> " if change.before else ""
        lines.append(
            f"history      {change.at[:16]} {was}{change.release}: {change.kind} by "
            f"{' and '.join(change.by)}{why}"
        )
    return "\n".join(lines)


COMMANDS: tuple[Any, ...] = (compare, promote, rollback, status)

"""The rules of the promotion gate, what a rule finds, and the rules about a release rather than its figures."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from features.catalogue import catalogue
from features.errors import HomewardError, ReleaseFault
from features.sources.simulation.estimate import Estimate
from models.prediction import READMISSION_DEFINITION
from models.predictor import Predictor
from models.release import opened
from models.sealed import parsed, sealed
from training.answers import Answers, Held
from training.compare import Doubt
from training.gate_plan import GatePlan
from training.silent import Silent

Says = Literal["holds", "broken", "cannot tell", "excused", "not asked", "waits"]
DEFINITIONS = {"readmission": READMISSION_DEFINITION}


@dataclass(frozen=True)
class Rule:
    """What must hold, in a sentence; `unsure_blocks` tells whether "cannot tell" blocks as "broken" does."""

    id: str
    must: str
    unsure_blocks: bool = False


RULES = {
    rule.id: rule
    for rule in (
        Rule(
            "files",
            "Every file has its digest, the release loads, and it answers its golden rows as when it was made.",
            True,
        ),
        Rule(
            "definitions",
            "It predicts what the service says that it does, for the nation and clock of the data, at the "
            "champion's board round.",
            True,
        ),
        Rule(
            "features",
            "Every feature that it reads is one that the service makes, of the same kind and unit.",
            True,
        ),
        Rule("held out", "No row was learnt from: all are later than what both releases learnt until.", True),
        Rule("enough rows", "There are patients, discharges and readmissions enough to tell anything.", True),
        Rule("coherence", "No curve falls or crosses, no date lies before now, no chance lies outside 0 to 1."),
        Rule("leak", "No figure is better than honest models reach."),
        Rule(
            "scores",
            "CRPS of leaving and of ready, and log loss of coming back, are shown to be no worse than the "
            "champion's, within a margin.",
            True,
        ),
        Rule(
            "calibration",
            "Slope and observed over expected of coming back, and of home by 1, 2, 3 days, lie within limits.",
        ),
        Rule("coverage", "The 80 % range holds as many days as the curve promises."),
        Rule("width", "The 80 % range is not much wider than the champion's."),
        Rule(
            "groups",
            "Readmissions, coverage and bed days hold in each sex, age band, ethnic category and deprivation "
            "fifth, and for people of care homes.",
        ),
        Rule(
            "steadiness",
            "Few patients move a day or a risk band, unless what moved them is shown to be better.",
        ),
        Rule(
            "silent", "It answered unseen beside the champion for a stated time, nearly without a fault.", True
        ),
        Rule("people", "Two different people asked for it.", True),
    )
}
"""Every rule of the gate by its name, in the order in which they are told."""


@dataclass(frozen=True)
class Finding:
    """What a rule found, in a sentence; where it held a figure to limits, these with it."""

    rule: str
    says: Says
    said: str
    figure: Estimate | None = None
    low: float | None = None
    high: float | None = None

    @property
    def blocks(self) -> bool:
        """Whether it stands in the way of a promotion."""
        return self.says == "broken" or (self.says == "cannot tell" and RULES[self.rule].unsure_blocks)


@dataclass(frozen=True)
class Candidate:
    """A release as the gate sees it: what its files say, and the predictor they make, or what is wrong."""

    name: str
    digest: str
    content: Mapping[str, Any]
    predictor: Predictor | None
    fault: str | None = None

    @classmethod
    def of(cls, folder: Path) -> "Candidate":
        """Return the release of a folder; a fault of its files is kept, since it is a rule's to tell of it."""
        try:
            files = sealed(folder)
        except ReleaseFault as error:
            return cls(folder.name, "", {}, None, str(error))
        try:
            predictor = opened(files)
            content = parsed(files.files["release.json"])
        except ReleaseFault as error:
            return cls(folder.name, files.digest, {}, None, str(error))
        return cls(predictor.release, files.digest, content, predictor)


@dataclass(frozen=True)
class Case:
    """What is judged: a challenger, the champion if there is one, and what they answer on the rows.

    `doubts` say why rows may have been learnt from.
    """

    plan: GatePlan
    rows: Held
    doubts: tuple[Doubt, ...]
    challenger: Candidate
    answers: Answers
    champion: Candidate | None = None
    champion_answers: Answers | None = None
    silent: Silent | None = None


def of_files(challenger: Candidate) -> Finding:
    """Return whether the release can be trusted to be what was made."""
    if challenger.fault:
        return Finding("files", "broken", challenger.fault)
    return Finding("files", "holds", f"release {challenger.name} loads and answers its golden rows")


def of_release(case: Case) -> Iterator[Finding]:
    """Yield what the rules find that need no figure."""
    yield from _definitions(case)
    yield from _features(case)
    yield from _held_out(case)
    yield from _enough(case)


def _definitions(case: Case) -> Iterator[Finding]:
    predictor, hospital = case.challenger.predictor, case.rows.board.hospital
    assert predictor is not None
    try:
        predictor.suits(hospital)
    except HomewardError as error:
        yield Finding("definitions", "broken", str(error))
    champion = case.champion.predictor if case.champion else None
    if champion and champion.facts.board_round != predictor.facts.board_round:
        rounds = f"{predictor.facts.board_round}, the champion's {champion.facts.board_round}"
        yield Finding("definitions", "broken", f"its board round is at {rounds}")
    told = case.challenger.content.get("about", {}).get("definitions")
    if not isinstance(told, Mapping):
        yield Finding("definitions", "cannot tell", "the release does not say what it predicts: fit it again")
        return
    for name, ours in DEFINITIONS.items():
        if told.get(name) != ours:
            yield Finding("definitions", "broken", f"its {name} is {told.get(name)}, the service says {ours}")
    if told == DEFINITIONS:
        yield Finding("definitions", "holds", ", ".join(f"{name} {ours}" for name, ours in DEFINITIONS.items()))


def _features(case: Case) -> Iterator[Finding]:
    predictor = case.challenger.predictor
    assert predictor is not None
    made = {each.name: (each.kind, each.unit) for each in catalogue(case.rows.board.hospital)}
    read = predictor.encoder.features
    unknown = [each.name for each in read if each.name not in made]
    other = [each.name for each in read if each.name in made and made[each.name] != (each.kind, each.unit)]
    for names, words in ((unknown, "does not make"), (other, "makes of another kind or unit")):
        if names:
            yield Finding(
                "features", "broken", f"it reads what the service {words}: {', '.join(sorted(names))}"
            )
    boosters = {name: count for name, count in _widths(predictor) if count != len(read)}
    for name, count in boosters.items():
        yield Finding("features", "broken", f"its {name} model reads {count} columns, its list has {len(read)}")
    if not (unknown or other or boosters):
        yield Finding("features", "holds", f"{len(read)} features, all made by the service")


def _widths(predictor: Predictor) -> Iterator[tuple[str, int]]:
    """Yield how many columns each readmission booster reads; date boosters have columns of their own beside."""
    for name in ("readmission", "same_issue"):
        if model := getattr(predictor, name):
            yield name, int(model.booster.num_feature())


def _held_out(case: Case) -> Iterator[Finding]:
    for doubt in case.doubts:
        yield Finding("held out", "broken" if doubt.certain else "cannot tell", doubt.said)
    if not case.rows.patients:
        said = "no row is later than what both releases learnt until: give an extract of the months since"
        yield Finding("held out", "broken", said)
    elif not case.doubts:
        first = case.rows.board.rows["at"].min()
        yield Finding(
            "held out", "holds", f"all rows are later than what was learnt from, from {first:%d %B %Y}"
        )


def _enough(case: Case) -> Iterator[Finding]:
    plan, board, back = case.plan, case.rows.board.rows, case.rows.discharge.rows["readmitted"]
    home = board.loc[board["exit_kind"] == "home", "admission_id"].nunique()
    counts = [
        ("patients", case.rows.patients, plan.least_patients),
        ("discharges home", home, plan.least_discharges),
    ]
    if case.answers.risk is not None:
        counts.append(("readmissions", int((back == 1).sum()), plan.least_readmissions))
    few = [f"{count:,} {what}, {least:,} are needed" for what, count, least in counts if count < least]
    said = "; ".join(few) or ", ".join(f"{count:,} {what}" for what, count, _ in counts)
    yield Finding("enough rows", "broken" if few else "holds", said)


def of_silence(case: Case) -> Finding:
    """Return whether the challenger has answered unseen for long enough."""
    plan, silent = case.plan, case.silent
    if case.champion is None or plan.silent_days == 0:
        why = (
            "there is no champion to be beside" if case.champion is None else "the plan asks for no silent days"
        )
        return Finding("silent", "not asked", why)
    if silent is None:
        said = (
            f"no report was given; {plan.silent_days} days are asked for: see `python -m serving silent --help`"
        )
        return Finding("silent", "broken", said)
    if silent.release_digest != case.challenger.digest:
        return Finding("silent", "broken", "the report is of another release: its digest is not this one's")
    share = silent.faults / max(silent.questions, 1)
    said = f"{silent.questions:,} questions on {silent.days} days, {silent.faults:,} of them not answered"
    short = silent.days < plan.silent_days or share > plan.silent_faults
    asked = f"; {plan.silent_days} days and at most {plan.silent_faults:.1%} are asked for" if short else ""
    return Finding("silent", "broken" if short else "holds", said + asked)

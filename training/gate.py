"""The promotion gate: every rule asked of a challenger, and one verdict that names each rule it broke."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from features.tables import Hospital
from training.answers import answers_of
from training.cohort import Prepared, Say, measurable
from training.compare import Learnt, never_seen, plain
from training.figure_rules import of_figures
from training.gate_plan import GatePlan
from training.lineage import tables_digest
from training.rules import RULES, Candidate, Case, Finding, of_files, of_release, of_silence
from training.silent import Silent


@dataclass(frozen=True)
class Verdict:
    """What the gate found of a release, and on which evidence."""

    release: str
    digest: str
    champion: str | None
    champion_digest: str | None
    data: Mapping[str, Any]
    plan: GatePlan
    silent: Silent | None
    findings: tuple[Finding, ...]

    @property
    def broken(self) -> tuple[str, ...]:
        """The rules that stand in the way, in the order of the table."""
        blocking = {finding.rule for finding in self.findings if finding.blocks}
        return tuple(name for name in RULES if name in blocking)

    @property
    def passed(self) -> bool:
        """Whether nothing stands in the way; whether a second person has asked is not in it."""
        return not self.broken

    @property
    def evidence(self) -> str:
        """A digest of all that was judged and of what was found: the same only if a second look is the same.

        Figures are not in it, since the last digit of a sum may differ between machines.
        """
        found = sorted({(each.rule, each.says) for each in self.findings})
        silent = vars(self.silent) if self.silent else None
        judged = [self.digest, self.champion_digest, self.data["digest"], self.plan.as_json(), silent, found]
        return hashlib.sha256(json.dumps(judged, sort_keys=True).encode()).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """Return the verdict as plain values, every finding among them."""
        return {
            "release": self.release,
            "digest": self.digest,
            "champion": self.champion,
            "champion_digest": self.champion_digest,
            "passed": self.passed,
            "broken": list(self.broken),
            "evidence": self.evidence,
            "data": dict(self.data),
            "silent": vars(self.silent) if self.silent else None,
            "plan": self.plan.as_json(),
            "findings": [_finding_json(each) for each in self.findings],
        }


def judged(
    ours: Candidate,
    theirs: Candidate | None,
    hospital: Hospital,
    plan: GatePlan,
    silent: Silent | None,
    say: Say,
) -> Verdict:
    """Return the gate's verdict on a release, beside the champion unless it would be the first.

    A release whose files cannot be trusted is asked nothing more.
    """
    if ours.predictor is None:
        return verdict(ours, theirs, hospital, plan, silent, [of_files(ours)])
    case = case_of(ours, theirs, measurable(hospital, plan.seed, say), plan, silent, say)
    return judgement(case)


def case_of(
    challenger: Candidate,
    champion: Candidate | None,
    rows: Prepared,
    plan: GatePlan,
    silent: Silent | None,
    say: Say,
) -> Case:
    """Return what the gate judges: the rows that neither release learnt from, and what both answer on them."""
    learnt = [Learnt.of(each.content) for each in (challenger, champion) if each]
    some, doubts = never_seen(rows, learnt, plan)
    say(some.told())
    assert challenger.predictor is not None
    answers = answers_of(challenger.predictor, some)
    beside = answers_of(champion.predictor, some) if champion and champion.predictor else None
    return Case(plan, some, tuple(doubts), challenger, answers, champion, beside, silent)


def judgement(case: Case) -> Verdict:
    """Return the verdict on a case: every rule is asked, also where one is broken already."""
    findings, hospital = [of_files(case.challenger)], case.rows.board.hospital
    if case.challenger.predictor is not None:
        findings += [*of_release(case), *(of_figures(case) if case.rows.patients else ()), of_silence(case)]
    return verdict(case.challenger, case.champion, hospital, case.plan, case.silent, findings, case)


def verdict(
    challenger: Candidate,
    champion: Candidate | None,
    hospital: Hospital,
    plan: GatePlan,
    silent: Silent | None,
    findings: Sequence[Finding],
    case: Case | None = None,
) -> Verdict:
    """Return a verdict of findings, with what they were found on."""
    order = list(RULES)
    return Verdict(
        challenger.name,
        challenger.digest,
        champion.name if champion else None,
        champion.digest if champion else None,
        _data(hospital, case),
        plan,
        silent,
        tuple(sorted(findings, key=lambda each: order.index(each.rule))),
    )


def told(found: Verdict) -> str:
    """Return a verdict for a terminal: what blocks, what cannot be told, and a line a rule for the rest."""
    lines = []
    for rule in RULES.values():
        own = [each for each in found.findings if each.rule == rule.id]
        loud = [each for each in own if each.blocks or each.says in ("broken", "excused")]
        if not own:
            continue
        if loud:
            lines += [f"{_word(each):>11}  {rule.id}: {each.said}" for each in loud]
            continue
        unsure = [each for each in own if each.says == "cannot tell"]
        shown = unsure or own
        more = f" (and {len(shown) - 1} more)" if len(shown) > 1 else ""
        lines.append(f"{shown[0].says:>11}  {rule.id}: {shown[0].said}{more}")
    return "\n".join(lines)


def refusal(found: Verdict) -> str:
    """Return why a release is refused: every rule that it broke, with what that rule asks."""
    count, asked = len(found.broken), len({finding.rule for finding in found.findings})
    rules = [f"  {name}, which asks: {RULES[name].must}" for name in found.broken]
    return "\n".join([f"release {found.release} is refused by {count} of the {asked} rules asked:", *rules])


def _word(finding: Finding) -> str:
    return "BROKEN" if finding.says == "broken" else finding.says.upper() if finding.blocks else finding.says


def _data(hospital: Hospital, case: Case | None) -> dict[str, Any]:
    known: dict[str, Any] = {"source": hospital.source, "digest": tables_digest(hospital)}
    if case is None or not len(case.rows.board.rows):
        return known
    at = case.rows.board.rows["at"]
    return known | {
        "board_rows": len(at),
        "discharges": len(case.rows.discharge.rows),
        "patients": case.rows.patients,
        "first": at.min().isoformat(),
        "last": at.max().isoformat(),
    }


def _finding_json(finding: Finding) -> dict[str, Any]:
    figure = plain(vars(finding.figure)) if finding.figure else None
    return {
        "rule": finding.rule,
        "must": RULES[finding.rule].must,
        "says": finding.says,
        "blocks": finding.blocks,
        "said": finding.said,
        "figure": figure,
        "low": finding.low,
        "high": finding.high,
    }

"""The rules of the promotion gate that hold figures to limits, and releases to each other, on the same rows."""

from collections.abc import Iterator, Mapping

import numpy as np

from features.sources.simulation.estimate import Estimate
from models.distribution import fewest_days, median_day
from models.predictor import HIGH_RISK, MEDIUM_RISK
from training.answers import Answers
from training.coherence import wrong_rows
from training.compare import FIGURES
from training.groups import groups_of
from training.paired import Group, Numbers, Paired, Sampled, estimate, family_wise
from training.rules import Case, Finding, Says

SCORES = ("discharge.crps", "ready.crps", "readmission.log_loss")
HOME_RATIOS = tuple(f"discharge.home_by_{hours}h_observed_over_expected" for hours in (24, 48, 72))
BACK_RATIO = "readmission.observed_over_expected"
OF_GROUPS = (BACK_RATIO, "discharge.coverage_gap", "discharge.bed_days_gap")
WORTH_A_DAY = 0.25  # of the champion's range: a likely day that moves by less is within what both say
WORTH_A_RISK = 0.02  # the mean change that a retraining may make; a risk at a band's edge crosses it by less
ALIKE = 0.2  # of the distance between two limits: further apart than that, the nearer release is kept
MARGIN = 1e-12


def of_figures(case: Case) -> Iterator[Finding]:
    """Yield what the rules find that hold figures to limits; without a champion, only those that need none."""
    paired = Paired(case.rows, case.plan.draws, case.plan.seed)
    ours = paired.figures(case.answers)
    theirs = paired.figures(case.champion_answers) if case.champion_answers else None
    yield from _coherence(case.answers)
    yield from _leak(case, ours)
    yield from _scores(case, ours, theirs)
    yield from _calibration(case, ours, theirs or {})
    yield no_wider(ours, theirs, case.plan.width_ratio)
    yield from _groups(case, paired)
    yield from _steadiness(case, paired, ours, theirs)


def _coherence(answers: Answers) -> Iterator[Finding]:
    wrong = int(wrong_rows(answers.curves).sum()) if answers.curves is not None else 0
    risks = [each for each in (answers.risk, answers.board_risk) if each is not None]
    outside = sum(int((~((each >= 0) & (each <= 1))).sum()) for each in risks)
    said = f"{wrong:,} rows with curves or dates that contradict themselves, {outside:,} risks outside 0 to 1"
    yield Finding("coherence", "broken" if wrong or outside else "holds", said)


def _leak(case: Case, ours: Mapping[str, Sampled]) -> Iterator[Finding]:
    """Hold AUROCs to limits as they stand, without their intervals: what is too good is looked into first."""
    plan = case.plan
    for name, limit in (
        ("readmission.auroc", plan.readmission_auroc),
        ("discharge.home_by_24h_auroc", plan.next_day_auroc),
    ):
        if name in ours:
            figure = estimate(ours[name])
            high = figure.value > limit
            hint = ": look for knowledge of the future, `python -m training leaks`" if high else ""
            said = f"{FIGURES[name][0]} {figure.value:.3f}, honest models stay below {limit:g}{hint}"
            yield Finding("leak", "broken" if high else "holds", said, figure, 0.0, limit)


def _scores(case: Case, ours: Mapping[str, Sampled], theirs: Mapping[str, Sampled] | None) -> Iterator[Finding]:
    if theirs is None:
        yield Finding("scores", "not asked", "there is no champion to be compared with")
        return
    margin = case.plan.score_margin
    for name in SCORES:
        if name in theirs and name not in ours:
            yield Finding("scores", "broken", f"{FIGURES[name][0]}: it has none, and the champion has")
        elif name in theirs:
            worse = estimate(ours[name] / theirs[name] - 1)
            says = no_more(worse, margin)
            yield Finding(
                "scores", says, f"{FIGURES[name][0]}: {_share(worse)} of the champion's", worse, None, margin
            )


def no_more(figure: Estimate, most: float) -> Says:
    """Return how a figure stands to a limit from above, by its whole interval.

    >>> [no_more(Estimate(0.02, at), 0.03) for at in [(0.0, 0.03), (0.01, 0.04), (0.031, 0.04)]]
    ['holds', 'cannot tell', 'broken']
    """
    low, high = figure.interval or (np.nan, np.nan)
    if np.isnan(low) or np.isnan(high):
        return "cannot tell"
    return "holds" if high <= most else "broken" if low > most else "cannot tell"


def _calibration(case: Case, ours: Mapping[str, Sampled], theirs: Mapping[str, Sampled]) -> Iterator[Finding]:
    plan = case.plan
    limits = {"readmission.slope": (plan.slope_low, plan.slope_high)}
    limits |= dict.fromkeys((BACK_RATIO, *HOME_RATIOS), (plan.ratio_low, plan.ratio_high))
    for name, within in limits.items():
        if name in ours:
            yield held_to("calibration", FIGURES[name][0], (ours[name], theirs.get(name)), within, 1.0)
    gap = "discharge.coverage_gap"
    if gap in ours:
        within = (-plan.coverage_gap, plan.coverage_gap)
        yield held_to("coverage", FIGURES[gap][0], (ours[gap], theirs.get(gap)), within, 0.0)


def held_to(
    rule: str,
    words: str,
    figures: tuple[Sampled, Sampled | None],
    within: tuple[float, float],
    best: float,
    wider: float = 1.0,
) -> Finding:
    """Hold a figure to limits: broken only if its interval lies wholly outside, and the champion is nearer.

    A champion that is as far out on the same rows is no reason to keep it: such a fault is excused, also where
    the challenger is further out by no more than a fifth of what the limits leave, as a change of the seed is.
    """
    (own, other), (low, high) = figures, within
    figure = estimate(own, wider)
    verdict = figure.verdict(low - MARGIN, high + MARGIN)
    said = f"{words} {figure.value:.3f}"
    if figure.interval and not np.isnan(figure.interval).any():
        said += f" ({figure.interval[0]:.3f} to {figure.interval[1]:.3f})"
    said += f", {low:g} to {high:g} is right"
    says: Says = "holds" if verdict == "pass" else "broken" if verdict == "fail" else "cannot tell"
    if says == "broken" and other is not None and _as_far(own, other, best, high - low):
        says, said = "excused", f"{said}; the champion's is {other[0]:.3f}"
    return Finding(rule, says, said, figure, low, high)


def _as_far(own: Sampled, other: Sampled, best: float, between: float) -> bool:
    return bool(abs(own[0] - best) <= abs(other[0] - best) + ALIKE * between)


def no_wider(ours: Mapping[str, Sampled], theirs: Mapping[str, Sampled] | None, most: float) -> Finding:
    """Hold the range's width to the champion's, unless it is shown to hold better what it promises."""
    name, gap = "discharge.width_days", "discharge.coverage_gap"
    if theirs is None or not (name in ours and name in theirs):
        return Finding("width", "not asked", "there is no champion's range to be compared with")
    ratio = estimate(ours[name] / theirs[name])
    says = no_more(ratio, most)
    said = f"{ours[name][0]:.1f} days, {ratio.value:.3f} times the champion's, at most {most:g} times is right"
    if says == "broken" and gap in ours and gap in theirs:
        nearer = estimate(np.abs(theirs[gap]) - np.abs(ours[gap]))
        if nearer.interval and nearer.interval[0] > 0:
            says, said = (
                "excused",
                f"{said}; it is shown to hold what it promises better than the champion's",
            )
    return Finding("width", says, said, ratio, None, most)


def _groups(case: Case, paired: Paired) -> Iterator[Finding]:
    """Hold each group that is large enough to its limits, all of them sharing one 5 % level."""
    plan, groups = case.plan, groups_of(case.rows)
    ours = paired.by_group(case.answers, groups, OF_GROUPS)
    theirs = paired.by_group(case.champion_answers, groups, OF_GROUPS) if case.champion_answers else {}
    judged = {key: drawn for key, drawn in ours.items() if _large(case, groups[key[0]], key[1])}
    limits = {
        BACK_RATIO: (plan.group_ratio_low, plan.group_ratio_high),
        "discharge.coverage_gap": (-plan.group_coverage_gap, plan.group_coverage_gap),
        "discharge.bed_days_gap": (-plan.group_bed_days, plan.group_bed_days),
    }
    wider = family_wise(len(judged))
    for (group, name), drawn in judged.items():
        words, best = FIGURES[name]
        figures = (drawn, theirs.get((group, name)))
        yield held_to("groups", f"{group}: {words}", figures, limits[name], best, wider)
    if not judged:
        needed = f"{plan.group_patients} patients and {plan.group_events} events"
        yield Finding("groups", "cannot tell", f"no group has {needed}")


def _large(case: Case, group: Group, name: str) -> bool:
    back = name == BACK_RATIO
    some = case.rows.discharge if back else case.rows.board
    rows = some.rows[group["discharge" if back else "board"]]
    happened = rows["readmitted"] == 1 if back else rows["exit_kind"] == "home"
    events = rows.loc[happened, "admission_id"].nunique()
    plan = case.plan
    return bool(rows["patient_id"].nunique() >= plan.group_patients and events >= plan.group_events)


def _steadiness(
    case: Case, paired: Paired, ours: Mapping[str, Sampled], theirs: Mapping[str, Sampled] | None
) -> Iterator[Finding]:
    """Hold what moved for people on the board to its limit, unless it moved to what is shown to be better.

    A likely day counts as moved by a day at least and by a quarter of the champion's range, and a band as moved
    if the risk changed by two points: of plain days a change of the seed alone moves 65 % (3,400 admissions),
    so to count those would block every retraining, and the first to be blocked would be the better ones.
    """
    before, after = case.champion_answers, case.answers
    if before is None or theirs is None:
        yield Finding("steadiness", "not asked", "there is no champion to move away from")
        return
    for words, moved, plain, score in _moves(before, after):
        share = estimate(paired.share(moved))
        most = case.plan.moved_share
        says = no_more(share, most)
        said = f"{share.value:.1%} move {words}, at most {most:.0%} is right ({plain:.1%} by anything)"
        if says != "holds" and score in ours and score in theirs:
            gain = estimate(ours[score] / theirs[score] - 1)
            if gain.interval and gain.interval[1] < 0:
                says, said = "excused", f"{said}; {FIGURES[score][0]} is shown to be better: {_share(gain)}"
        yield Finding("steadiness", says, said, share, 0.0, most)


def _moves(before: Answers, after: Answers) -> Iterator[tuple[str, Numbers, float, str]]:
    """Yield what moved: in words, by row, the share that moved by anything, and the score that it touches."""
    if before.curves is not None and after.curves is not None:
        old, new = median_day(before.curves.home_by), median_day(after.curves.home_by)
        first, last = fewest_days(before.curves.home_by)
        far = np.abs(new - old)
        moved = far >= np.maximum(1, WORTH_A_DAY * (last - first + 1))
        yield (
            "the likely day by a day and a quarter of the range",
            moved,
            float((far >= 1).mean()),
            "discharge.crps",
        )
    if before.board_risk is not None and after.board_risk is not None:
        edges = np.array([MEDIUM_RISK, HIGH_RISK])
        other = np.digitize(before.board_risk, edges) != np.digitize(after.board_risk, edges)
        moved = other & (np.abs(after.board_risk - before.board_risk) >= WORTH_A_RISK)
        yield "a risk band by two points", moved, float(other.mean()), "readmission.log_loss"


def _share(figure: Estimate) -> str:
    """Return a relative change in words, with its interval.

    >>> _share(Estimate(0.021, (0.01, 0.03)))
    '+2.1 % (+1.0 to +3.0)'
    """
    low, high = figure.interval or (np.nan, np.nan)
    return f"{100 * figure.value:+.1f} % ({100 * low:+.1f} to {100 * high:+.1f})"

"""Challengers that the gate must refuse, each by one rule, and others that it must let through.

They are answers of real releases, altered, and folders of releases, altered: what the gate judges is no more.
"""

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from inputs import Numbers

from models import release
from models.distribution import Curves, raised
from models.encoding import Encoder
from models.predictor import Predictor
from models.sealed import LISTING, digest, listing, sealed
from training.groups import groups_of
from training.home import golden_rows
from training.rules import Candidate, Case

Alter = Callable[[Case], Case]


@dataclass(frozen=True)
class Planted:
    """What is wrong with a challenger, the rule that must name it, and how it is made of one that passes."""

    name: str
    rule: str
    made: Alter


golden = cache(golden_rows)


def bad() -> tuple[Planted, ...]:
    """Return the challengers to refuse."""
    return (
        Planted("risks half as high again", "calibration", lambda case: with_risk(case, times(1.5))),
        Planted("risks with noise", "scores", lambda case: with_risk(case, noisy)),
        Planted("risks learnt from labels of other people", "scores", lambda case: with_risk(case, shuffled)),
        Planted("risks that know what happened", "leak", knowing),
        Planted("risks too low for women, too high for men", "groups", biased),
        Planted("dates a day late", "calibration", lambda case: with_curves(case, late)),
        Planted("curves surer than they may be", "coverage", lambda case: with_curves(case, sure)),
        Planted("ranges half as wide again", "width", lambda case: with_curves(case, vague)),
        Planted("dates worse for long stays", "scores", worse_for_long_stays),
        Planted("dates that jump", "steadiness", lambda case: with_curves(case, jumping)),
        Planted("curves that fall", "coherence", lambda case: with_curves(case, falling)),
        Planted("a feature from the future", "features", other_feature),
        Planted("features in another order", "files", other_order),
        Planted("another definition of coming back", "definitions", other_definition),
        Planted("learnt from the rows it is judged on", "held out", learnt_from_them),
    )


def with_risk(case: Case, change: Callable[[Numbers], Numbers]) -> Case:
    """Return the case with the challenger's risks changed."""
    answers = case.answers
    assert answers.risk is not None
    assert answers.board_risk is not None
    return replace(
        case, answers=replace(answers, risk=change(answers.risk), board_risk=change(answers.board_risk))
    )


def with_curves(case: Case, change: Callable[[Curves], Curves]) -> Case:
    """Return the case with the challenger's curves changed."""
    assert case.answers.curves is not None
    return replace(case, answers=replace(case.answers, curves=change(case.answers.curves)))


def times(factor: float) -> Callable[[Numbers], Numbers]:
    """Return what multiplies risks."""
    return lambda risk: np.clip(risk * factor, 0, 0.99)


def noisy(risk: Numbers, spread: float = 1.0) -> Numbers:
    """Return risks moved at random, in log-odds."""
    odds = np.log(risk / (1 - risk)) + np.random.default_rng(5).normal(0, spread, len(risk))
    return 1 / (1 + np.exp(-odds))


def shuffled(risk: Numbers) -> Numbers:
    """Return each person's risk to another: what is learnt from other people's labels says as little."""
    return np.random.default_rng(5).permutation(risk)


def knowing(case: Case) -> Case:
    """Return a challenger whose risk has seen who came back, as one with a leaked feature."""
    back = case.rows.discharge.rows["readmitted"].to_numpy(np.float64)
    assert case.answers.risk is not None
    odds = np.log(case.answers.risk / (1 - case.answers.risk)) + 3 * (back - back.mean())
    return replace(case, answers=replace(case.answers, risk=1 / (1 + np.exp(-odds))))


def biased(case: Case) -> Case:
    """Return a challenger as good over all, whose risks are wrong for women and, the other way, for men."""
    women = groups_of(case.rows)["sex 2"]["discharge"]
    assert case.answers.risk is not None
    risk = np.where(women, 0.55, 1.45) * case.answers.risk
    return replace(case, answers=replace(case.answers, risk=np.clip(risk, 0, 0.99)))


def worse_for_long_stays(case: Case) -> Case:
    """Return a challenger that says much too late a date for who has been in for a week."""
    long = (case.rows.board.rows["days_so_far"] >= 7).to_numpy()
    assert case.answers.curves is not None
    slow = stretched(case.answers.curves, np.where(long, 0.4, 1.0))
    return replace(case, answers=replace(case.answers, curves=slow))


def late(curves: Curves) -> Curves:
    """Return every curve a day later."""

    def moved(by: Numbers, first: float) -> Numbers:
        return np.column_stack([np.full(len(by), first), by[:, :-1]])

    ready = None if curves.ready_by is None else moved(curves.ready_by, 0.0)
    return Curves(moved(curves.in_bed, 1.0), moved(curves.home_by, 0.0), ready)


def sure(curves: Curves) -> Curves:
    """Return curves that rise about their median too steeply."""
    total = np.maximum(curves.home_by[:, -1:], 1e-12)
    share = curves.home_by / total
    return with_home(curves, total * share**2 / (share**2 + (1 - share) ** 2))


def vague(curves: Curves) -> Curves:
    """Return curves that are half as wide again about the same median or so."""
    total = np.maximum(curves.home_by[:, -1:], 1e-12)
    share = curves.home_by / total
    return with_home(curves, total * share**0.6 / (share**0.6 + (1 - share) ** 0.6))


def jumping(curves: Curves) -> Curves:
    """Return curves stretched in time at random, row by row: another likely day for each."""
    return stretched(curves, np.exp(np.random.default_rng(5).normal(0, 0.4, len(curves.home_by))))


def worn(curves: Curves) -> Curves:
    """Return curves as of a release that has had its day: their time runs at a pace of no meaning."""
    return stretched(curves, np.exp(np.random.default_rng(6).normal(0, 0.5, len(curves.home_by))))


def falling(curves: Curves) -> Curves:
    """Return curves of which one in a hundred falls on the third day."""
    home = curves.home_by.copy()
    home[::100, 3] = home[::100, 2] / 2
    return replace(curves, home_by=home)


def with_home(curves: Curves, home: Numbers) -> Curves:
    """Return the curves with another one of going home, and the others as a release makes them fit."""
    ready = None if curves.ready_by is None else raised(curves.ready_by, home)
    return Curves(np.clip(curves.in_bed + curves.home_by - home, 0, 1), home, ready)


def stretched(curves: Curves, pace: Numbers) -> Curves:
    """Return curves whose time runs at a pace of each row's own."""
    days = curves.home_by.shape[1]
    at = np.minimum((np.arange(1, days + 1) * pace[:, None]) - 1, days - 1)

    def moved(by: Numbers, first: float) -> Numbers:
        whole = np.column_stack([np.full(len(by), first), by])
        low = np.floor(at + 1).astype(np.int64)
        part = at + 1 - low
        row = np.arange(len(by))[:, None]
        return whole[row, low] * (1 - part) + whole[row, np.minimum(low + 1, days)] * part

    ready = None if curves.ready_by is None else moved(curves.ready_by, 0.0)
    return Curves(moved(curves.in_bed, 1.0), moved(curves.home_by, 0.0), ready)


def other_feature(case: Case) -> Case:
    """Return a challenger that reads a column which the service never makes."""
    first, *others = predictor_of(case).encoder.features
    features = (replace(first, name="days_until_discharge"), *others)
    categories = {**predictor_of(case).encoder.categories}
    if first.name in categories:
        categories["days_until_discharge"] = categories.pop(first.name)
    encoder = Encoder(features, categories)
    return replace(
        case, challenger=made_again(replace(predictor_of(case), encoder=encoder), case.challenger.content)
    )


def other_order(case: Case) -> Case:
    """Return a challenger whose list of features was put in another order, and every digest renewed."""

    def reordered(folder: Path) -> None:
        digests = dict(sealed(folder).digests)
        content = json.loads((folder / "release.json").read_text("utf-8"))
        content["features"] = content["features"][::-1]
        changed = (json.dumps(content, indent=1) + "\n").encode()
        (folder / "release.json").write_bytes(changed)
        (folder / LISTING).write_bytes(listing({**digests, "release.json": digest(changed)}))

    return replace(case, challenger=made_again(predictor_of(case), case.challenger.content, reordered))


def other_definition(case: Case) -> Case:
    """Return a challenger that says another thing by the same name."""
    return replace(case, challenger=with_about(case.challenger, {"definitions": {"readmission": "US-HRRP/v1"}}))


def learnt_from_them(case: Case) -> Case:
    """Return a challenger that was fitted on the very data that it is judged on."""
    from training.cohort import stays_digest
    from training.compare import Learnt, never_seen

    known = {"stays_digest": stays_digest(case.rows.board.hospital)}
    challenger = with_about(case.challenger, known)
    _, doubts = never_seen(case.rows.board, [Learnt.of(challenger.content)], case.plan)
    return replace(case, challenger=challenger, doubts=tuple(doubts))


def with_about(candidate: Candidate, more: Mapping[str, object]) -> Candidate:
    """Return a release with other things kept beside it."""
    about = {**candidate.content.get("about", {}), **more}
    return replace(candidate, content={**candidate.content, "about": about})


def predictor_of(case: Case) -> Predictor:
    """Return the challenger's predictor."""
    assert case.challenger.predictor is not None
    return case.challenger.predictor


def made_again(
    predictor: Predictor, content: Mapping[str, object], spoil: Callable[[Path], None] = lambda folder: None
) -> Candidate:
    """Return a release as a folder made of a predictor, spoilt and read again."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / predictor.release
        about = content.get("about")
        assert isinstance(about, Mapping)
        release.save(predictor, folder, *golden(), about, "# Card\n")
        spoil(folder)
        return Candidate.of(folder)

"""What chance alone does to the panel: weeks drawn again from the reference, of a week's own size."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.watch.measure import Measure
from training.watch.panel import FEWEST_EVENTS, FEWEST_ROWS, Binned, Panel, Tally
from training.watch.rows import MOMENTS, Told

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
WEEK, DRAWS = 7, 480
FOLD_DAYS = 91  # a drawn week is judged as a new one is: by a reference and a spread without its own season
FEWEST_FOLDS = 3
FALSE_ALARMS = 1 / 80  # of all but the key measures
KEY_FALSE_ALARMS = 1 / 160  # of these in a week, and in four: with the above half of the 1 week in 20 allowed
SIZE_STEP = 0.03  # of the logarithm of how many patients: thresholds hold within
CLOSEST = {"numbers": 0.05, "codes": 0.1, "missing": 0.25, "unknown": 0.25, "rate": 0.05}
"""The least spread of a statistic, that of shares and distances over the root of the patients."""


@dataclass(frozen=True)
class Judged:
    """A week's statistics, how many usual spreads each is off, and how many are an alarm."""

    statistic: Floats
    usual: Floats
    spread: Floats
    distance: Floats
    threshold: Floats
    tally: Tally

    @property
    def alarms(self) -> npt.NDArray[np.bool_]:
        """Tell which measures are beyond what all together do by chance in 1 week of 20."""
        return np.nan_to_num(self.distance, nan=-np.inf) > self.threshold


class Null:
    """The reference as days of patients, from which weeks (or a few at once) are drawn again."""

    def __init__(self, panel: Panel, reference: Told, at_once: int = 1, seed: int = 1) -> None:
        self.panel, self._seed, self._span = panel, seed, WEEK * at_once
        self._rows = {moment: panel.binned(reference.rows[moment], moment) for moment in MOMENTS}
        self.days = 7 * (len(reference.events) // 7)
        self._daily = self._by_day(reference)
        self._people = 1 + max(int(rows.patient.max(initial=0)) for rows in self._rows.values())
        self.whole = self._tally(
            {moment: np.arange(len(rows.day)) for moment, rows in self._rows.items()}, None
        )
        self._of_size: dict[int, tuple[Floats, Floats, Floats]] = {}
        self._lacking: dict[tuple[int, int], Tally] = {}

    def _by_day(self, part: Told) -> Floats:
        """Return by day the counts of every rate, emergencies seen and expected, and inpatients."""
        days = part.events.index.to_numpy()
        admissions, inpatients = (
            np.bincount(part.rows[moment].day - days[0], minlength=len(days))
            for moment in ("admission", "board")
        )
        events = part.events.reindex(columns=self.panel.events, fill_value=0)
        expected = "expected" if self._span == WEEK else "expected_in_four"
        emergencies = part.emergencies[["seen", expected]]
        return np.column_stack([admissions, events, emergencies, inpatients]).astype(np.float64)

    def judged(self, week: Told, ripe: npt.NDArray[np.bool_] | None = None) -> Judged:
        """Return the panel of a week, or of as many as are drawn; measures not `ripe` are not judged."""
        rows = {moment: self.panel.binned(week.rows[moment], moment) for moment in MOMENTS}
        tally = _tally(self.panel, rows, self._by_day(week))
        usual, spread, threshold = self._thresholds(float(tally.patients[0]))
        statistic = statistics(self.panel, tally, self.whole)[0]
        statistic = statistic if ripe is None else np.where(ripe, statistic, np.nan)
        return Judged(
            statistic, usual, spread, _distance(self.panel, statistic, usual, spread), threshold, tally
        )

    def _thresholds(self, patients: float) -> tuple[Floats, Floats, Floats]:
        size = round(np.log(max(patients, 1.0)) / SIZE_STEP)
        if size not in self._of_size:
            self._of_size[size] = self._drawn(round(np.exp(size * SIZE_STEP)), size)
        return self._of_size[size]

    def _drawn(self, patients: int, seed: int) -> tuple[Floats, Floats, Floats]:
        """Return usual values, spreads and thresholds of weeks of so many patients."""
        random = np.random.default_rng([self._seed, seed])
        starts = np.linspace(0, self.days - self._span, DRAWS).astype(np.int64)
        tallies = [self._week(int(start), patients, random) for start in starts]
        folds = starts // min(FOLD_DAYS, self.days // FEWEST_FOLDS)
        found = np.empty((DRAWS, len(self.panel.measures)))
        for fold in np.unique(folds):
            own = np.flatnonzero(folds == fold)
            tally = Tally.stacked([tallies[draw] for draw in own])
            found[own] = statistics(
                self.panel, tally, self._without(starts[own[0]], starts[own[-1]] + self._span)
            )
        beyond = np.empty_like(found)
        for fold in np.unique(folds):
            own = folds == fold
            beyond[own] = _distance(self.panel, found[own], *_spread(self.panel, found[~own], patients))
        wider = _wider(beyond)
        usual, spread = _spread(self.panel, found, patients)
        return usual, spread * wider, self._most(beyond / wider)

    def _most(self, beyond: Floats) -> Floats:
        """Return by measure what any of its group is beyond in as few draws as that group may falsely alarm."""
        key = np.array([one.is_key for one in self.panel.measures])
        threshold = np.empty(len(key))
        for group, share in ((~key, FALSE_ALARMS), (key, KEY_FALSE_ALARMS)):
            if group.any():
                most = np.where(np.isnan(beyond), -np.inf, beyond)[:, group].max(axis=1)
                threshold[group] = _seldom(most, share)
        return threshold

    def _without(self, first: int, last: int) -> Tally:
        """Return the whole reference less the days from `first` to before `last`."""
        if (first, last) not in self._lacking:
            outside = {
                moment: np.flatnonzero((rows.day < first) | (rows.day >= last))
                for moment, rows in self._rows.items()
            }
            self._lacking[first, last] = self._tally(outside, None)
        return self._lacking[first, last]

    def _week(self, start: int, patients: int, random: np.random.Generator) -> Tally:
        """Return days of the reference from one on, with patients left out or taken from the days beside."""
        chosen = {moment: [self._between(moment, start)] for moment in MOMENTS}
        people = self._people_of(chosen)
        if len(people) > patients:
            people = random.permutation(people)[:patients]
        within = np.zeros(self._people, bool)
        within[people] = True
        picked = {moment: [of[within[self._rows[moment].patient[of]]]] for moment, (of,) in chosen.items()}
        for beside in (start + away * self._span for away in (-1, 1, -2, 2)):
            lacking = patients - int(within.sum())
            if lacking <= 0:
                break
            if not 0 <= beside <= self.days - self._span:
                continue
            rows = {moment: [self._between(moment, beside)] for moment in MOMENTS}
            others = self._people_of(rows)
            others = random.permutation(others[~within[others]])[:lacking]
            more = np.zeros(self._people, bool)
            more[others] = True
            for moment, (of,) in rows.items():
                picked[moment].append(of[more[self._rows[moment].patient[of]]])
            within |= more
        return self._tally({moment: np.concatenate(of) for moment, of in picked.items()}, start)

    def _between(self, moment: str, start: int) -> Integers:
        first, last = np.searchsorted(self._rows[moment].day, [start, start + self._span])
        return np.arange(first, last)

    def _people_of(self, rows: dict[str, list[Integers]]) -> Integers:
        return np.unique(np.concatenate([self._rows[moment].patient[of[0]] for moment, of in rows.items()]))

    def _tally(self, rows: dict[str, Integers], start: int | None) -> Tally:
        picked = {moment: _picked(self._rows[moment], of) for moment, of in rows.items()}
        days = slice(None) if start is None else slice(start, start + self._span)
        return _tally(self.panel, picked, self._daily[days])


def _picked(rows: Binned, of: Integers) -> Binned:
    return Binned(
        rows.day[of], rows.patient[of], rows.places[of], rows.gaps[of], rows.expected[of], rows.known[of]
    )


def _tally(panel: Panel, rows: dict[str, Binned], daily: Floats) -> Tally:
    *rates, came, due, inpatients = daily.sum(axis=0)
    counts = {
        moment: np.bincount(rows[moment].places.ravel(), minlength=int(panel.offsets[moment][-1]))[None].astype(
            np.float64
        )
        for moment in MOMENTS
    }
    gaps, expected, known = (
        np.concatenate([*(getattr(rows[moment], side).sum(axis=0) for moment in MOMENTS), [last]])[None]
        for side, last in (("gaps", came - due), ("expected", due), ("known", due))
    )
    people = len(np.unique(np.concatenate([one.patient for one in rows.values()])))
    return Tally(
        counts, gaps, expected, known, np.array([rates]), np.array([inpatients]), np.array([float(people)])
    )


def _wider(beyond: Floats) -> Floats:
    """Return how many times wider each measure is in another season than its spread says, at least 1.

    Without it the measure that a season moves most would set the threshold of all.
    """
    known = ~np.isnan(beyond)
    squares = np.where(known, beyond, 0.0) ** 2
    return np.maximum(np.sqrt(squares.sum(axis=0) / np.maximum(known.sum(axis=0), 1)), 1.0)


def _seldom(largest: Floats, share: float) -> float:
    """Return what the largest of many measures is beyond in a share of weeks that a year is too short to show.

    By the distribution of Gumbel, whose mean and spread are theirs.
    """
    known = largest[np.isfinite(largest)]
    if not len(known):
        return np.inf
    scale = float(known.std()) * np.sqrt(6) / np.pi
    return float(known.mean() - scale * (np.euler_gamma + np.log(-np.log1p(-share))))


def statistics(panel: Panel, tally: Tally, reference: Tally) -> Floats:
    """Return the statistic of each measure (columns) of each week (rows) beside a reference.

    NaN where there is too little: few rows that know a feature, few events expected.
    """
    columns: list[Floats] = []
    for moment in MOMENTS:
        for position, feature in enumerate(panel.features[moment]):
            part = slice(*panel.offsets[moment][position : position + 2])
            one, usual = tally.counts[moment][:, part], reference.counts[moment][:, part]
            numbers = feature.kind != "code"
            columns.append(_apart(one[:, :-1], usual[:, :-1], numbers))
            if feature.theme != "predictions":
                columns.append(_share(one[:, -1], one))
                if not numbers:
                    columns.append(_share(one[:, -2], one))
    for place, rate in enumerate(panel.rates):
        beside = 1.0 if rate.moment == "admission" else np.maximum(tally.inpatients, 1.0)
        columns.append(np.log((tally.rates[:, place] + 0.5) / beside))
    for place, measure in enumerate(panel.residuals):
        known, gap, expected = (sums[:, place] for sums in (tally.known, tally.gaps, tally.expected))
        beyond = gap / np.maximum(known, 1.0) if measure.kind == "slope" else _beyond(expected + gap, expected)
        columns.append(np.where(expected >= FEWEST_EVENTS, beyond, np.nan))
    return np.column_stack(columns)


def _beyond(seen: Floats, expected: Floats) -> Floats:
    """Return how far counts are from what was expected, chance being even to both sides (Anscombe 1948)."""
    return np.asarray(2 * (np.sqrt(np.maximum(seen, 0.0) + 3 / 8) - np.sqrt(expected + 3 / 8)))


def _apart(one: Floats, rest: Floats, numbers: bool) -> Floats:
    """Return how far two distributions are apart: by Kolmogorov and Smirnov, or by the code that moved most.

    It is the root of the distance, whose chance spread is even to both sides, as that of the other measures is.
    """
    size, others = one.sum(axis=1, keepdims=True), rest.sum(axis=1, keepdims=True)
    shares, usual = one / np.maximum(size, 1), rest / np.maximum(others, 1)
    if numbers:
        found = np.abs(np.cumsum(shares - usual, axis=1)).max(axis=1)
    else:
        found = np.abs(np.arcsin(np.sqrt(shares)) - np.arcsin(np.sqrt(usual))).max(axis=1)
    return np.where(size[:, 0] >= FEWEST_ROWS, np.sqrt(found), np.nan)


def _share(some: Floats, counts: Floats) -> Floats:
    """Return a share on the scale on which its chance spread is the same for small and for large ones."""
    size = counts.sum(axis=1)
    return np.where(size > 0, np.arcsin(np.sqrt(some / np.maximum(size, 1))), np.nan)


def _spread(panel: Panel, found: Floats, patients: float) -> tuple[Floats, Floats]:
    """Return the usual value and spread of each statistic; how risks are spread has none but an even one."""
    known = ~np.isnan(found)
    count = known.sum(axis=0)
    mean = np.where(known, found, 0.0).sum(axis=0) / np.maximum(count, 1)
    spread = np.sqrt((np.where(known, found - mean, 0.0) ** 2).sum(axis=0) / np.maximum(count - 1, 1))
    least = np.array([_least(one, patients) for one in panel.measures])
    slope = np.array([one.kind == "slope" for one in panel.measures])
    enough = count >= len(found) / 4
    return np.where(slope, 0.0, mean), np.where(enough, np.maximum(spread, least), np.nan)


def _least(one: Measure, patients: float) -> float:
    floor = CLOSEST.get(one.kind, 1e-9)
    return floor if one.kind in ("rate", "residual", "slope") else floor / np.sqrt(max(patients, 1.0))


def _distance(panel: Panel, found: Floats, usual: Floats, spread: Floats) -> Floats:
    """Return how many spreads a statistic is beyond its usual value; a distance alarms when large only."""
    two_sided = np.array([one.kind not in ("numbers", "codes") for one in panel.measures])
    beyond = (found - usual) / spread
    return np.asarray(np.where(two_sided, np.abs(beyond), beyond))

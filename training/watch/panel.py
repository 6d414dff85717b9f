"""All that is watched, as one panel: what each measure is, and its statistic for any week's rows."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.catalogue import DATED_HISTORY, HISTORY, ILLNESS, STAY, Feature
from models.predictor import Predictor
from training.watch.measure import Measure, Part, is_there, place_of
from training.watch.rows import MOMENTS, Rows, Told

Floats = npt.NDArray[np.float64]
BINS = 10
FEWEST_ROWS = 20  # of a feature that is known, for its distribution to be judged
FEWEST_PEOPLE = 30  # who are known in a usual week, for a distribution to be watched
RARE = 0.02  # codes of a smaller share are one: a single patient of such a code says nothing
FEWEST_EVENTS = 10.0  # expected in a week, for what was seen to be judged against it
WEEKLY_EVENTS = 5  # of a feed in the reference, on average, for its silence to be news
CLOCKS = ("time of day", "calendar")  # themes that say nothing of patients or feeds
ON_ADMISSION = {
    *(feature.name for feature in (*STAY, *HISTORY, *DATED_HISTORY, *ILLNESS) if feature.name != "hours_so_far")
}
SAID = (
    Feature("readmission_risk", "Risk of coming back within 30 days", "predictions", "P"),
    Feature("expected_days", "Expected days in bed of the next 28", "predictions", "P", unit="days"),
    Feature("home_by_24h_chance", "Chance of being home by 24 h", "predictions", "P"),
)
RESIDUALS: dict[str, tuple[Part, str]] = {
    "leaving": ("flow", "Discharges today"),
    "home_by_24h": ("calibration", "Home by 24 h"),
    "home_by_48h": ("calibration", "Home by 48 h"),
    "home_by_72h": ("calibration", "Home by 72 h"),
    "range": ("coverage", "80 % range holds the day"),
    "readmission": ("calibration", "Back within 30 days"),
    "same_issue": ("calibration", "Back for the same issue"),
}


@dataclass(frozen=True)
class Tally:
    """What any number of weeks add up to, one row a week: all that statistics are made of.

    `counts` by moment are rows by feature and bin; `gaps`, `expected` and `known` are sums by residual;
    `rates` are events or rows of each rate, and `patients` how many inpatient-days there were.
    """

    counts: dict[str, Floats]
    gaps: Floats
    expected: Floats
    known: Floats
    rates: Floats
    inpatients: Floats
    patients: Floats

    @classmethod
    def stacked(cls, parts: list["Tally"]) -> "Tally":
        """Return many tallies as one."""
        counts = {moment: np.concatenate([part.counts[moment] for part in parts]) for moment in MOMENTS}
        rest = [
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("gaps", "expected", "known", "rates", "inpatients", "patients")
        ]
        return cls(counts, *rest)


@dataclass(frozen=True)
class Binned:
    """Rows of one moment as positions among all bins of all features, with what their residuals add."""

    day: npt.NDArray[np.int64]
    patient: npt.NDArray[np.int64]
    places: npt.NDArray[np.int32]  # (rows, features)
    gaps: Floats  # (rows, residuals of this moment), 0 where not known
    expected: Floats
    known: Floats


class Panel:
    """The measures of a release beside a reference, and the tallies of any rows."""

    def __init__(self, predictor: Predictor, reference: Told) -> None:
        self._encoder = predictor.encoder
        self.features = {moment: list(self._features(moment, reference.rows[moment])) for moment in MOMENTS}
        self.edges = {
            (moment, feature.name): _edges(reference.rows[moment].table[feature.name])
            for moment, features in self.features.items()
            for feature in features
            if feature.kind != "code"
        }
        self.common = {
            (moment, feature.name): self._common(reference.rows[moment].table[feature.name], feature.name)
            for moment, features in self.features.items()
            for feature in features
            if feature.kind == "code"
        }
        self.offsets = {moment: self._offsets(moment) for moment in MOMENTS}
        self.residuals = list(self._residuals(reference))
        sizes = reference.events.sum() / max(len(reference.events) / 7, 1)
        self.events = [str(name) for name in sizes.index[sizes >= WEEKLY_EVENTS]]
        self.rates = list(self._rates())
        self.measures = (*self._inputs(), *self.rates, *self.residuals)

    def _features(self, moment: str, rows: Rows) -> Iterator[Feature]:
        """Yield what is watched of a kind of moment: what is known on admission there, the rest on the board.

        What enough people have at their first board round is watched there too, where a change shows at once.
        """
        weeks = max(len(np.unique(rows.day // 7)), 1)
        for feature in (*self._encoder.features, *SAID):
            if feature.name not in rows.table or feature.theme in CLOCKS:
                continue
            observed = feature.name not in ON_ADMISSION and feature.known != "X"
            places = ("first", "board") if observed or feature.theme == "predictions" else ("admission",)
            places = ("discharge",) if feature.known == "X" else places
            places = (*places, "discharge") if feature.name == "readmission_risk" else places
            known = rows.table[feature.name].notna().to_numpy()
            people = len(
                np.unique(rows.day[known] // 7 * (1 + rows.patient.max(initial=0)) + rows.patient[known])
            )
            if moment in places and people / weeks >= FEWEST_PEOPLE:
                yield feature

    def bins(self, moment: str, feature: Feature) -> int:
        """Return how many bins a feature has: for a code also of rare and unknown ones; missing has none."""
        if feature.kind == "code":
            return len(self.common[moment, feature.name]) + 2
        return len(self.edges[moment, feature.name]) + 1

    def _common(self, codes: pd.Series, name: str) -> tuple[str, ...]:
        shares = codes.dropna().value_counts(normalize=True)
        return tuple(code for code in self._encoder.categories[name] if shares.get(code, 0.0) >= RARE)

    def _offsets(self, moment: str) -> npt.NDArray[np.int64]:
        sizes = [self.bins(moment, feature) + 1 for feature in self.features[moment]]
        return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)

    def _residuals(self, reference: Told) -> Iterator[Measure]:
        for moment in MOMENTS:
            rows = reference.rows[moment]
            for name in rows.expected:
                part, words = RESIDUALS[name]
                yield Measure(name, part, words, "residual", moment, name)
                if name == "readmission":
                    words = "Back within 30 days, how risks are spread"
                    yield Measure("readmission_slope", part, words, "slope", moment, name)
                if name == "leaving":
                    words = "Discharges today, weekends"
                    yield Measure("leaving:weekend", part, words, "residual", moment, name, "weekend")
                    for place in ("site", "ward", "delayed"):
                        yield from _places(rows, place)
        yield Measure("emergencies", "feeds", "Emergency admissions", "residual", "emergencies", "emergencies")

    def key_in_four_weeks(self) -> "Panel":
        """Return the panel of the key measures alone, named and worded as those of four weeks."""
        panel = copy.copy(self)
        panel.features = {moment: [] for moment in MOMENTS}
        panel.offsets = dict.fromkeys(MOMENTS, np.zeros(1, np.int64))
        panel.events, panel.rates = [], []
        panel.residuals = [
            replace(one, name=f"{one.name}:four_weeks", words=f"{one.words}, in four weeks")
            for one in self.residuals
            if one.is_key
        ]
        panel.measures = tuple(panel.residuals)
        return panel

    def _inputs(self) -> Iterator[Measure]:
        for moment, features in self.features.items():
            for feature in features:
                part: Part = "predictions" if feature.theme == "predictions" else "inputs"
                name = feature.name if moment in ("admission", "board") else f"{feature.name}_{moment}"
                kind: Literal["codes", "numbers"] = "codes" if feature.kind == "code" else "numbers"
                yield Measure(name, part, feature.words, kind, moment, feature.name)
                if part == "inputs":
                    yield Measure(f"{name}:missing", part, feature.words, "missing", moment, feature.name)
                    if kind == "codes":
                        yield Measure(f"{name}:unknown", part, feature.words, "unknown", moment, feature.name)

    def _rates(self) -> Iterator[Measure]:
        # How many are in is not judged: a census that grows is no drift, and each feed is beside it.
        yield Measure("admissions", "feeds", "Admissions", "rate", "admission", "admissions")
        for name in self.events:
            yield Measure(f"feed:{name}", "feeds", f"Records of {name}", "rate", "events", name)

    def binned(self, rows: Rows, moment: str) -> Binned:
        """Return rows with their bins and residuals."""
        features, offsets = self.features[moment], self.offsets[moment]
        places = np.empty((len(rows.day), len(features)), np.int32)
        for position, feature in enumerate(features):
            places[:, position] = offsets[position] + self._bin(rows, moment, feature)
        sums = [self._residual_values(rows, one) for one in self.residuals if one.moment == moment]
        shape = (len(rows.day), len(sums))
        gaps, expected, known = (
            np.column_stack([each[side] for each in sums]) if sums else np.zeros(shape) for side in range(3)
        )
        return Binned(rows.day, rows.patient, places, gaps, expected, known)

    def _bin(self, rows: Rows, moment: str, feature: Feature) -> npt.NDArray[np.int64]:
        last = self.bins(moment, feature)
        if feature.name not in rows.table:
            return np.full(len(rows.day), last)
        values = rows.table[feature.name]
        if feature.kind == "code":
            common = self.common[moment, feature.name]
            rare = dict.fromkeys(self._encoder.categories[feature.name], len(common))
            known = rare | {code: place for place, code in enumerate(common)}
            codes, texts = pd.factorize(values)
            found = np.array([*(known.get(str(text), last - 1) for text in texts), last])
            return np.asarray(found[codes], np.int64)
        numbers = values.to_numpy(np.float64)
        place = np.searchsorted(self.edges[moment, feature.name], numbers, side="right")
        return np.where(np.isnan(numbers), last, place)

    def _residual_values(self, rows: Rows, one: Measure) -> tuple[Floats, Floats, Floats]:
        if one.of not in rows.expected:
            nothing = np.zeros(len(rows.day))
            return nothing, nothing, nothing
        chance, was = rows.expected[one.of], rows.seen[one.of]
        known = ~np.isnan(chance)
        if one.place:
            known &= is_there(rows, one.place)
        chance, gap = np.where(known, chance, 0.0), np.where(known, was - chance, 0.0)
        if one.kind == "slope":
            logit = np.log(np.clip(chance, 1e-6, 1 - 1e-6) / (1 - np.clip(chance, 1e-6, 1 - 1e-6)))
            gap = gap * np.where(known, logit - SLOPE_CENTRE, 0.0)
        return gap, chance, known.astype(np.float64)


SLOPE_CENTRE = float(np.log(0.12 / 0.88))  # about the logit of the usual risk, so that O/E does not tilt it


def _places(rows: Rows, column: str) -> Iterator[Measure]:
    """Yield discharges of today of sites and wards that expect enough in a week, of waits in four."""
    weeks = max((rows.day.max() - rows.day.min() + 1) / 7, 1)
    sums = pd.Series(rows.expected["leaving"]).groupby(place_of(rows, column).to_numpy()).sum() / weeks
    usual = sums.index[sums >= (FEWEST_EVENTS / 4 if column == "delayed" else FEWEST_EVENTS)]
    if column == "site" and len(sums) < 2:
        return
    of = "waiting for" if column == "delayed" else column
    for name in usual[usual != ""]:
        yield Measure(
            f"leaving:{column}:{name}",
            "flow",
            f"Discharges today, {of} {name}",
            "residual",
            "board",
            "leaving",
            f"{column}:{name}",
        )


def _edges(values: pd.Series) -> Floats:
    numbers = values.to_numpy(np.float64)
    numbers = numbers[~np.isnan(numbers)]
    return np.unique(np.quantile(numbers, np.arange(1, BINS) / BINS))

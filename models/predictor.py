"""All models behind one `predict`: dates, ranges, risks and reasons for each inpatient."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import ReleaseFault
from features.hospital import Facts
from features.scope import out_of_scope
from features.snapshot import at_moments, snapshot, zoned
from features.table import Columns, feature_columns
from features.tables import Dates, Hospital
from models import explanation, gaps
from models.booster import Floats
from models.calibration import CurveMaps
from models.discharge_date import DateModel, Days
from models.distribution import (
    Curves,
    fewest_days,
    median_day,
    raised,
    ready_if_home,
    waiting_days,
)
from models.encoding import Encoder, Matrix
from models.prediction import (
    DateForecast,
    Prediction,
    PredictionWarning,
    ReadmissionForecast,
)
from models.readmission import ReadmissionModel
from models.reasons import Reference

Told = list[Mapping[str, str]]  # for each row, every feature said with its value
Draft = dict[str, Any]  # a Prediction being put together, by its fields
DAYS_SHOWN = 30
MEDIUM_RISK, HIGH_RISK = 0.10, 0.20


@dataclass(frozen=True)
class Predictor:
    """The models of one release, with the maps and references that belong to them."""

    release: str
    facts: Facts
    dates: Dates
    encoder: Encoder
    date_model: DateModel | None
    home_map: CurveMaps
    ready_map: CurveMaps
    readmission: ReadmissionModel | None
    same_issue: ReadmissionModel | None  # of those who come back, for the same issue
    references: Mapping[str, Reference]
    expected: tuple[str, ...]  # features that the source usually records, so that their absence is worth a word
    sites_without_ready: tuple[str, ...] = ()  # sites that record the criteria to reside too seldom
    deaths_after_leaving: bool = True  # whether the source tells of deaths after discharge

    def answer(
        self, hospital: Hospital, at: pd.Timestamp, wanted: Sequence[str] | None = None
    ) -> list[Prediction]:
        """Return a prediction for each inpatient of a moment, or for the admissions wanted.

        Those out of scope are among them, with a warning that says why and nothing else.  Admissions
        wanted that have left are predicted as at their discharge.  Raises ValueError if `at` has no zone.
        """
        at = zoned(at, hospital)
        if wanted is None:
            inpatients = snapshot(hospital, at)
        else:
            moments = pd.DataFrame({"admission_id": list(wanted), "at": at}, index=list(wanted))
            inpatients = at_moments(hospital, moments)
        scope = out_of_scope(inpatients, hospital)
        yet_to_come = inpatients["admission_recorded_at"].array > at
        scope = scope.mask(yet_to_come, "not in hospital yet at this moment") if yet_to_come.any() else scope
        inside = scope.isna()
        asked = inpatients if inside.all() else inpatients[inside]
        table = feature_columns(asked, hospital, at)
        left = asked["discharged_at"].notna()
        predicted = {one.admission_id: one for one in self.predict(table, at, left=left)}
        refused = {
            str(admission): Prediction(str(admission), at, self.release, warnings=(gaps.outside(str(why)),))
            for admission, why in scope[~inside].items()
        }
        answers = refused | predicted
        return [answers[str(admission)] for admission in inpatients.index]

    def suits(self, hospital: Hospital) -> None:
        """Raise ReleaseFault if the release was made for another kind of data than this hospital's."""
        pairs = {
            "nation": (self.facts.nation, hospital.facts.nation),
            "time zone": (self.facts.time_zone, hospital.facts.time_zone),
            "dates": (self.dates, hospital.dates),
        }
        for name, (ours, theirs) in pairs.items():
            if ours != theirs:
                fault = f"release {self.release} was made for {name} {ours}; these data have {theirs}"
                raise ReleaseFault(f"{fault}: fit a release on them")

    def predict(
        self,
        table: pd.DataFrame | Columns,
        at: pd.Timestamp | pd.Series,
        explain: bool = True,
        left: pd.Series | None = None,
    ) -> list[Prediction]:
        """Return a prediction for each row of a feature table, whose index names the admissions.

        Reasons cost most of the time; `explain=False` leaves them out.  `left` tells who has gone and is
        asked about coming back only; without it, those with a discharge method.
        """
        table = Columns.of(table)
        if not len(table):
            return []
        moments = pd.Series(at, index=table.index)
        local = moments.dt.tz_convert(self.facts.time_zone)
        days = self.days_of(table, local)
        matrix = self.encoder.matrix(table)
        drafts: list[Draft] = [
            {"admission_id": str(admission), "at": moment, "release": self.release}
            for admission, moment in zip(table.index, local, strict=True)
        ]
        gone = np.asarray(~pd.isna(table.arrays["discharge_method"]) if left is None else left)
        little, why = gaps.little_known(self.encoder, self.expected, matrix)
        told = explanation.told(self.encoder, table, self.facts.nation) if explain else None
        self._add_dates(drafts, table, (matrix, days, local, gone | little), told)
        self._add_readmission(drafts, table, matrix, told)
        for draft, warnings in zip(
            drafts, gaps.warnings_of(self, matrix, self.has_ready_date(table)), strict=True
        ):
            draft["warnings"] = warnings
        if self.date_model is not None:
            for row in np.flatnonzero(little & ~gone).tolist():
                drafts[row]["warnings"] += (PredictionWarning("discharge", "scope", why),)
        return [Prediction(**draft) for draft in drafts]

    def days_of(self, table: pd.DataFrame | Columns, at: pd.Timestamp | pd.Series) -> Days:
        """Return the local day of each row's moment, with the calendar where dates mean something."""
        local = pd.Series(at, index=table.index).dt.tz_convert(self.facts.time_zone)
        first = local.dt.tz_localize(None).to_numpy("datetime64[D]")
        return Days(first, self.facts.nation if self.dates == "comparable" else None)

    def curves(self, table: pd.DataFrame, days: Days) -> Curves:
        """Return the calibrated curves of each row: mapped, and nobody home before they are ready."""
        assert self.date_model is not None
        raw = self.date_model.curves(self.encoder.matrix(table), days)
        return self.mapped(raw, explanation.groups(self, table))

    def mapped(self, raw: Curves, group: npt.NDArray[np.int64]) -> Curves:
        """Apply the calibration maps of each row's group, and the envelope, to uncalibrated curves."""
        home = self.home_map.applied(raw.home_by, group)
        in_bed = np.clip(raw.in_bed + raw.home_by - home, 0, 1)
        ready = raw.ready_by
        return Curves(
            in_bed, home, None if ready is None else raised(self.ready_map.applied(ready, group), home)
        )

    def _add_dates(
        self,
        drafts: list[Draft],
        table: Columns,
        rows: tuple[Matrix, Days, pd.Series, npt.NDArray[np.bool_]],
        told: Told | None,
    ) -> None:
        """Add dates for those who are still here and of whom enough is known."""
        if self.date_model is None or self.dates == "none":
            return
        matrix, days, local, undated_rows = rows
        curves = self.mapped(self.date_model.curves(matrix, days), explanation.groups(self, table))
        discharge, since = forecasts(curves.home_by, days.first), ready_since(table, local)
        undated = undated_rows.tolist()
        for row, draft in enumerate(drafts):
            if not undated[row]:
                draft["discharge"] = discharge[row]
                draft["home_within_30_days"] = float(curves.home_by[row, 29])
                draft["ready_since"] = since[row]
        if curves.ready_by is not None:
            told_ready = self.has_ready_date(table).tolist()
            ready = forecasts(ready_if_home(curves), days.first, shown=curves.ready_by)
            waiting = waiting_days(curves, np.array([day is not None for day in since])).tolist()
            for row, draft in enumerate(drafts):
                if not undated[row] and told_ready[row]:
                    draft["ready"] = None if since[row] else ready[row]
                    draft["expected_delay_days"] = waiting[row]
        if told is not None:
            why = explanation.date_reasons(self, table, matrix, days, curves)
            for row, draft in enumerate(drafts):
                if draft.get("discharge"):
                    draft["discharge_reasons"] = why["discharge"].reasons(row, told)
                if draft.get("ready"):
                    draft["ready_reasons"] = why["ready"].reasons(row, told)

    def _add_readmission(self, drafts: list[Draft], table: Columns, matrix: Matrix, told: Told | None) -> None:
        if self.readmission is None:
            return
        risks = self.readmission.risk(matrix)
        same: list[float | None] = [None] * len(risks)
        if self.same_issue is not None:
            same = (risks * self.same_issue.risk(matrix)).tolist()
        for draft, risk, again in zip(drafts, risks.tolist(), same, strict=True):
            draft["readmission"] = ReadmissionForecast(risk, band_of(risk), again)
        if told is not None:
            why = explanation.risk_reasons(self, table, matrix)
            for row, draft in enumerate(drafts):
                draft["readmission_reasons"] = why.reasons(row, told)

    def has_ready_date(self, table: Columns) -> npt.NDArray[np.bool_]:
        """Tell which rows are of sites that record the criteria to reside often enough for a ready date."""
        if self.date_model is None or self.date_model.ready is None:
            return np.zeros(len(table), bool)
        if not self.sites_without_ready:
            return np.ones(len(table), bool)
        return ~table.among("site", self.sites_without_ready)


def forecasts(by: Floats, first: npt.NDArray[np.datetime64], shown: Floats | None = None) -> list[DateForecast]:
    """Return the likely day, the range and the daily probabilities of each curve.

    The probabilities are of `shown` where it is given: the day and the range read "if they go home", a
    probability does not.
    """
    likely = median_day(by)
    earliest, latest = fewest_days(by)
    chances = by if shown is None else shown
    starts: list[date] = first.astype("datetime64[D]").tolist()
    return [
        DateForecast(
            start + timedelta(int(likely[row])),
            start + timedelta(int(earliest[row])),
            start + timedelta(int(latest[row])),
            {start + timedelta(day): float(chances[row, day]) for day in range(DAYS_SHOWN)},
        )
        for row, start in enumerate(starts)
    ]


def ready_since(table: Columns, local: pd.Series) -> list[date | None]:
    """Return the local day since which each patient is recorded as not meeting the criteria to reside."""
    meeting, hours = table.plain("criteria_to_reside"), table.plain("criteria_to_reside_hours")
    return [
        (moment - pd.Timedelta(hours=ago)).date() if met == 0 and not math.isnan(ago) else None
        for moment, met, ago in zip(local, meeting, hours, strict=True)
    ]


def band_of(risk: float) -> Literal["low", "medium", "high"]:
    """Return the band of a risk; the bands are for sorting a board, not for refusing anybody."""
    return "high" if risk >= HIGH_RISK else "medium" if risk >= MEDIUM_RISK else "low"

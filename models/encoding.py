"""From the feature table to the numbers that boosters see, by name and never by position."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.catalogue import Feature

FEWEST_PATIENTS = 20  # a category enters a release only if at least so many patients hold it
Floats = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Encoder:
    """The features of a release in order, with the known categories of each code.

    A code is its position among the known categories; a code that is not known takes the position
    after the last, which rare codes held in training too; a missing value is NaN.  Unknown and missing
    are therefore not the same thing.
    """

    features: tuple[Feature, ...]
    categories: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, table: pd.DataFrame, features: tuple[Feature, ...], patients: pd.Series) -> "Encoder":
        """Keep the features that vary, and the categories that enough patients hold."""
        varying = tuple(feature for feature in features if table[feature.name].nunique(dropna=False) > 1)
        categories = {}
        for feature in varying:
            if feature.kind == "code":
                holders = patients.groupby(table[feature.name], observed=True).nunique()
                categories[feature.name] = tuple(sorted(map(str, holders.index[holders >= FEWEST_PATIENTS])))
        return cls(varying, categories)

    @property
    def names(self) -> list[str]:
        """Column names in the order of the matrix."""
        return [feature.name for feature in self.features]

    @property
    def code_positions(self) -> list[int]:
        """Positions of the columns that hold codes."""
        return [position for position, feature in enumerate(self.features) if feature.kind == "code"]

    def matrix(self, table: pd.DataFrame) -> Matrix:
        """Return one float32 row a row of the table; columns are found by name, absent ones are NaN."""
        encoded = np.full((len(table), len(self.features)), np.nan, dtype=np.float32)
        row = only_row(table)
        if row is not None:
            encoded[0] = [self._number(feature, row.get(feature.name)) for feature in self.features]
            return encoded
        for position, feature in enumerate(self.features):
            if feature.name in table:
                column = table[feature.name]
                encoded[:, position] = self._codes(column) if feature.kind == "code" else finite(column)
        return encoded

    def _number(self, feature: Feature, value: Any) -> float:
        if is_missing(value):
            return math.nan
        if feature.kind == "code":
            known = self._positions[feature.name]
            return known.get(str(value), len(known))
        number = float(value)
        return number if math.isfinite(number) else math.nan

    @cached_property
    def _positions(self) -> Mapping[str, Mapping[str, int]]:
        return {
            name: {code: place for place, code in enumerate(known)} for name, known in self.categories.items()
        }

    def _codes(self, column: pd.Series) -> Floats:
        known = self.categories[str(column.name)]
        texts = column.astype("category")
        positions = pd.Index(known).get_indexer(pd.Index(texts.cat.categories.astype("str")))
        positions = np.where(positions < 0, len(known), positions).astype(np.float64)
        codes = texts.cat.codes.to_numpy()
        return np.where(codes >= 0, np.append(positions, np.nan)[codes], np.nan)

    def unknown_codes(self, matrix: Matrix) -> dict[str, npt.NDArray[np.bool_]]:
        """Return, for each code feature, which encoded rows hold a code that the release does not know."""
        return {
            feature.name: matrix[:, position] == len(self.categories[feature.name])
            for position, feature in enumerate(self.features)
            if feature.kind == "code"
        }

    def as_json(self) -> list[dict[str, Any]]:
        """Return the features with their categories, in order."""
        return [
            {**vars(feature), "categories": list(self.categories[feature.name])}
            if feature.kind == "code"
            else dict(vars(feature))
            for feature in self.features
        ]

    @classmethod
    def from_json(cls, entries: list[dict[str, Any]]) -> "Encoder":
        """Read what `as_json` wrote."""
        features = tuple(
            Feature(**{key: entry[key] for key in entry if key != "categories"}) for entry in entries
        )
        return cls(
            features, {entry["name"]: tuple(entry["categories"]) for entry in entries if "categories" in entry}
        )


def finite(column: pd.Series) -> Floats:
    """Return numbers with infinities as missing: LightGBM would take them silently."""
    numbers = column.to_numpy(np.float64, copy=True)
    numbers[~np.isfinite(numbers)] = np.nan
    return numbers


def only_row(table: pd.DataFrame) -> dict[str, Any] | None:
    """Return the values of a table's only row by column, or None where there are more or a type would be lost.

    pandas takes 50 microseconds to find a column, which for one patient is most of the time of an answer.
    """
    if len(table) != 1:
        return None
    values = table.iloc[0]
    if values.dtype != object:  # numbers alone take one common type: a code 3 would become 3.0
        return None
    plain = (value.item() if isinstance(value, np.generic) else value for value in values.tolist())
    return dict(zip(table.columns, plain, strict=True))


def is_missing(value: object) -> bool:
    """Tell whether a single value stands for nothing known: None, NaN, NaT or NA."""
    return value is None or value is pd.NA or value != value

"""From the feature table to the numbers that boosters see, by name and never by position."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.catalogue import Feature
from features.table import Columns

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

    def matrix(self, table: pd.DataFrame | Columns) -> Matrix:
        """Return one float32 row a row of the table; columns are found by name, absent ones are NaN."""
        columns = Columns.of(table)
        encoded = np.full((len(columns), len(self.features)), np.nan, dtype=np.float32)
        for position, feature in enumerate(self.features):
            if feature.name in columns.arrays:
                encoded[:, position] = (
                    self._codes(feature.name, columns.codes(feature.name))
                    if feature.kind == "code"
                    else finite(columns.numbers(feature.name))
                )
        return encoded

    @cached_property
    def _positions(self) -> Mapping[str, Mapping[str, int]]:
        return {
            name: {code: place for place, code in enumerate(known)} for name, known in self.categories.items()
        }

    def _codes(self, name: str, texts: "pd.Categorical[Any]") -> Floats:
        known = self._positions[name]
        positions = [known.get(str(code), len(known)) for code in texts.categories.tolist()]
        return np.array([*positions, np.nan])[texts.codes]  # a code that is missing is -1, the last

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


def finite(numbers: Floats) -> Floats:
    """Return numbers with infinities as missing: LightGBM would take them silently."""
    return np.where(np.isfinite(numbers), numbers, np.nan)

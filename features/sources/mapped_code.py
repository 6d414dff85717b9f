"""Their codes to ours, and what may be said of values that are no code of either."""

import re
from collections.abc import Mapping

import pandas as pd

from features.errors import Fault
from features.faults import LONGEST_VALUE
from features.sources.mapped_file import Opened, as_texts
from features.sources.mapping import EVERYTHING_ELSE

NOT_KNOWN = ("", "nan", "NaN", "NaT", "None", "<NA>")
VALUES_TOLD = 12
OFTEN = 5  # as small numbers are suppressed in published tables: what fewer rows hold may be of one person
FEW_CODES = 20  # different ones of a column that may well be of codes
SHORT = 4  # characters that name nobody
A_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ./&()+_<>:%-]{0,29}")
AN_IDENTIFIER = re.compile(r"[0-9]{5}|[0-9]{3} [0-9]{3}")


def known_texts(rows: Opened, column: str) -> pd.Series:
    """Return a column of theirs as trimmed texts, missing where it is empty or says that it is not known."""
    texts = as_texts(rows.table[column]).str.strip()
    return texts.mask(texts.isin([*NOT_KNOWN, *rows.about.empty]))


def ours(values: pd.Series, codes: Mapping[str, str] | None, name: str, rows: Opened) -> pd.Series:
    """Return values by a table of codes, or as they are; missing where it says "".  The index is of places.

    A value that the table lacks becomes what it says of "*", which is counted among the oddities, and
    without that is a fault.
    """
    if codes is None:
        return values
    given = values.dropna()
    places, distinct = pd.factorize(given)
    listed = pd.Series(distinct, dtype="str").map({**codes}).astype("object")
    strange = ~pd.Series(distinct, dtype="str").isin([key for key in codes if key != EVERYTHING_ELSE])
    if strange.any():
        otherwise = codes.get(EVERYTHING_ELSE)
        found = given[strange.to_numpy()[places]]
        kept = otherwise == EVERYTHING_ELSE
        if otherwise is None:
            must = f'{name} has values that its codes do not list ("*" would say what all others are)'
            rows.faults.rows(found.index, must + f": {counted(found)}")
        elif not kept:
            meant = f"taken as {otherwise}" if otherwise else "taken as not known"
            rows.oddities.column(
                f"{name}: {len(found):,} values that its codes do not list are {meant}: {counted(found)}"
            )
        listed = listed.where(~strange, pd.Series(distinct) if kept else otherwise)
    listed = listed.mask(listed == "")
    return pd.Series(listed.to_numpy()[places], given.index, dtype="str").reindex(values.index)


def counted(values: pd.Series) -> str:
    """Return values with how often each occurs, the most frequent first, without any that may name a person.

    Where most values differ the column is hardly one of codes, and none is repeated.

    >>> counted(pd.Series(["ELEC"] * 7 + ["9434765919", "Mr J Smith"]))
    'ELEC (7), and 2 different values not shown here'
    """
    counts = values.value_counts()
    if len(counts) > max(FEW_CODES, len(values) / OFTEN):
        return f"{len(counts):,} different values, not shown here; is it a column of codes?"
    told = [f"{value} ({count:,})" for value, count in counts.items() if tellable(str(value), int(count))]
    told = told[:VALUES_TOLD]
    if hidden := len(counts) - len(told):
        told += [f"{'and ' * bool(told)}{hidden:,} different value{'s' * (hidden > 1)} not shown here"]
    return ", ".join(told)


def tellable(value: str, count: int = 1) -> bool:
    """Tell whether a message may repeat a value: it is like a code, and very short or in several rows."""
    if not A_CODE.fullmatch(value) or AN_IDENTIFIER.search(value):
        return False
    return count >= OFTEN or len(value) <= SHORT


def discreet(fault: str) -> str:
    """Return a sentence without the values that it found, unless each is like a code and short.

    >>> discreet(Fault("row 2: sex must be a code", ", found Mr J Smith"))
    'row 2: sex must be a code'
    """
    if not isinstance(fault, Fault):
        return fault
    found = str(fault)[len(fault.without_values) :].removeprefix(", found ")
    told = all(tellable(value) for value in found.split(", "))
    return str(fault) if told and len(found) < 5 * LONGEST_VALUE else fault.without_values

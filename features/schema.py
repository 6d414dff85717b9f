"""The contract as pandera schemas, and pandera's findings as sentences: for tables that break it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from features.columns import Column
from features.faults import Faults
from features.hospital import Facts


def note_broken(table: pd.DataFrame, columns: Sequence[Column], facts: Facts, faults: Faults) -> None:
    """Note every row of a parsed table that breaks a rule of one of these columns."""
    schema = pa.DataFrameSchema({column.name: _schema(column, facts) for column in columns})
    try:
        schema.validate(table, lazy=True)
    except SchemaErrors as error:
        broken = error.failure_cases
        for (name, rule), rows in broken.groupby(["column", "check"], sort=False):
            labels = pd.Index(rows["index"].to_list())
            if rule in ("not_nullable", "field_uniqueness"):
                faults.rows(labels, f"{name} must {'not be empty' if rule == 'not_nullable' else 'be unique'}")
            else:
                faults.rows(labels, f"{name} {rule}", table[str(name)])


def _schema(column: Column, facts: Facts) -> pa.Column:
    checks = []
    if column.kind in ("integer", "number"):
        checks.append(_in_range(column))
    if column.kind == "integer":
        checks.append(pa.Check(lambda numbers: numbers % 1 == 0, error="must be a whole number"))
    known = facts.codes(column.name) if column.kind == "code" else None
    if known:
        must = f"must be a code of {known.system}"
        if known.codes:
            checks.append(pa.Check.isin(list(known.codes), error=must))
        else:
            checks.append(pa.Check.str_matches(f"^(?:{known.pattern})$", error=must))
    return pa.Column(
        checks=checks,
        nullable=column.may_be_empty,
        unique=column.unique,
    )


def _in_range(column: Column) -> pa.Check:
    if np.isfinite(column.low):
        must = f"must be from {column.low:g} to {column.high:g}"
        return pa.Check.in_range(column.low, column.high, error=must)
    return pa.Check(np.isfinite, error="must be a finite number")

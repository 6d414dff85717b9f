"""The contract as pandera schemas, and pandera's findings as sentences."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from features.columns import Column
from features.faults import Faults
from features.hospital import Facts


def validate(table: pd.DataFrame, columns: Sequence[Column], facts: Facts, faults: Faults) -> None:
    """Note every row of a parsed table that breaks a rule of its column, in columns that could be read."""
    readable = [column for column in columns if column.name not in faults.broken]
    rules = {column.name: _schema(column, facts) for column in readable}
    schema = pa.DataFrameSchema({name: rule for name, rule in rules.items() if _can_fail(table[name], rule)})
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


def _can_fail(values: pd.Series, rule: pa.Column) -> bool:
    """Tell whether a rule has anything to find; asking pandera costs a millisecond a column, rules or none."""
    if rule.unique or not rule.nullable:
        return True
    return bool(rule.checks) and bool(values.notna().any())


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
        nullable=not column.required or column.name == "discharged_at",
        unique=column.name == "admission_id" and column.known == "P",
    )


def _in_range(column: Column) -> pa.Check:
    if np.isfinite(column.low):
        must = f"must be from {column.low:g} to {column.high:g}"
        return pa.Check.in_range(column.low, column.high, error=must)
    return pa.Check(np.isfinite, error="must be a finite number")

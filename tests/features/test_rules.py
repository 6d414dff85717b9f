"""The quick look at the contract's rules and pandera's find the same faults, in the same words."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.columns import ADMISSION_COLUMNS, EVENT_COLUMNS, Column
from features.faults import Faults
from features.hospital import NATIONS, facts_with
from features.parsing import parsed
from features.rules import kept, validated
from features.schema import note_broken

ODD = (
    "",
    "01",
    "1",
    "9",
    "3.5",
    "-1",
    "120",
    "121",
    "inf",
    "-inf",
    "J18.9",
    "J18.9x",
    "SITE1",
    "HOME",
    "é",
    "1\n2",
)
TABLES = {"admissions": ADMISSION_COLUMNS, "events": EVENT_COLUMNS}


def cells(column: Column) -> st.SearchStrategy[str]:
    if column.kind == "instant":
        return st.sampled_from((column.example, ""))
    if column.kind in ("integer", "number"):
        return st.sampled_from([one for one in ODD if not one[-1:].isalpha() or "inf" in one])
    return st.sampled_from((column.example, column.example, *ODD))


def tables(columns: tuple[Column, ...]) -> st.SearchStrategy[pd.DataFrame]:
    rows = st.lists(st.tuples(*map(cells, columns)), min_size=1, max_size=4)
    names = [column.name for column in columns]
    return rows.map(lambda drawn: pd.DataFrame(drawn, columns=names, index=range(2, len(drawn) + 2)))


@pytest.mark.parametrize("name", TABLES)
@given(st.data())
@settings(deadline=None, max_examples=60)
def test_both_ways_tell_the_same_faults(name, data):
    columns, facts = TABLES[name], facts_with({"nation": data.draw(st.sampled_from(NATIONS))})
    reading, quick, full = (Faults(name) for _ in range(3))
    drawn = data.draw(tables(columns))
    table = pd.DataFrame(parsed(drawn, columns, facts, reading), drawn.index)
    pd.testing.assert_frame_equal(validated(drawn, columns, facts, quick), table)
    note_broken(table, [column for column in columns if column.name not in reading.broken], facts, full)
    assert quick.found == reading.found + full.found


@pytest.mark.parametrize("name", TABLES)
@given(st.data())
@settings(deadline=None, max_examples=60)
def test_a_column_is_kept_exactly_where_pandera_finds_nothing_in_it(name, data):
    column = data.draw(st.sampled_from(TABLES[name]))
    facts = facts_with({"nation": data.draw(st.sampled_from(NATIONS))})
    reading, full = Faults(name), Faults(name)
    drawn = data.draw(tables((column,)))
    typed = parsed(drawn, (column,), facts, reading)
    if not reading.broken:
        note_broken(pd.DataFrame(typed, drawn.index), [column], facts, full)
        assert kept(typed[column.name], column, facts) == (not full.found)

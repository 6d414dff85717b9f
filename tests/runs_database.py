"""New databases of MLflow as copies of the first: to lay out each anew takes longer than many a test."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest

_FIRST = sqlite3.connect(":memory:", check_same_thread=False)


def copies(patch: pytest.MonkeyPatch) -> None:
    """Let every database after the first of this process begin as a copy of it, still empty."""
    import mlflow.store.db.utils as layout

    lay_out = layout._initialize_tables

    def copied(engine: Any) -> None:
        with closing(sqlite3.connect(engine.url.database)) as own:
            if _FIRST.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                _FIRST.backup(own)
                return
            lay_out(engine)
            own.backup(_FIRST)

    patch.setattr(layout, "_initialize_tables", copied)

"""How many seconds a round of a whole hospital takes, step by step.

    PYTHONPATH=. python tests/benchmarks/round.py --release DIR [--admissions 12000] [--inpatients 1000]

The inpatients are those of a simulated hospital at its last board round, each copied under new names until
there are so many, and kept in a census in SQLite with all that was recorded of their stays.  Figures are of
processor time on one thread: `reading` from the census, `checking` the contract, `features`, `dates and risk`
and `reasons`, `wording` as JSON, and `writing` the round with its audit row; R3 asks for at most 5 s for 1,000.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from features.snapshot import as_known, snapshot
from features.sources.simulation import simulate
from features.table import feature_table
from features.tables import Hospital
from models.predictor import Predictor
from models.release import load
from serving.ingest import ingest
from serving.release import Loaded
from serving.rounds import answers_of, inpatients_at, predict_round
from serving.store import log
from serving.store.facts import Receipt
from serving.store.store import Store
from serving.wards import boards
from tests.questions import last_board_round
from tests.serving.keys import FixedKeys

MOST_SECONDS = 5.0  # R3
ADMISSIONS = 12_000
KEY, DIGEST = b"k" * 32, "d" * 64
Say = Callable[[str], None]
T = TypeVar("T")
NAMES = ("admission_id", "patient_id")


def replicated(hospital: Hospital, at: pd.Timestamp, inpatients: int) -> Hospital:
    """Return a hospital of so many inpatients at a moment, or a few more: the same people under new names."""
    known = as_known(hospital, at)
    people = snapshot(known, at)["patient_id"]
    stays = known.admissions[known.admissions["patient_id"].isin(people)]
    events = known.events[known.events["admission_id"].isin(stays["admission_id"])]
    copies = range(-(-inpatients // len(people)))
    return replace(
        known,
        admissions=pd.concat([_renamed(stays, copy) for copy in copies], ignore_index=True),
        events=pd.concat([_renamed(events, copy) for copy in copies], ignore_index=True),
    )


def _renamed(rows: pd.DataFrame, copy: int) -> pd.DataFrame:
    return rows.assign(**{name: rows[name] + f"-{copy}" for name in NAMES if name in rows})


def seconds(predictor: Predictor, store: Store, at: datetime) -> tuple[int, dict[str, float]]:
    """Return how many inpatients there are, and the seconds of each step and of the whole round."""
    found: dict[str, float] = {}
    release, moment = Loaded(predictor, DIGEST), pd.Timestamp(at).tz_convert(predictor.facts.time_zone)

    def timed(step: str, work: Callable[[], T]) -> T:
        began = time.process_time()
        done = work()
        found[step] = time.process_time() - began
        return done

    with store.reading() as connection:
        inpatients = timed("reading", lambda: inpatients_at(connection, predictor.facts, at))
    hospital = timed("checking", lambda: inpatients.record.hospital(predictor.facts, "the census"))
    table = timed("features", lambda: feature_table(snapshot(hospital, moment), hospital, moment))
    timed("dates and risk", lambda: predictor.predict(table, moment, explain=False))
    timed("predicted", lambda: predictor.predict(table, moment))
    timed("answers", lambda: answers_of(inpatients, list(inpatients.wards), release))
    timed("whole", lambda: predict_round(store, release, at, at, "asked for"))
    found["reasons"] = found.pop("predicted") - found["dates and risk"]
    answering = found.pop("answers")
    done = sum(found[step] for step in ("checking", "features", "dates and risk", "reasons"))
    found["wording"] = answering - done
    found["writing"] = found["whole"] - found["reading"] - answering
    return len(inpatients.wards), found


def measured(predictor: Predictor, small: Hospital, inpatients: int, say: Say = print) -> dict[str, Any]:
    """Return how many inpatients a census has, the seconds of each step of a round, and boards that mix rounds.

    The inpatients are copies of those of `small` at its last board round, in a store that goes away.
    """
    at = last_board_round(small)
    hospital = replicated(small, at, inpatients)
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Store(f"sqlite:///{folder}/homeward.db", KEY, FixedKeys())) as store,
    ):
        receipt = Receipt(at.to_pydatetime(), "benchmark", "ingest")
        say(f"{sum(ingest(hospital, store, receipt)):,} facts kept")
        found, steps = seconds(predictor, store, at.to_pydatetime())
        return {"inpatients": found, "steps": steps, "mixed": mixed(predictor, store, at.to_pydatetime())}


def mixed(predictor: Predictor, store: Store, at: datetime) -> int:
    """Predict every other ward again, by another release, and count boards of two moments or releases."""
    with store.reading() as connection:
        names = sorted(log.wards(connection))
    later, other = at + timedelta(minutes=15), Loaded(predictor, "e" * 64)
    predict_round(store, other, later, later, "new facts", only=frozenset(names[::2]))
    with store.reading() as connection:
        shown = boards(connection, predictor.facts, later, lambda _: True)
    assert {board.round.release_digest for board in shown} == {DIGEST, other.digest}
    return sum(
        any(
            (one.at, one.release_digest) != (board.round.at, board.round.release_digest)
            for one in board.predictions
        )
        for board in shown
    )


def main() -> None:
    """Fill a census, predict a round of it, and print what each step takes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", type=Path, required=True)
    parser.add_argument("--admissions", type=int, default=ADMISSIONS)
    parser.add_argument("--inpatients", type=int, default=1_000)
    given = parser.parse_args()
    found = measured(load(given.release), simulate(given.admissions), given.inpatients)
    steps = found["steps"]
    print(f"a round of {found['inpatients']:,} inpatients; seconds")
    print("  " + ", ".join(f"{step} {each:.2f}" for step, each in steps.items()))
    print(f"  R3, at most {MOST_SECONDS:g}: {'holds' if steps['whole'] <= MOST_SECONDS else 'DOES NOT HOLD'}")
    print(f"  boards that mix moments or releases: {found['mixed']}")


if __name__ == "__main__":
    main()

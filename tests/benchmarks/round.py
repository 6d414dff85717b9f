"""How many seconds a round of a whole hospital takes, step by step.

    PYTHONPATH=. python tests/benchmarks/round.py --release DIR [--admissions 3000] [--inpatients 1000]

The inpatients are those of a simulated hospital at its last board round, each copied under new names until
there are so many, and kept in a census in SQLite with all that was recorded of their stays.  Figures are of
processor time on one thread: `reading` from the census, `checking` the contract, `features`, `dates and risk`
and `reasons`, `wording` as JSON, and `writing` the round with its audit row; R3 asks for at most 5 s for 1,000.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

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
from serving.store.facts import Receipt
from serving.store.store import Store
from tests.questions import last_board_round

MOST_SECONDS = 5.0  # R3
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
    release, moment = Loaded(predictor, "d" * 64), pd.Timestamp(at).tz_convert(predictor.facts.time_zone)

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


def main() -> None:
    """Fill a census, predict a round of it, and print what each step takes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", type=Path, required=True)
    parser.add_argument("--admissions", type=int, default=3_000)
    parser.add_argument("--inpatients", type=int, default=1_000)
    given = parser.parse_args()
    predictor, small = load(given.release), simulate(given.admissions)
    at = last_board_round(small)
    hospital = replicated(small, at, given.inpatients)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/homeward.db", b"k" * 32)
        print(
            f"{sum(ingest(hospital, store, Receipt(at.to_pydatetime(), 'benchmark', 'ingest'))):,} facts kept"
        )
        inpatients, steps = seconds(predictor, store, at.to_pydatetime())
        store.close()
    print(f"a round of {inpatients:,} inpatients; seconds")
    print("  " + ", ".join(f"{step} {each:.2f}" for step, each in steps.items()))
    print(f"  R3, at most {MOST_SECONDS:g}: {'holds' if steps['whole'] <= MOST_SECONDS else 'DOES NOT HOLD'}")


if __name__ == "__main__":
    main()

"""How many milliseconds an answer about one patient takes, step by step, and one about a ward.

    PYTHONPATH=. python tests/benchmarks/one_answer.py [--release DIR] [--admissions 12000] [--ward 25]

The patients are of a simulated hospital at its last board round, sent as a ward system would; the one patient
has the median number of events.  The release is in DIR, or is learnt from that hospital.  Figures are medians
of processor time on one thread: `read` JSON, `check` the contract, `features`, then `dates and risk` and
`reasons` of `Predictor.predict`; the ratio is of all of these to `predict`.  `answered` is the whole of an
answer, its SQLite store included: what the service does between a request and a body on disk; `from the census`
is the same where the store knows all earlier facts and only the stay's own row is sent.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.scope import out_of_scope
from features.snapshot import at_moments
from features.sources.simulation import simulate
from features.table import feature_table
from features.tables import Hospital
from models.predictor import Predictor
from models.release import load
from serving.access import Caller
from serving.ingest import ingest
from serving.inquiry import Inquiry, answered, as_record
from serving.reading import read_body
from serving.release import Loaded
from serving.schema import PredictRequest
from serving.store.facts import Receipt
from serving.store.store import Store
from tests.questions import last_board_round, ward_questions
from tests.serving.keys import FixedKeys
from training.cohort import prepared
from training.fit import fit
from training.plan import TrainingPlan

SECONDS = 4.0  # of turns for each question
WHO = Caller("ward system", "w")
Question = Mapping[str, Any]  # the body of a request


def questions(hospital: Hospital, ward: int) -> dict[str, Question]:
    """Return the question about one patient and the one about so many."""
    at = last_board_round(hospital)
    stays: dict[str, Question] = {}
    events: dict[str, list[Question]] = {}
    for _, one in ward_questions(hospital, at):
        for stay in one["admissions"]:  # two wards may tell of one stay
            stays[stay["admission_id"]], events[stay["admission_id"]] = stay, []
        for event in one["events"]:
            events[event["admission_id"]].append(event)
    inpatients = [stay["admission_id"] for stay in stays.values() if "discharged_at" not in stay][:ward]
    median = sorted(inpatients, key=lambda name: len(events[name]))[len(inpatients) // 2]
    asked = {}
    for title, names in {"one patient": [median], f"a ward of {len(inpatients)}": inpatients}.items():
        people = {stays[name]["patient_id"] for name in names}
        own = {name: stay for name, stay in stays.items() if stay["patient_id"] in people}
        facts = [event for name in own for event in events[name]]
        asked[title] = {"at": at.isoformat(), "admissions": list(own.values()), "events": facts}
    return asked


def milliseconds(predictor: Predictor, question: Question, folder: str) -> dict[str, float]:
    """Return the median time of each step, of `predict`, and of the whole."""
    body, at = json.dumps(question).encode(), pd.Timestamp(question["at"]).tz_convert(predictor.facts.time_zone)
    wanted = [stay["admission_id"] for stay in question["admissions"] if "discharged_at" not in stay]
    request = read_body(body, PredictRequest)
    people = {row.patient_id: row.patient_id for row in request.admissions}

    def checked(request: PredictRequest) -> Hospital:
        return as_record(request, people).hospital(predictor.facts, "the request")

    hospital = checked(request)
    moments = pd.DataFrame({"admission_id": wanted, "at": at}, index=wanted)

    def features() -> pd.DataFrame:
        inpatients = at_moments(hospital, moments)
        return feature_table(inpatients[out_of_scope(inpatients, hospital).isna()], hospital, at)

    table = features()
    empty, full = (Store(f"sqlite:///{folder}/{name}.db", b"k" * 32, FixedKeys()) for name in ("empty", "full"))
    made_at = at.to_pydatetime()
    list(ingest(hospital, full, Receipt(made_at, "benchmark", "ingest")))
    own = tuple(stay for stay in request.admissions if stay.admission_id in set(wanted))
    rowed = request.model_copy(update={"admissions": own, "events": ()})
    release = Loaded(predictor, "d" * 64)
    steps = {
        "read": lambda: read_body(body, PredictRequest),
        "check": lambda: checked(request),
        "features": features,
        "dates and risk": lambda: predictor.predict(table, at, explain=False),
        "predict": lambda: predictor.predict(table, at),
        "answered": lambda: answered(Inquiry(read_body(body, PredictRequest), WHO, made_at), release, empty),
        "from the census": lambda: answered(Inquiry(rowed, WHO, made_at), release, full),
        "whole": lambda: predictor.answer(checked(read_body(body, PredictRequest)), at, wanted),
    }
    found = _medians(steps)
    return found | {"reasons": found["predict"] - found["dates and risk"]}


def _medians(steps: Mapping[str, Callable[[], Any]]) -> dict[str, float]:
    """Return the median of each step, taken in turns: a busy machine slows all alike."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    until = time.process_time() + SECONDS
    while time.process_time() < until:
        for name, step in steps.items():
            began = time.process_time()
            step()
            times[name].append(1000 * (time.process_time() - began))
    return {name: float(np.median(each)) for name, each in times.items()}


def main() -> None:
    """Ask about one patient and about a ward, and print what each step takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--release", type=Path)
    parser.add_argument("--admissions", type=int, default=12_000)
    parser.add_argument("--ward", type=int, default=25)
    given = parser.parse_args()
    hospital = simulate(given.admissions)
    plan, say = TrainingPlan(), partial(print, file=sys.stderr)
    predictor = (
        load(given.release) if given.release else fit(prepared(hospital, plan, say), plan, say).predictor
    )
    for name, question in questions(hospital, given.ward).items():
        with tempfile.TemporaryDirectory() as folder:
            steps = milliseconds(predictor, question, folder)
        print(f"{name}, {len(question['admissions'])} stays, {len(question['events']):,} events; milliseconds")
        print("  " + ", ".join(f"{step} {ms:.1f}" for step, ms in steps.items()))
        for whole in ("whole", "answered", "from the census"):
            print(f"  {whole} to predict: {steps[whole] / steps['predict']:.2f}")


if __name__ == "__main__":
    main()

"""How many milliseconds the service takes for a page of the board, and how large the page is.

    PYTHONPATH=. python tests/benchmarks/board_page.py [--release DIR] [--patients 40]

A simulated hospital whose inpatients lie on one ward, with names, predicted at its last two board rounds by
the release in DIR, or by one learnt from it.  Figures are medians of processor time of the whole page: gate,
session, store, what has changed since a day ago, the row in the audit.  A ward of 40: at most 100 ms, 300 KB.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import numpy as np

from features.sources.simulation import simulate
from features.tables import Hospital
from models.predictor import Predictor
from models.release import load
from serving.census import EventFact
from serving.design_system import stylesheet
from serving.ingest import ingest
from serving.parts import Parts
from serving.rounds import predict_round
from serving.store import facts, identities
from serving.store.facts import Receipt
from serving.store.identities import Identity
from tests.questions import last_board_round
from tests.serving.builders import nobody, parts
from tests.serving.doors import signed_in
from training.cohort import prepared
from training.fit import fit
from training.plan import TrainingPlan

WARD = "W01"
TIMES = 25
SPARE = 3  # beds, as somebody may turn out to have left


def ward_of(hospital: Hospital, home: Path, predictor: Predictor, patients: int) -> Parts:
    """Return a service whose one ward holds so many of a hospital's inpatients, with names, predicted twice."""
    of = parts(home, predictor, HOMEWARD_REQUESTS_PER_MINUTE="1000000")
    at = last_board_round(hospital).to_pydatetime()
    of.guard.clock.now = at + timedelta(minutes=5)
    receipt = Receipt(at, "benchmark", "ingest")
    list(ingest(hospital, of.store, receipt))
    with of.store.writing() as connection:
        beds = facts.in_bed(connection, at)
        moved = [
            EventFact(
                stay,
                at - timedelta(days=2),
                at - timedelta(days=2),
                "ward",
                text=WARD if n < patients else "W02",
            )
            for n, stay in enumerate(beds)
        ]
        facts.keep(of.store, connection, (), moved, receipt)
        for stay in beds:
            who = Identity(f"EXAMPLE, Person {stay}", f"H{stay}", "1944-05-17")
            identities.keep(of.store, connection, stay, who, at, receipt)
    for days in (1, 0):
        predict_round(of.store, of.releases.current(), at - timedelta(days), at, "board round")
    return of


def pages(of: Parts, patients: int) -> Iterator[tuple[str, float, int]]:
    """Give each page with its median milliseconds of processor time and its bytes."""
    cookie, caller = signed_in(of), nobody(of)
    board = caller.get(f"/board/{WARD}?site=SITE1", **cookie)
    rows = board.text.count('<a href="/patients/')
    if rows < patients:
        raise SystemExit(f"the ward holds {rows} of {patients} patients: the hospital is too small")
    person = board.text.partition('<a href="/patients/')[2].partition('"')[0]
    for path in (f"/board/{WARD}?site=SITE1", f"/patients/{person}", f"/patients/{person}/sheet", "/board"):
        times, size = [], 0
        for _ in range(TIMES):
            began = time.process_time()
            answer = caller.get(path, **cookie)
            times.append(1000 * (time.process_time() - began))
            size = len(answer.content)
        yield path.replace(person, "{person}"), float(np.median(times)), size


def main() -> None:
    """Print a line for each page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", type=Path)
    parser.add_argument("--patients", type=int, default=40)
    given = parser.parse_args()
    hospital = simulate(300 * given.patients)
    plan, say = TrainingPlan(), partial(print, file=sys.stderr)
    predictor = (
        load(given.release) if given.release else fit(prepared(hospital, plan, say), plan, say).predictor
    )
    with tempfile.TemporaryDirectory() as folder:
        of = ward_of(hospital, Path(folder), predictor, given.patients)
        for path, ms, size in pages(of, given.patients):
            print(f"{path:<32} {ms:6.0f} ms {size / 1000:6.0f} KB")
        print(f"{'the style, once, packed':<32} {len(stylesheet().packed) / 1000:16.0f} KB")
        of.close()


if __name__ == "__main__":
    main()

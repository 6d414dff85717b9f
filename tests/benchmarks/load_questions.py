"""Inpatients of a simulated hospital, each as a question to the service and as tables for the model alone."""

import json
import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pandas as pd

from features.snapshot import as_known, snapshot
from features.sources import read
from features.tables import Hospital
from models.predictor import Predictor
from models.release import load
from tests.questions import last_board_round, ward_questions

PATIENTS = 40

_together: Barrier  # of the processes that answer at once


@dataclass(frozen=True)
class Patient:
    """One inpatient: their rows as tables, the moment and the stay asked about, and the same as a question."""

    hospital: Hospital
    at: pd.Timestamp
    admission: str
    body: bytes


def patients_of(folder: Path) -> list[Patient]:
    """Return inpatients of the hospital's last board round, each as tables of their own and as a question."""
    hospital = read("simulated", folder)
    at = last_board_round(hospital)
    known = as_known(hospital, at)
    return [_patient(known, at, person) for person in snapshot(known, at)["patient_id"].iloc[:PATIENTS]]


def _patient(known: Hospital, at: pd.Timestamp, person: str) -> Patient:
    stays = known.admissions[known.admissions["patient_id"] == person].reset_index(drop=True)
    events = known.events[known.events["admission_id"].isin(stays["admission_id"])].reset_index(drop=True)
    own = replace(known, admissions=stays, events=events)
    [(_, question)] = list(ward_questions(own, at))[:1]
    return Patient(own, at, str(snapshot(own, at)["admission_id"].iloc[0]), json.dumps(question).encode())


def alone_per_second_of(release: Path, folder: Path, processes: int, seconds: float) -> float:
    """Return the answers a second of the model alone in several processes at once, which slow each other."""
    spawning = multiprocessing.get_context("spawn")
    together = spawning.Barrier(processes)
    with ProcessPoolExecutor(processes, spawning, _meet, (together,)) as pool:
        return sum(pool.map(_per_second, *zip(*[(release, folder, seconds)] * processes, strict=True)))


def _meet(together: Barrier) -> None:
    global _together
    _together = together


def _per_second(release: Path, folder: Path, seconds: float) -> float:
    predictor, patients = load(release), patients_of(folder)
    milliseconds_of(predictor, patients)  # warms up
    _together.wait()
    began, count = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - began) < seconds:
        one = patients[count % len(patients)]
        predictor.answer(one.hospital, one.at, [one.admission])
        count += 1
    return count / elapsed


def milliseconds_of(predictor: Predictor, patients: Sequence[Patient]) -> list[float]:
    """Return the times of the model's own answers about one inpatient each, feature table to reasons."""
    times = []
    for round_ in range(3):
        for one in patients:
            began = time.perf_counter()
            predictor.answer(one.hospital, one.at, [one.admission])
            if round_:  # the first round warms up
                times.append(1000 * (time.perf_counter() - began))
    return times

"""Predicting wards from the census: whole wards at one moment by one release, so that no board mixes them."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pandas as pd
import sqlalchemy as sql

from features.errors import DataFault
from features.hospital import Facts
from features.tables import Hospital
from models.prediction import Prediction, PredictionWarning
from serving.census import stay_of
from serving.known import NO_WARD, SHOWN_ON_THE_BOARD, Record, known_now, recorded
from serving.shown import dates_shown
from serving.store import facts, log, news, people
from serving.store.log import LoggedPrediction, Round
from serving.store.store import Store
from serving.unused import identified, unused_events

if TYPE_CHECKING:
    from serving.release import Loaded

Ward = tuple[str, str]  # its name and its site
BY = "the prediction loop"
OLD_RECORD = "the record does not keep the contract of this release; its code lists or events may have changed"
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Inpatients:
    """Who was in a bed at a moment, with all that is known of them: own and earlier stays of each."""

    at: pd.Timestamp
    upto: tuple[int, int]
    rows: Mapping[str, Mapping[str, Any]]
    stays: Mapping[str, tuple[str, ...]]
    record: Record
    now: Mapping[str, Mapping[str, str | None]]
    wards: Mapping[str, Ward]


def predict_round(
    store: Store,
    release: "Loaded",
    at: datetime,
    made_at: datetime,
    kind: str,
    due_at: datetime | None = None,
    only: frozenset[Ward] | None = None,
    by: str = BY,
) -> list[LoggedPrediction]:
    """Predict everybody in a bed at a moment, or on some wards, and bring the round to disk as one.

    Wards of which a board speaks already get a new page even where nobody is left in them.
    """
    with store.reading() as connection:
        inpatients = inpatients_at(connection, release.predictor.facts, at, only)
        wards = {*log.wards(connection), *inpatients.wards.values()} if only is None else only
        heard = news.waiting(connection)
        before = log.newest_of(connection, list(inpatients.wards))
    answers = answers_of(inpatients, list(inpatients.wards), release)
    with store.writing() as connection:
        due = due_at or made_at
        number = log.next_round(connection)
        name, digest = release.predictor.release, release.digest
        one = Round(number, kind, at, due, made_at, name, digest)
        rows = [_logged(answer, inpatients, one, by, before.get(name)) for name, answer in answers.items()]
        known = people.remaining(connection, {row.person for row in rows})
        rows = [row for row in rows if row.person in known]  # others were erased while they were predicted
        log.write_round(store, connection, one, wards, rows, by)
        news.heard(connection, {name: one for name, one in heard.items() if only is None or name in answers})
    logger.info("round %d (%s): %d inpatients on %d wards", number, kind, len(rows), len(wards))
    return rows


def inpatients_at(
    connection: sql.Connection, facts_: Facts, at: datetime, only: frozenset[Ward] | None = None
) -> Inpatients:
    """Return who is in a bed at a moment as recorded by then, on some wards or on all."""
    upto = facts.last_numbers(connection)
    places = wards_of(connection, facts.in_bed(connection, at), facts_, at)
    chosen = {name: ward for name, ward in places.items() if only is None or ward in only}
    patients = facts.patients_of(connection, list(chosen))
    record = recorded(connection, list(facts.stays_of(connection, patients.values())), at, upto)
    rows = {row["admission_id"]: row for row in record.stays}
    stays: dict[str, list[str]] = {}
    for row in record.stays:
        stays.setdefault(row["patient_id"], []).append(row["admission_id"])
    moment = pd.Timestamp(at).tz_convert(facts_.time_zone)
    return Inpatients(
        at=moment,
        upto=upto,
        rows={name: rows[name] for name in chosen},
        stays={name: tuple(stays[rows[name]["patient_id"]]) for name in chosen},
        record=record,
        now=_now(record.events, list(chosen), moment, facts_),
        wards=chosen,
    )


def wards_of(
    connection: sql.Connection, admission_ids: Sequence[str], facts_: Facts, at: datetime
) -> dict[str, Ward]:
    """Return the ward of each of some stays that is in a bed at a moment, as recorded by then."""
    stays = {name: stay_of(own) for name, own in facts.stay_facts(connection, admission_ids, at).items()}
    here = {name: row for name, row in stays.items() if row is not None and _in_bed(row, at)}
    events = facts.event_table(connection, list(here), at, names=("ward",))
    now = _now(events, list(here), pd.Timestamp(at).tz_convert(facts_.time_zone), facts_)
    return {name: (now[name]["ward"] or NO_WARD, row.get("site") or "") for name, row in here.items()}


def _in_bed(row: Mapping[str, Any], at: datetime) -> bool:
    """Tell whether somebody is on the list at a moment: the index of stays knows later facts too."""
    left_at = row.get("discharge_recorded_at")
    return row["admission_recorded_at"] <= at and (left_at is None or left_at > at)


def answers_of(inpatients: Inpatients, names: Sequence[str], release: "Loaded") -> dict[str, dict[str, Any]]:
    """Return the answer for each of some inpatients; whose record cannot be used gets none, and the reason."""
    found: dict[str, Prediction] = {}
    for hospital, some in _usable(inpatients, names, release):
        if hospital is None:
            warning = PredictionWarning("record", "scope", f"no prediction: {OLD_RECORD}")
            lost = Prediction(some[0], inpatients.at, release.predictor.release, warnings=(warning,))
            found[some[0]] = lost
        else:
            for one in release.predictor.answer(hospital, inpatients.at, some):
                found[one.admission_id] = one
    unused = unused_events(inpatients.record.events, release.predictor.facts)
    return {name: identified(found[name], unused) for name in names}


def _usable(
    inpatients: Inpatients, names: Sequence[str], release: "Loaded"
) -> list[tuple[Hospital | None, list[str]]]:
    """Return hospitals that keep the release's contract, and None for each person whose record does not.

    One person's bad record must not take the board from everybody: a group that has a fault is halved
    until it is found.
    """
    if not names:
        return []
    try:
        return [(_part(inpatients, names).hospital(release.predictor.facts, "the census"), list(names))]
    except DataFault as fault:
        if len(names) == 1:
            logger.warning("a stay cannot be predicted: %s", "; ".join(fault.faults_without_values))
            return [(None, list(names))]
    half = len(names) // 2
    return _usable(inpatients, names[:half], release) + _usable(inpatients, names[half:], release)


def _part(inpatients: Inpatients, names: Sequence[str]) -> Record:
    if len(names) == len(inpatients.stays):
        return inpatients.record
    wanted = {stay for name in names for stay in inpatients.stays[name]}
    record = inpatients.record
    stays = tuple(row for row in record.stays if row["admission_id"] in wanted)
    events = record.events[record.events["admission_id"].isin(list(wanted))]
    return Record(stays, events.reset_index(drop=True))


def _now(
    events: pd.DataFrame, names: Sequence[str], at: pd.Timestamp, facts_: Facts
) -> dict[str, dict[str, str | None]]:
    """Return ward, bed and planned date of each; read without a check, which a single bad row would fail."""
    own = events[events["admission_id"].isin(names) & events["name"].isin(SHOWN_ON_THE_BOARD)]
    hospital = Hospital(pd.DataFrame({"admission_id": names}), own, facts_, source="the census")
    return known_now(hospital, at, names)


def _logged(
    answer: dict[str, Any], inpatients: Inpatients, one: Round, by: str, before: LoggedPrediction | None
) -> LoggedPrediction:
    name = answer["admission_id"]
    ward, site = inpatients.wards[name]
    inputs = {
        "admission": inpatients.rows[name],
        "census": inpatients.stays[name],
        "upto": inpatients.upto,
        "now": {**inpatients.now[name], **dates_shown(answer, before, inpatients.at.date())},
    }
    return LoggedPrediction(
        id=answer["id"],
        made_at=one.made_at,
        at=one.at,
        admission_id=name,
        person=inpatients.rows[name]["patient_id"],
        ward=ward,
        site=site,
        round=one.number,
        release=one.release,
        release_digest=one.release_digest,
        asked_by=by,
        inputs=inputs,
        answer=answer,
    )

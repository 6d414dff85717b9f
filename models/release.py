"""A release: a trained predictor as plain files that can be checked, compared by eye and loaded."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd

from features.errors import ReleaseFault
from features.hospital import facts_from
from models.calibration import CurveMaps
from models.discharge_date import DateModel
from models.encoding import Encoder
from models.predictor import Predictor
from models.readmission import ReadmissionModel
from models.reasons import Reference
from models.risk_map import RiskMap
from models.sealed import BOOSTERS, LISTING, Sealed, digest, digest_of, listing, parsed, sealed

FORMAT = 4  # 4: an answer warns of what was last recorded three days ago
GOLDEN_TOLERANCE = 1e-9
MALFORMED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, lgb.basic.LightGBMError)


def save(
    predictor: Predictor,
    folder: Path,
    golden: pd.DataFrame,
    at: pd.Timestamp,
    about: Mapping[str, Any],
    card: str,
) -> str:
    """Write a predictor as a release into an empty folder; returns its digest (SHA-256 of all digests).

    `golden` are feature rows of simulated patients whose answers at `at` are stored beside them, so that
    loading can tell whether the release still answers as it did.  `about` is kept as it is (plan,
    figures, source, created).  Nothing in a release can run: boosters are text, everything else JSON.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise ReleaseFault(f"the release folder {folder.name} must be empty")
    for name, booster in _boosters(predictor).items():
        (folder / f"{name}.txt").write_text(booster.model_to_string(), "utf-8")
    _write(folder / "release.json", _content(predictor, about))
    _write(folder / "reference.json", {name: one.as_json() for name, one in predictor.references.items()})
    reread = _read(folder.name, _files(folder))
    rows = _golden_rows(golden)
    answers = [one.as_json() for one in reread.predict(_golden_table(rows), at)]
    _write(folder / "golden.json", {"at": at.isoformat(), "rows": rows, "answers": answers})
    (folder / "card.md").write_text(card, "utf-8")
    digests = {name: digest(content) for name, content in _files(folder).items()}
    (folder / LISTING).write_bytes(listing(digests))
    return digest_of(digests)


def load(folder: Path, expected: str | None = None) -> Predictor:
    """Load a release whose files are what they were and which answers its golden rows as it did.

    Digests are checked before anything is parsed, since a damaged booster file can kill the process
    that reads it; what is parsed are the very bytes that were checked.  `expected` is the digest of the
    whole, where it is known.  Raises ReleaseFault with what is wrong.
    """
    return opened(sealed(folder, expected))


def opened(release: Sealed) -> Predictor:
    """Parse the checked bytes of a release; raises ReleaseFault if they are none or answer differently."""
    try:
        predictor = _read(release.name, release.files)
        golden = parsed(release.files["golden.json"])
        table = _golden_table(golden["rows"])
        answers = [one.as_json() for one in predictor.predict(table, pd.Timestamp(golden["at"]))]
        same = _same(answers, golden["answers"])
    except MALFORMED as error:
        raise ReleaseFault(f"release {release.name} cannot be loaded: {type(error).__name__}") from error
    if not same:
        raise ReleaseFault(
            f"release {predictor.release} answers its golden rows differently from when it was made"
        )
    return predictor


def verify(folder: Path) -> dict[str, str]:
    """Check every file of a release against its digest and return the digests."""
    return dict(sealed(folder).digests)


def about(folder: Path) -> dict[str, Any]:
    """Return what was kept with a release: its name, plan, figures, source and definitions."""
    content: dict[str, Any] = json.loads((folder / "release.json").read_text("utf-8"))
    return content


def _content(predictor: Predictor, about: Mapping[str, Any]) -> dict[str, Any]:
    facts, dates, risk = predictor.facts, predictor.date_model, predictor.readmission
    return {
        "format": FORMAT,
        "name": predictor.release,
        "dates": predictor.dates,
        "features": predictor.encoder.as_json(),
        "expected": list(predictor.expected),
        "facts": {
            "nation": facts.nation,
            "time_zone": facts.time_zone,
            "board_round": facts.board_round,
            "events": {name: _event_json(vars(event)) for name, event in facts.events.items()},
        },
        "day_weights": list(dates.day_weights) if dates else None,
        "home_map": predictor.home_map.as_json(),
        "ready_map": predictor.ready_map.as_json(),
        "risk_map": vars(risk.risk_map) if risk else None,
        "same_issue_map": vars(predictor.same_issue.risk_map) if predictor.same_issue else None,
        "sites_without_ready": list(predictor.sites_without_ready),
        "deaths_after_leaving": predictor.deaths_after_leaving,
        "about": dict(about),
    }


def _event_json(event: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value
        for key, value in event.items()
        if key != "name" and value not in (float("inf"), -float("inf"))
    }


def _boosters(predictor: Predictor) -> dict[str, lgb.Booster]:
    dates, risk = predictor.date_model, predictor.readmission
    every = {
        "leave": dates.leave if dates else None,
        "home": dates.home if dates else None,
        "ready": dates.ready if dates else None,
        "readmission": risk.booster if risk else None,
        "same_issue": predictor.same_issue.booster if predictor.same_issue else None,
    }
    return {name: booster for name, booster in every.items() if booster is not None}


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def _read(name: str, files: Mapping[str, bytes]) -> Predictor:
    content = parsed(files["release.json"])
    if content.get("format") != FORMAT:
        found = f"release {name} has format {content.get('format')}"
        raise ReleaseFault(f"{found}, this version reads {FORMAT}: fit it again")
    boosters = {
        each: lgb.Booster(model_str=files[f"{each}.txt"].decode("utf-8"))
        for each in BOOSTERS
        if f"{each}.txt" in files
    }
    references = parsed(files["reference.json"])
    date_model = None
    if "leave" in boosters:
        weights = tuple(content["day_weights"])
        date_model = DateModel(boosters["leave"], boosters["home"], boosters.get("ready"), weights)
    risks = {
        name: ReadmissionModel(boosters[name], _risk_map(content[key]))
        for name, key in (("readmission", "risk_map"), ("same_issue", "same_issue_map"))
        if name in boosters
    }
    return Predictor(
        release=content["name"],
        facts=facts_from(content["facts"]),
        dates=content["dates"],
        encoder=Encoder.from_json(content["features"]),
        date_model=date_model,
        home_map=CurveMaps.from_json(content["home_map"]),
        ready_map=CurveMaps.from_json(content["ready_map"]),
        readmission=risks.get("readmission"),
        same_issue=risks.get("same_issue"),
        references={name: Reference.from_json(lists) for name, lists in references.items()},
        expected=tuple(content["expected"]),
        sites_without_ready=tuple(content["sites_without_ready"]),
        deaths_after_leaving=content["deaths_after_leaving"],
    )


def _risk_map(entry: Mapping[str, Any]) -> RiskMap:
    points = {name: tuple(entry[name]) for name in ("at", "to")}
    return RiskMap(entry["kind"], entry["low"], entry["high"], entry["intercept"], **points)


def _golden_rows(golden: pd.DataFrame) -> dict[str, list[Any]]:
    """Return the rows as JSON columns: numbers, codes, and null for missing."""
    columns = {
        str(name): [None if pd.isna(value) else value for value in golden[name].tolist()]
        for name in golden.columns
    }
    return {"index": [str(label) for label in golden.index], **columns}


def _golden_table(rows: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """Return the rows as a feature table again: a column that holds any text is a code."""
    columns = {}
    for name, values in rows.items():
        texts = any(isinstance(value, str) for value in values)
        columns[name] = pd.Series(list(values), dtype="object").astype("category" if texts else "float64")
    index = columns.pop("index").astype("str")
    return pd.DataFrame(columns).set_axis(pd.Index(index), axis=0)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(_same(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, float) and isinstance(other, float | int):
        return bool(np.isclose(one, other, rtol=0, atol=GOLDEN_TOLERANCE))
    return bool(one == other)


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1, default=float) + "\n", "utf-8")

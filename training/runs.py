"""Runs and releases in MLflow, and a release's way into the store that the service reads.

The only module that talks to MLflow, which is imported when it is first needed since that takes seconds.
Without `MLFLOW_TRACKING_URI` everything lies under the home: `mlflow.db`, `mlartifacts/`, `releases/` (plain
copies) and `bentoml/`, for which `BENTOML_HOME` may name another place.
"""

import hashlib
import json
import math
import os
import re
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from features.errors import HomewardError, ReleaseFault
from training.store import files_digest, private, put, release_name, store_folder

NAME = "homeward"  # of the experiment, the registered model and the model in BentoML's store
CHAMPION, CHALLENGER = "champion", "challenger"
LOADED_WITH = (
    "lightgbm",
    "numpy",
    "pandas",
    "pandera",
    "pyarrow",
    "scikit-learn",
)  # what a release is read and run by
ANSWER = (  # what `pyfunc.ReleaseModel` gives for each row
    ("string", "release"),
    ("datetime", "ready_likely"),
    ("datetime", "discharge_likely"),
    ("datetime", "discharge_earliest"),
    ("datetime", "discharge_latest"),
    ("double", "home_within_30_days"),
    ("double", "readmission_risk"),
)
PARENT = "mlflow.parentRunId"  # the tag by which MLflow nests runs
MOST_PARAMETERS, MOST_METRICS = 100, 1_000  # of one MLflow batch
LONGEST_NAME, LONGEST_VALUE = 250, 500  # characters; older tracking servers take no longer value


@dataclass(frozen=True)
class Run:
    """A training being recorded."""

    home: Path
    run_id: str
    started: int  # milliseconds since 1970


@contextmanager
def start_run(
    home: Path, name: str, plan: Mapping[str, Any], tags: Mapping[str, str], within: Run | None = None
) -> Iterator[Run]:
    """Record a training under a name, with every knob of its plan; it ends as finished or failed.

    `within` is the run that this one is a part of, such as the tuning of a trial; MLflow shows it nested.

    The plan is logged twice: as parameters, to compare runs by (long values cut), and whole as `plan.json`.
    """
    client = client_of(home)
    tags = {**tags, PARENT: within.run_id} if within else dict(tags)
    started = client.create_run(_experiment(client, home), run_name=name, tags=tags)
    run = Run(home, started.info.run_id, started.info.start_time)
    try:
        _log_plan(client, run, plan)
        yield run
    except BaseException:
        client.set_terminated(run.run_id, "FAILED")
        raise
    client.set_terminated(run.run_id, "FINISHED")


def log_figures(run: Run, figures: Mapping[str, Any]) -> None:
    """Log every number of the figures, nested ones as `part.beside.name`; texts and None are passed over."""
    from mlflow.entities import Metric

    numbers = {
        name: float(value)
        for name, value in _flat(figures).items()
        if isinstance(value, int | float) and math.isfinite(value)
    }
    metrics = [Metric(_key(name), value, run.started, 0) for name, value in numbers.items()]
    client = client_of(run.home)
    for first in range(0, len(metrics), MOST_METRICS):
        client.log_batch(run.run_id, metrics=metrics[first : first + MOST_METRICS])


def log_folder(run: Run, folder: Path, under: str | None = None) -> None:
    """Keep a folder's files with the run, under a folder of the run's own where it is named."""
    client_of(run.home).log_artifacts(run.run_id, str(folder), under)


def register_release(home: Path, folder: Path, run: Run) -> int:
    """Register a release as the challenger and return its version.

    The files are kept with the run as they are, inside a pyfunc model from code (`training/pyfunc.py`).  A
    release whose name and files are registered already keeps its version.  Raises HomewardError if the
    folder has no `release.json` with a usable name.
    """
    client, name, digest = client_of(home), release_name(folder), files_digest(folder)
    version = next(
        (one.version for one in every_version(home) if one.tags.items() >= _tags(name, digest).items()), None
    )
    if version is None:
        _log_model(client, run, folder)
        if not client.search_registered_models(f"name='{NAME}'"):
            client.create_registered_model(NAME)
        source = f"{client.get_run(run.run_id).info.artifact_uri}/model"
        version = client.create_model_version(NAME, source, run.run_id, tags=_tags(name, digest)).version
    client.set_registered_model_alias(NAME, CHALLENGER, version)
    return int(version)


def find(home: Path, name: str) -> Path:
    """Return the folder of a release by its name, by an alias (champion, challenger), or by its folder.

    A registered release is copied to `releases/` under the home, unless the same files are there already.
    Raises HomewardError, which names the releases known, if there is none of that name.
    """
    if (Path(name) / "release.json").is_file():
        return Path(name)
    return _exported(home, version_of(home, name))


def promote(home: Path, name: str) -> Path:
    """Make a release the champion and return its folder in BentoML's store, `homeward:<release>`.

    `homeward:latest` of that store is the release promoted last, also after going back to an older one.  The
    alias moves only after the files are in place.  Raises HomewardError if the release is unknown, or if
    the store holds other files under its name.
    """
    version = version_of(home, name)
    release = version.tags["release"]
    folder = _exported(home, version)
    path = put(folder, release, store_folder(home))
    client_of(home).set_registered_model_alias(NAME, CHAMPION, version.version)
    return path


def client_of(home: Path) -> Any:
    """Return MLflow's client for this home; nothing phones home, and MLflow keeps its notes to itself."""
    import logging

    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    from mlflow import MlflowClient

    for noisy in ("mlflow", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    private(home)
    return MlflowClient(tracking_uri=_tracking_uri(home))


def _own(home: Path) -> Path | None:
    """Return the database under the home, None where a tracking server is named instead."""
    return None if os.environ.get("MLFLOW_TRACKING_URI") else home.resolve() / "mlflow.db"


def _tracking_uri(home: Path) -> str:
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{_own(home)}"


def _experiment(client: Any, home: Path) -> str:
    """Return the experiment's id; under a home of our own its files go there, a server decides for itself.

    A home that was moved gets another experiment, since MLflow would go on writing to the old place.
    """
    place = str(home.resolve() / "mlartifacts") if _own(home) else None
    for name in (NAME, f"{NAME} in {place}"):
        found = client.get_experiment_by_name(name)
        if found is None:
            return str(client.create_experiment(name, artifact_location=place))
        if place in (None, found.artifact_location):
            return str(found.experiment_id)
    raise HomewardError(f"MLflow's experiment {NAME} does not keep its files in {place}")


def _log_plan(client: Any, run: Run, plan: Mapping[str, Any]) -> None:
    from mlflow.entities import Param

    client.log_text(run.run_id, json.dumps(plan, indent=1, default=str) + "\n", "plan.json")
    parameters = [Param(_key(name), str(value)[:LONGEST_VALUE]) for name, value in _flat(plan).items()]
    for first in range(0, len(parameters), MOST_PARAMETERS):
        client.log_batch(run.run_id, params=parameters[first : first + MOST_PARAMETERS])


def _log_model(client: Any, run: Run, folder: Path) -> None:
    """Keep a release with the run as the artifacts of a pyfunc model, under `model/artifacts/release`."""
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    with tempfile.TemporaryDirectory() as made, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow asks for an example of its input, and patients never travel
        release, model = shutil.copytree(folder, Path(made) / "release"), Path(made) / "model"
        mlflow.pyfunc.save_model(
            model,
            python_model=str(Path(__file__).with_name("pyfunc.py")),
            artifacts={"release": str(release)},
            signature=ModelSignature(outputs=Schema([ColSpec(*one, required=False) for one in ANSWER])),
            pip_requirements=[f"{package}=={installed(package)}" for package in LOADED_WITH],
        )
        client.log_artifacts(run.run_id, str(model), "model")


def _tags(name: str, digest: str) -> dict[str, str]:
    return {"release": name, "digest": digest}


def _flat(nested: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Return the leaves of nested mappings by their dotted place.

    >>> _flat({"seed": 1, "dates": {"trees": 100}})
    {'seed': 1, 'dates.trees': 100}
    """
    flat: dict[str, Any] = {}
    for name, value in nested.items():
        flat |= _flat(value, f"{before}{name}.") if isinstance(value, Mapping) else {f"{before}{name}": value}
    return flat


def _key(name: str) -> str:
    """Return a name as MLflow takes it: its letters, and a digest at the end of one that is too long."""
    key = re.sub(r"[^\w\-. /]", "_", name, flags=re.ASCII)
    if len(key) <= LONGEST_NAME:
        return key
    return f"{key[: LONGEST_NAME - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def every_version(home: Path) -> list[Any]:
    """Return every registered version of a release, newest first; a home never used has none."""
    if (database := _own(home)) and not database.exists():
        return []
    client, token, found = client_of(home), None, []
    while True:
        page = client.search_model_versions(f"name='{NAME}'", max_results=200, page_token=token)
        found += list(page)
        token = page.token
        if not token:
            ours = [version for version in found if version.tags.keys() >= {"release", "digest"}]
            return sorted(ours, key=lambda version: int(version.version), reverse=True)


def version_of(home: Path, name: str) -> Any:
    """Return the newest version of a release, by its name or an alias; HomewardError without one."""
    versions = every_version(home)
    aliases = client_of(home).get_registered_model(NAME).aliases if versions else {}
    for version in versions:
        if name == version.tags["release"] or aliases.get(name) == version.version:
            return version
    known = [*sorted({version.tags["release"] for version in versions}), *sorted(aliases)]
    said = f"known are {', '.join(known)}" if known else "none is registered yet"
    raise HomewardError(f"there is no release {name!r}; {said}")


def _exported(home: Path, version: Any) -> Path:
    """Copy a version's release out of MLflow, whole or not at all."""
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException

    release, digest, source = version.tags["release"], version.tags["digest"], _source(home, version)
    place = home.resolve() / "releases" / release
    if place.is_dir() and files_digest(place) == digest:
        return place
    private(place.parent)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".writing-") as made:
        try:
            fetched = download_artifacts(source, dst_path=made, tracking_uri=_tracking_uri(home))
        except (MlflowException, OSError) as error:
            raise ReleaseFault(f"the files of release {release} are gone from {source}") from error
        copied = Path(fetched)
        if files_digest(copied) != digest:
            raise ReleaseFault(f"the files of release {release} were altered in {source}")
        if place.exists():
            shutil.rmtree(place)
        return copied.rename(place)


def _source(home: Path, version: Any) -> str:
    """Return where a version's files lie; MLflow remembers whole paths, which a moved home makes wrong."""
    source = f"{version.source}/artifacts/release"
    if _own(home) and not Path(source).exists():
        return str(home.resolve() / "mlartifacts" / source.partition("/mlartifacts/")[2])
    return source

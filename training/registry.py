"""Releases as versions of a registered model, their aliases, and the way into the store of the service."""

import shutil
from pathlib import Path
from typing import Any

from features.errors import HomewardError, ReleaseFault
from training.mlflow_model import log_model
from training.store import files_digest, put, release_name, store_folder, writing
from training.tracking import NAME, Run, client_of, own_database, refused, tracking_uri

CHAMPION, CHALLENGER = "champion", "challenger"
TOLD = (
    *("source", "learnt_from", "learnt_until", "readmission_definition", "contract_version"),
    *("data_digest", "code_digest", "commit", "tree_dirty", "release_digest"),
)  # tags of the run that a version has too


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
        log_model(client, run, folder)
        if not client.search_registered_models(f"name='{NAME}'"):
            client.create_registered_model(NAME)
        kept = client.get_run(run.run_id)
        source, told = f"{kept.info.artifact_uri}/model", {key: kept.data.tags.get(key) for key in TOLD}
        tags = {key: text for key, text in told.items() if text} | _tags(name, digest)
        version = client.create_model_version(NAME, source, run.run_id, tags=tags).version
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


def _tags(name: str, digest: str) -> dict[str, str]:
    return {"release": name, "digest": digest}


def every_version(home: Path) -> list[Any]:
    """Return every registered version of a release, newest first; a home never used has none."""
    if (database := own_database(home)) and not database.exists():
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
    if name == CHAMPION:
        said = "no release is the champion yet: fit one, and promote it"
        raise HomewardError(f"{said} (python -m training promote --help)")
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
    with writing(place.parent) as made:
        try:
            fetched = download_artifacts(source, dst_path=str(made), tracking_uri=tracking_uri(home))
        except (MlflowException, OSError) as error:
            if refused(error):
                raise
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
    if own_database(home) and not Path(source).exists():
        return str(home.resolve() / "mlartifacts" / source.partition("/mlartifacts/")[2])
    return source

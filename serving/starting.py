"""What must hold before the service starts, cheapest first, each fault one sentence."""

import tempfile
from contextlib import closing
from pathlib import Path

from serving.callers import check_access
from serving.candidate import Named
from serving.children import is_free
from serving.last_good import Memory
from serving.settings import SettingFault, Settings
from serving.trial import Trial


def check(settings: Settings) -> None:
    """Raise HomewardError with one sentence if the service cannot start.

    BentoML would start a worker that cannot start again and again.  The release that passes its trial here
    is remembered, so that the workers need not try it once more.
    """
    if not is_free(settings.host, settings.port):
        raise SettingFault(f"{settings.host} port {settings.port} is taken; choose another in HOMEWARD_PORT")
    check_access(settings)
    _writable(settings.home)
    trial = Trial(Memory(settings.home))
    trial.first(named_release(settings), trial.remember)
    _own_store(settings)


def named_release(settings: Settings) -> Named:
    """Return the release that the settings name, where `python -m training promote` puts it."""
    return Named(settings.release, settings.model_store)


def _own_store(settings: Settings) -> None:
    from serving.store.store import opened

    with closing(opened(settings)) as store:
        if not store.fits():
            raise SettingFault(
                "the database was sealed with another key than that of HOMEWARD_AUDIT_KEY_FILE: name its own"
            )


def _writable(home: Path) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        tempfile.TemporaryFile(dir=home).close()
    except OSError as error:
        raise SettingFault(
            f"HOMEWARD_HOME must be a folder that can be written to: {home} ({type(error).__name__})"
        ) from error

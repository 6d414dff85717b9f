"""What is wrong with an installation, in plain words, each finding with what to do.

Nothing is changed, but for one row that is written to see whether the database can be.
"""

import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

import pandas as pd
import sqlalchemy as sql

from features.errors import HomewardError
from features.hospital import Facts
from features.working_days import last_day
from serving.children import is_free
from serving.inquiry import DAYS_AHEAD
from serving.keys import KeyFile
from serving.last_good import Memory
from serving.loop import SILENT_AFTER
from serving.provider import read_provider
from serving.secret_file import read_secret
from serving.settings import Settings
from serving.starting import named_release
from serving.store import facts, log
from serving.store.database import Database
from serving.store.migrate import revisions
from serving.store.store import Store, audit_key, opened
from serving.store.tables import AUDIT
from serving.systems import Systems, read_system
from serving.trial import Trial

Kind = Literal["ok", "note", "WRONG"]
GIBIBYTE = 2**30
LEAST_FREE = GIBIBYTE
OTHERS = stat.S_IRWXG | stat.S_IRWXO
CLOCKS_DIFFER = timedelta(minutes=5)
ANSWER_SECONDS = 5


@dataclass(frozen=True)
class Finding:
    """One finding: what was looked at, whether it is well, and a sentence."""

    about: str
    kind: Kind
    said: str


class Doctor:
    """Looks at everything that the settings name, cheapest first; a fault hides no other."""

    def __init__(self, settings: Settings, now: datetime) -> None:
        self._settings, self._now = settings, now
        self._facts: Facts | None = None  # of the release, once it has passed
        self._fits = False  # whether the database can be read by this version and this key

    def findings(self) -> Iterator[Finding]:
        """Give every finding as soon as it is there; the release takes seconds."""
        looks: dict[str, Callable[[], Iterator[tuple[Kind, str]]]] = {
            "home": self._home,
            "disk": self._disk,
            "ward systems": self._systems,
            "provider": self._provider,
            "monitoring": self._monitoring,
            "audit key": self._audit_key,
            "keys": self._keys,
            "database": self._database,
            "clock": self._clock,
            "feed": self._feed,
            "release": self._release,
            "bank holidays": self._holidays,
            "listener": self._listener,
        }
        for about, look in looks.items():
            try:
                for kind, said in look():
                    yield Finding(about, kind, said)
            except HomewardError as fault:
                yield Finding(about, "WRONG", str(fault))
            except OSError as error:
                yield Finding(about, "WRONG", f"it cannot be looked at: {type(error).__name__}")

    def _home(self) -> Iterator[tuple[Kind, str]]:
        home = self._settings.home
        if not home.is_dir():
            yield "WRONG", f"HOMEWARD_HOME {home} is no folder; `python -m serving key add NAME` makes it"
        else:
            yield _private(home, f"chmod 700 {home}")

    def _disk(self) -> Iterator[tuple[Kind, str]]:
        place = next(each for each in (self._settings.home, *self._settings.home.parents) if each.exists())
        free = shutil.disk_usage(place).free
        said = f"{free / GIBIBYTE:.1f} GiB free"
        yield ("ok", said) if free >= LEAST_FREE else ("WRONG", f"{said}: a full disk stops every prediction")

    def _systems(self) -> Iterator[tuple[Kind, str]]:
        names = Systems(self._settings.systems).names()
        if not names:
            yield "note", "none may send yet: `python -m serving key add NAME`"
            return
        for name in names:
            read_system(self._settings.systems / f"{name}.json")
        yield "ok", ", ".join(names)
        for file in self._settings.system_keys.glob("*.json"):
            if file.stat().st_mode & OTHERS:
                yield _private(file, f"chmod 600 {file}")

    def _provider(self) -> Iterator[tuple[Kind, str]]:
        file = self._settings.provider_file
        if not file.exists():
            yield "note", "people sign in with links and accounts: there is no provider of the trust's"
            return
        described = read_provider(file)
        yield _private(file, f"chmod 600 {file}")
        yield "ok", f"{described.issuer} lets in {', '.join(described.groups)}"

    def _monitoring(self) -> Iterator[tuple[Kind, str]]:
        file = self._settings.metrics_token_file
        if not file.exists():
            yield "note", "nothing but ward systems and people may read /metrics: there is no secret for it"
            return
        read_secret(file)
        yield _private(file, f"chmod 600 {file}")

    def _audit_key(self) -> Iterator[tuple[Kind, str]]:
        file = self._settings.audit_key_file
        if not file.exists():
            yield "note", "there is none yet; `start` makes one"
            return
        audit_key(file)
        yield _private(file, f"chmod 600 {file}")
        if self._settings.database_url == f"sqlite:///{file.parent / 'homeward.db'}":
            yield "note", "it lies beside the database: keep a copy elsewhere, and never in the same backup"

    def _keys(self) -> Iterator[tuple[Kind, str]]:
        file = self._settings.pseudonym_key_file
        if not file.exists():
            yield "note", "there are none yet; `start` makes them"
            return
        KeyFile(file).read()
        yield _private(file, f"chmod 600 {file}")
        if self._settings.database_url == f"sqlite:///{file.parent / 'homeward.db'}":
            yield "note", "they lie beside the database: keep a copy elsewhere, and never in the same backup"

    def _database(self) -> Iterator[tuple[Kind, str]]:
        url = sql.make_url(self._settings.database_url)
        if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
            yield "note", "there is none yet; `start` makes it"
            return
        with closing(Database(self._settings.database_url)) as database:
            found, newest = revisions(database)
        if found != newest:
            yield "WRONG", f"it has revision {found}, this version needs {newest}: `python -m serving migrate`"
            return
        with closing(self._store()) as store:
            if not store.fits():
                yield (
                    "WRONG",
                    "it was sealed with another key than that of HOMEWARD_AUDIT_KEY_FILE: name its own",
                )
                return
            if not store.writable():
                yield "WRONG", "it can be read and not written: is the disk full, or read-only?"
                return
        self._fits = True
        yield "ok", f"revision {found}, {url.get_backend_name()}; `python -m serving audit` checks every row"

    def _clock(self) -> Iterator[tuple[Kind, str]]:
        if not self._fits:
            yield "note", "not compared with the database"
            return
        with closing(self._store()) as store, store.reading() as connection:
            last = connection.execute(sql.select(sql.func.max(AUDIT.c.made_at))).scalar()
        now = _said(self._now)
        if last is not None and last > self._now + CLOCKS_DIFFER:
            yield "WRONG", f"it says {now}, but the audit was written until {_said(last)}"
        else:
            yield "ok", now

    def _feed(self) -> Iterator[tuple[Kind, str]]:
        if not self._fits:
            yield "note", "no census yet"
            return
        with closing(self._store()) as store, store.reading() as connection:
            fact = facts.newest_recorded(connection, self._now)
            rounds = [one.made_at for one in log.wards(connection).values()]
        if fact is None:
            yield "note", "the ward system has told of nothing yet"
        elif self._now - fact > SILENT_AFTER:
            yield (
                "WRONG",
                f"nothing was recorded since {_said(fact)}, so no round is predicted: is it down?",
            )
        else:
            made = f"; the last round was made at {_said(max(rounds))}" if rounds else ""
            yield "ok", f"the newest fact was recorded at {_said(fact)}{made}"

    def _release(self) -> Iterator[tuple[Kind, str]]:
        named = named_release(self._settings)
        passed = Trial(Memory(self._settings.home)).passed(named.folder())
        from models.release import opened

        self._facts = opened(passed.release).facts
        yield "ok", f"{passed.release.name}, made for {passed.said}; it answers its golden rows as it did"

    def _holidays(self) -> Iterator[tuple[Kind, str]]:
        if self._facts is None:
            yield "note", "without a release there is no nation"
            return
        last, needed = last_day(self._facts.nation), pd.Timestamp(self._now.date()) + timedelta(days=DAYS_AHEAD)
        if last < needed:
            yield (
                "WRONG",
                f"the table ends on {last:%Y-%m-%d}; dates are said {DAYS_AHEAD} days ahead: update Homeward",
            )
        else:
            yield "ok", f"known until {last:%Y-%m-%d}"

    def _listener(self) -> Iterator[tuple[Kind, str]]:
        host, port = self._settings.host, self._settings.port
        if not ip_address(host).is_loopback:
            yield "note", f"{host} is not this machine alone: only a proxy with TLS may reach it"
        if is_free(host, port):
            yield "note", f"nothing listens on {host} port {port}: `python -m serving start`"
            return
        yield _answer(host, port)

    def _store(self) -> Store:
        return opened(self._settings)


def _said(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def _private(place: Path, mend: str) -> tuple[Kind, str]:
    if place.stat().st_mode & OTHERS:
        return "WRONG", f"other users of this machine can open {place}: {mend}"
    return "ok", str(place)


def _answer(host: str, port: int) -> tuple[Kind, str]:
    import httpx

    shown = f"[{host}]" if ":" in host else host
    try:
        status = httpx.get(f"http://{shown}:{port}/readyz", timeout=ANSWER_SECONDS, trust_env=False).status_code
    except httpx.HTTPError as error:
        return "WRONG", f"what listens on port {port} does not answer ({type(error).__name__}): is it Homeward?"
    if status == HTTPStatus.OK:
        return "ok", f"the service on port {port} is ready"
    return "WRONG", f"what listens on port {port} is not ready (status {status}); see its log"

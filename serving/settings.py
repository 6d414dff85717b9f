"""The facts of one deployment, read once from the environment."""

from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

from features.errors import HomewardError
from serving import setting_values as values

PREFIX = "HOMEWARD_"
MEBIBYTE = 1024 * 1024
FILES_IN_THE_HOME = {
    "audit_key_file": "audit-key",
    "pseudonym_key_file": "keys.json",
    "provider_file": "provider.json",
    "metrics_token_file": "metrics-token",
    "watch_file": "watch/latest.json",
}
# Two years of diagnoses count from their coding, which is weeks after a discharge.
LEAST_PREDICTIONS_DAYS, LEAST_STAYS_DAYS = 31, 800
MOST_BODY_SECONDS, MOST_ANSWER_SECONDS = 25, 60  # together below BentoML's own limit, in service.py


class SettingFault(HomewardError):
    """A setting in the environment cannot be used."""


def _setting(name: str, meaning: str, default: str, read: Callable[[str], Any]) -> dict[str, Any]:
    return {"name": PREFIX + name, "help": meaning, "default": default, "read": read}


@dataclass(frozen=True)
class Keep:
    """How long each is kept: predictions since they were made, the others since a recorded discharge."""

    predictions: timedelta
    stays: timedelta
    names: timedelta = timedelta(days=7)


@dataclass(frozen=True)
class Settings:
    """Where the service keeps its state, where it listens and what it lets in.

    >>> settings = Settings.read({"HOMEWARD_HOME": "/srv/homeward"})
    >>> settings.database_url, settings.port
    ('sqlite:////srv/homeward/homeward.db', 3000)
    >>> Settings.read({"HOMEWARD_PORT": "ninety"})
    Traceback (most recent call last):
    serving.settings.SettingFault: HOMEWARD_PORT must be a whole number from 1 to 65,535
    """

    home: Path = field(
        metadata=_setting(
            "HOME", "Folder of all state: database, models, keys, links", ".homeward", values.folder
        )
    )
    database_url: str = field(
        metadata=_setting(
            "DATABASE_URL",
            "Census, log and audit, SQLite or PostgreSQL; empty: homeward.db in the home",
            "",
            values.database,
        )
    )
    host: str = field(
        metadata=_setting("HOST", "Address to listen on: this machine only", "127.0.0.1", values.address)
    )
    port: int = field(metadata=_setting("PORT", "Port to listen on", "3000", values.whole_number(1, 65_535)))
    workers: int = field(
        metadata=_setting(
            "WORKERS",
            "Processes that answer, each with its own limits; with 2, one goes on while the other starts again",
            "2",
            values.whole_number(1, 16),
        )
    )
    release: str = field(
        metadata=_setting("RELEASE", "A tag of the BentoML model store, or a folder", "homeward:latest", str)
    )
    challenger: str = field(
        metadata=_setting(
            "CHALLENGER",
            "A release, named as above, that answers the same questions unseen; empty: none",
            "",
            str,
        )
    )
    audience: str = field(
        metadata=_setting("AUDIENCE", "What ward systems' tokens must name as `aud`", "homeward", str)
    )
    provider_file: Path = field(
        metadata=_setting(
            "PROVIDER_FILE",
            "The trust's provider of sign-ins; empty: `provider.json` in the home, if there is one",
            "",
            values.file,
        )
    )
    metrics_token_file: Path = field(
        metadata=_setting(
            "METRICS_TOKEN_FILE",
            "A secret that opens `/metrics` alone; empty: `metrics-token` in the home, if there is one",
            "",
            values.file,
        )
    )
    watch_file: Path = field(
        metadata=_setting(
            "WATCH_FILE",
            "What `python -m training drift` found last; empty: `watch/latest.json` in the home",
            "",
            values.file,
        )
    )
    blind: bool = field(
        metadata=_setting(
            "BLIND",
            "1: nothing is suggested of a stay until a person has set a planned date for it",
            "0",
            values.yes_or_no,
        )
    )
    idle_minutes: int = field(
        metadata=_setting(
            "IDLE_MINUTES", "Minutes after which an unused session is locked", "30", values.whole_number(1, 720)
        )
    )
    audit_key_file: Path = field(
        metadata=_setting(
            "AUDIT_KEY_FILE", "The key that seals the audit; empty: `audit-key` in the home", "", values.file
        )
    )
    pseudonym_key_file: Path = field(
        metadata=_setting(
            "PSEUDONYM_KEY_FILE",
            "The keys of pseudonyms and of all that is stored; empty: `keys.json` in the home",
            "",
            values.file,
        )
    )
    keep_predictions_days: int = field(
        metadata=_setting(
            "KEEP_PREDICTIONS_DAYS",
            "Days after which a prediction is erased; a year, so that a winter can be held beside the last one",
            "365",
            values.days(LEAST_PREDICTIONS_DAYS, "a readmission is known 30 days after its discharge"),
        )
    )
    keep_stays_days: int = field(
        metadata=_setting(
            "KEEP_STAYS_DAYS",
            "Days after its recorded discharge on which a stay is erased; features look at what is kept of a "
            "person, two years back for illness; at least as long as predictions, which are made again from it",
            "1826",
            values.days(LEAST_STAYS_DAYS, "features look two years back"),
        )
    )
    keep_names_days: int = field(
        metadata=_setting(
            "KEEP_NAMES_DAYS",
            "Days after a recorded discharge on which name, hospital number and date of birth are erased",
            "7",
            values.whole_number(1, 36_525),
        )
    )
    body_limit_bytes: int = field(
        metadata=_setting(
            "BODY_LIMIT_BYTES",
            "Largest request body; the default lets a ward of 50 through with its history",
            str(2 * MEBIBYTE),
            values.whole_number(1_024, 256 * MEBIBYTE),
        )
    )
    body_seconds: int = field(
        metadata=_setting(
            "BODY_SECONDS",
            "Seconds in which a request body must arrive; then 408",
            "10",
            values.whole_number(1, MOST_BODY_SECONDS),
        )
    )
    answer_seconds: int = field(
        metadata=_setting(
            "ANSWER_SECONDS",
            "Seconds for an answer; then 503",
            "25",
            values.whole_number(1, MOST_ANSWER_SECONDS),
        )
    )
    predictions_at_once: int = field(
        metadata=_setting(
            "PREDICTIONS_AT_ONCE",
            "Questions being answered or waiting; more are 429, and one caller never gets the last place",
            "8",
            values.whole_number(1, 64),
        )
    )
    reads_at_once: int = field(
        metadata=_setting(
            "READS_AT_ONCE", "Pages being made or waiting; more are 429", "32", values.whole_number(1, 64)
        )
    )
    requests_per_minute: int = field(
        metadata=_setting(
            "REQUESTS_PER_MINUTE",
            "Quota of each caller, a tenth of it at once; more are 429",
            "1200",
            values.whole_number(1, 1_000_000),
        )
    )

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """Return the settings of an environment; raises SettingFault naming the setting and what it must be."""
        told = {setting.name: _value(setting, environment) for setting in fields(cls)}
        home = told["home"]
        told["database_url"] = told["database_url"] or f"sqlite:///{home / 'homeward.db'}"
        for name, file in FILES_IN_THE_HOME.items():
            told[name] = told[name] if told[name] != Path() else home / file
        if told["keep_stays_days"] < told["keep_predictions_days"]:
            raise SettingFault(
                "HOMEWARD_KEEP_STAYS_DAYS must be at least HOMEWARD_KEEP_PREDICTIONS_DAYS: a prediction is "
                "made again from its stay"
            )
        return cls(**told)

    @property
    def keep(self) -> Keep:
        """How long predictions and stays are kept."""
        days = (self.keep_predictions_days, self.keep_stays_days, self.keep_names_days)
        return Keep(*(timedelta(days=each) for each in days))

    @property
    def model_store(self) -> Path:
        """BentoML's model store, where `python -m training promote` puts releases."""
        return self.home / "bentoml" / "models"

    @property
    def systems(self) -> Path:
        """The folder of ward systems: a file each, with its public keys."""
        return self.home / "systems"

    @property
    def spent_tokens(self) -> Path:
        """The folder of tokens that were shown."""
        return self.home / "spent-tokens"

    @property
    def system_keys(self) -> Path:
        """The folder of private keys that were made here, for ward systems that have none of their own."""
        return self.home / "system-keys"

    @property
    def links(self) -> Path:
        """The folder of sign-in links that wait to be used."""
        return self.home / "sign-in-links"

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """Return `base` with what a process of this deployment needs: these settings, and nothing phones home.

        BentoML's store lies under the home, OpenTelemetry (a third of BentoML's CPU a request) is off,
        and a booster uses one thread: two OpenMP threads on a busy machine collapse.
        """
        own = {setting.metadata["name"]: _text(getattr(self, setting.name)) for setting in fields(self)}
        return {
            **base,
            **own,
            "BENTOML_HOME": str(self.home / "bentoml"),
            "BENTOML_DO_NOT_TRACK": "True",
            "DO_NOT_TRACK": "true",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # seven processes for jobs that nobody has
            "OTEL_SDK_DISABLED": "true",
            "OMP_NUM_THREADS": "1",
        }


def _value(setting: "Field[Any]", environment: Mapping[str, str]) -> Any:
    name = setting.metadata["name"]
    text = environment.get(name, "").strip() or setting.metadata["default"]
    try:
        return setting.metadata["read"](text)
    except ValueError as error:
        raise SettingFault(f"{name} must be {error}") from error


def _text(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def settings_table() -> list[tuple[str, str, str]]:
    """Return every setting as (name, default, meaning), for the documentation and its test."""
    return [(s.metadata["name"], s.metadata["default"], s.metadata["help"]) for s in fields(Settings)]

from pathlib import Path

import pytest

import serving
from serving.settings import SettingFault, Settings, settings_table

BASE = {"HOMEWARD_HOME": "/srv/homeward"}


def test_everything_has_a_default_and_lies_under_the_home():
    settings = Settings.read(BASE)
    assert settings.home == Path("/srv/homeward")
    assert settings.provider_file == Path("/srv/homeward/provider.json")
    assert settings.database_url == "sqlite:////srv/homeward/homeward.db"
    assert (settings.host, settings.port, settings.release) == ("127.0.0.1", 3000, "homeward:latest")


def test_an_empty_setting_is_its_default():
    assert Settings.read({**BASE, "HOMEWARD_PORT": " "}).port == 3000


@pytest.mark.parametrize(
    ("name", "value", "must"),
    [
        ("HOMEWARD_PORT", "0", "a whole number from 1 to 65,535"),
        ("HOMEWARD_PORT", "¹", "a whole number"),
        ("HOMEWARD_HOST", "localhost", "an IP address such as 127.0.0.1"),
        ("HOMEWARD_DATABASE_URL", "mysql://x", "an address such as sqlite"),
        ("HOMEWARD_BODY_LIMIT_BYTES", "8 MiB", "a whole number"),
        ("HOMEWARD_KEEP_STAYS_DAYS", "365", "a whole number of days from 800 .*: features look two years back"),
        ("HOMEWARD_KEEP_PREDICTIONS_DAYS", "30", "a whole number of days from 31 .*: a readmission is known"),
    ],
)
def test_a_bad_value_is_one_sentence_that_names_the_setting(name, value, must):
    with pytest.raises(SettingFault, match=f"^{name} must be {must}") as fault:
        Settings.read({**BASE, name: value})
    assert "\n" not in str(fault.value)


def test_predictions_are_not_kept_longer_than_what_they_are_made_from():
    days = {"HOMEWARD_KEEP_STAYS_DAYS": "900", "HOMEWARD_KEEP_PREDICTIONS_DAYS": "901"}
    with pytest.raises(SettingFault, match="must be at least HOMEWARD_KEEP_PREDICTIONS_DAYS"):
        Settings.read({**BASE, **days})


def test_a_process_of_the_deployment_reads_the_same_settings_and_phones_nobody():
    settings = Settings.read({**BASE, "HOMEWARD_PORT": "3999"})
    environment = settings.environment({"PATH": "/bin"})
    assert Settings.read(environment) == settings
    assert environment["PATH"] == "/bin"
    assert environment["BENTOML_DO_NOT_TRACK"].lower() == "true"
    assert environment["BENTOML_HOME"] == "/srv/homeward/bentoml"


def test_every_setting_is_documented():
    documented = (Path(serving.__file__).parent / "README.md").read_text("utf-8")
    for name, default, meaning in settings_table():
        assert f"| `{name}` | {f'`{default}`' if default else ''} | {meaning} |" in documented

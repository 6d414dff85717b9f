"""No package is installed, or locked, below the version that mended what is known of it."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.version import Version

HERE = Path(__file__).parent
FLOORS = dict(
    line.split() for line in (HERE / "floors.txt").read_text().splitlines() if line and not line.startswith("#")
)


@pytest.mark.parametrize(("package", "floor"), FLOORS.items())
def test_a_package_is_not_below_its_floor(package: str, floor: str) -> None:
    assert Version(version(package)) >= Version(floor)
    for lock in ("requirements.txt", "requirements-dev.txt"):
        locked = re.search(rf"^{re.escape(package)}==(\S+)", (HERE.parent / lock).read_text(), re.M)
        assert locked is None or Version(locked[1]) >= Version(floor)

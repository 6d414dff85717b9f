"""What the README says is true: its commands, options, files and figures exist."""

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = sorted(set(re.findall(r"python -m (features|training|serving) ([a-z]+)((?: [^\n`#|]*)?)", README)))


@pytest.mark.parametrize("package", sorted({package for package, *_ in COMMANDS}))
def test_every_package_of_the_readme_runs_as_a_directory(package: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", package, "--help"], capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    for command in {command for of, command, _ in COMMANDS if of == package}:
        assert command in ended.stdout


@pytest.mark.parametrize("package", ["features", "training", "serving"])
def test_nobody_waits_for_a_help_text(package: str) -> None:
    asked = f"import sys, {package}.__main__; print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert not {"pandas", "numpy", "lightgbm", "mlflow", "bentoml"} & set(ended.stdout.split()), ended.stderr


@pytest.mark.parametrize(
    ("package", "command", "words"), COMMANDS, ids=[" ".join(each[:2]) for each in COMMANDS]
)
def test_every_command_of_the_readme_exists_with_its_options(
    package: str,
    command: str,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    main = import_module(f"{package}.__main__").main
    monkeypatch.setattr(sys, "argv", [package, command, "--help"])
    with pytest.raises(SystemExit) as left:
        main()
    said = capsys.readouterr()
    assert left.value.code == 0, said.err
    for option in re.findall(r"--[a-z-]+", words):
        assert option in said.out, f"python -m {package} {command} has no {option}"


def test_every_file_the_readme_points_to_is_there() -> None:
    for place in re.findall(r"\]\((?!https?:|#)([^)#]+)", README):
        assert (ROOT / place).exists(), place


def test_every_make_target_the_readme_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in set(re.findall(r"(?:^|`)make ([a-z]+)", README, re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_source_is_named_in_the_readme() -> None:
    from features.sources import SOURCES

    for source in SOURCES:
        assert f"`{source}`" in README


def test_the_lock_names_no_address() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        lines = (ROOT / name).read_text("utf-8").splitlines()
        assert not [
            line for line in lines if "://" in line or line.startswith(("--index", "--extra", "--find"))
        ]

"""Imports run one way: features <- models <- {training, serving}."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "features": {"features"},
    "models": {"features", "models"},
    "training": {"features", "models", "training"},
    "serving": {"features", "models", "serving"},
}
ONLY_IMPORTER = {
    "mlflow": tuple(
        f"training/{name}.py" for name in ("dataset", "mlflow_model", "pyfunc", "registry", "runs", "tracking")
    ),
    "optuna": "training/tune.py",
    "sqlalchemy": "serving/",
    "bentoml": ("serving/", "training/store.py"),
}


def imports(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_each_package_imports_only_what_lies_below_it(package: str) -> None:
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    for file in files:
        ours = imports(file) & set(MAY_IMPORT)
        assert ours <= MAY_IMPORT[package], f"{file.relative_to(ROOT)} imports {ours - MAY_IMPORT[package]}"


@pytest.mark.parametrize("library", ONLY_IMPORTER)
def test_heavy_libraries_have_one_importer(library: str) -> None:
    for package in MAY_IMPORT:
        for file in (ROOT / package).rglob("*.py"):
            if library in imports(file):
                place = file.relative_to(ROOT).as_posix()
                assert place.startswith(ONLY_IMPORTER[library]), f"{place} imports {library}"

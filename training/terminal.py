"""What every command does on the terminal: say its stages, and write its figures whole."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from features.errors import HomewardError

errors = Console(stderr=True, highlight=False)


@contextmanager
def stages(total: int) -> Iterator[Callable[[str], None]]:
    """Show a bar on the terminal, and one line a stage with the seconds since the start."""
    began = time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True) as progress:
        task = progress.add_task("starting", total=total)

        def say(text: str) -> None:
            progress.console.print(f"{time.monotonic() - began:6.1f} s  {text}", soft_wrap=True)
            progress.update(task, description=text, advance=1)

        yield say


def writable(file: Path | None) -> None:
    """Raise HomewardError, before any work, if the folder of a file to write is not there."""
    if file is not None and not file.resolve().parent.is_dir():
        raise HomewardError(f"the folder of {file} must exist")


def write(file: Path | None, content: Mapping[str, Any]) -> None:
    """Write figures as JSON where a file was asked for, whole or not at all."""
    if file is not None:
        with whole(file) as partial:
            partial.write_text(json.dumps(content, indent=1, default=str) + "\n", "utf-8")


@contextmanager
def whole(file: Path) -> Iterator[Path]:
    """Hold the place to write a file at; it takes the file's name at once, when all of it is there."""
    partial = file.with_name(f".{file.name}.partial")
    yield partial
    partial.replace(file)

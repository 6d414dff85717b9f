"""`make prove [LINE=G20,T5]`: measure lines of proof, keep them in `.homeward/proof.json`, print one table."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from inputs import Inputs
from ledger import DIRTY, Entry, entries, short
from line import Line, chosen
from registry import LINES
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text
from run import prove

from training.home import home

ROOT = Path(__file__).parents[2]
COLOURS = {"pass": "green", "fail": "bold red", "error": "bold red", "cannot tell": "yellow"}
FAILED = ("fail", "error")
WIDTH = 160  # of the table where there is no terminal
errors = Console(stderr=True, highlight=False)


def main(words: Sequence[str], lines: Sequence[Line] = LINES) -> int:
    """Measure the lines that the words name (ids, or what ids begin with), all of them without words.

    A line that stands at this commit is not measured again unless its own id is given.  Returns 0, 1 if a
    line failed or raised, 2 for a word that names no line, 130 if it was stopped; what was measured by then
    is kept.
    """
    named = [word for each in words for word in each.upper().replace(",", " ").split()]
    file, stopped = home() / "proof.json", False
    try:
        wanted = chosen(lines, named)
        entries(file, lines)
    except ValueError as error:
        errors.print(str(error), style="bold red", markup=False, soft_wrap=True)
        return 2
    anew = [line.id for line in wanted if line.id.upper() in named]
    with progress_of(len(wanted)) as (say, advance):
        try:
            for entry in prove(lines, wanted, file, Inputs(say), commit=commit(), today=today, anew=anew):
                advance(f"{entry['id']}: {entry['verdict']}, {entry['shown']}")
        except KeyboardInterrupt:
            stopped = True
    found = entries(file, lines)
    print_table([found[line.id] for line in wanted])
    errors.print(f"{'stopped; what was measured' if stopped else 'every line'} is in {file}", soft_wrap=True)
    failed = any(found[line.id]["verdict"] in FAILED for line in wanted)
    return 130 if stopped else int(failed)


@contextmanager
def progress_of(total: int) -> Iterator[tuple[Callable[[str], None], Callable[[str], None]]]:
    """Give a function that says something with the seconds since the start, and one that ends a line."""
    began = time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True) as progress:
        task = progress.add_task("lines", total=total)

        def say(text: str) -> None:
            progress.console.print(f"{time.monotonic() - began:7.1f} s  {text}", soft_wrap=True, markup=False)

        def advance(text: str) -> None:
            say(text)
            progress.advance(task)

        yield say, advance


def print_table(found: Iterable[Entry]) -> None:
    """Print entries as one table, and under it what needs a sentence."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("line", "measures", "target", "figure (95 %)", "verdict", "commit", "date"):
        table.add_column(heading, overflow="fold")
    for entry in found:
        verdict = Text(entry["verdict"], style=COLOURS.get(entry["verdict"], ""))
        cells = (entry[name] or "" for name in ("id", "measures", "target", "shown"))
        table.add_row(*map(Text, cells), verdict, short(entry["commit"] or ""), entry["date"])
    console.print(table)
    for entry in found:
        if entry["note"]:
            console.print(Text(f"{entry['id']}: {entry['note']}"), soft_wrap=True)


def commit(folder: Path = ROOT) -> str:
    """Return the commit checked out, with "+dirty" where files differ from it, "unknown+dirty" without git."""
    head, changed = _git(folder, "rev-parse", "HEAD"), _git(folder, "status", "--porcelain")
    if head is None or changed is None:
        return f"unknown+{DIRTY}"
    return f"{head}+{DIRTY}" if changed else head


def today() -> str:
    """Return the date, UTC."""
    return datetime.now(UTC).date().isoformat()


def _git(folder: Path, *words: str) -> str | None:
    try:
        ended = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return ended.stdout.strip() if ended.returncode == 0 else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`make proven`: write what `make prove` found into PROOF.md, and its sums into the README."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from ledger import NEVER, Entry, entries, short
from line import Line
from registry import CHAPTERS, LINES

from training.home import home

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "tests" / "prove" / "PROOF.md"
README = ROOT / "README.md"
BEGIN, END = "<!-- proof: written by `make proven` -->", "<!-- end of proof -->"
VERDICTS = ("pass", "cannot tell", "fail", "error", NEVER)


def main(lines: Sequence[Line] = LINES) -> int:
    """Write both pages from `.homeward/proof.json`; 2 if that is not there or not of our making."""
    file = home() / "proof.json"
    if not file.is_file():
        print(f"{file} is not there: `make prove` writes it", file=sys.stderr)
        return 2
    try:
        found = entries(file, lines)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    PAGE.write_text(page(found), "utf-8")
    README.write_text(with_table(README.read_text("utf-8"), sums(found)), "utf-8")
    return 0


def page(found: Mapping[str, Entry]) -> str:
    """Return every line as a page of Markdown."""
    rows = [
        "| line | measures | target | figure (95 %) | verdict | commit | date |",
        "|---|---|---|---|---|---|---|",
    ]
    for entry in found.values():
        cells = [entry[name] or "" for name in ("id", "measures", "target", "shown", "verdict")]
        rows.append(f"| {' | '.join([*cells, short(entry['commit'] or ''), entry['date'] or ''])} |")
    notes = [f"- {entry['id']}: {entry['note']}" for entry in found.values() if entry["note"]]
    head = "# What `make prove` found\n\nWritten by `make proven` from `.homeward/proof.json`.\n"
    return "\n".join([head, *rows, "", *notes]).rstrip() + "\n"


def sums(found: Mapping[str, Entry]) -> str:
    """Return a row for each letter of the lines: how many passed, failed, cannot tell, were not measured.

    Lines that failed are named, since a sum would hide them.
    """
    rows = [
        "| lines | question | pass | cannot tell | fail | not measured |",
        "|---|---|---|---|---|---|",
    ]
    for letter, question in CHAPTERS.items():
        own = [entry for entry in found.values() if entry["id"][0] == letter]
        if not own:
            continue
        count = {verdict: sum(entry["verdict"] == verdict for entry in own) for verdict in VERDICTS}
        failed = [entry["id"] for entry in own if entry["verdict"] in ("fail", "error")]
        said = f"{len(failed)}: {', '.join(failed)}" if failed else "0"
        rows.append(
            f"| {letter} ({len(own)}) | {question} | {count['pass']} | {count['cannot tell']} | {said} "
            f"| {count[NEVER]} |"
        )
    return "\n".join(rows)


def with_table(readme: str, table: str) -> str:
    """Return the README with the table in its place; ValueError if the place is not marked."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"README.md must hold {BEGIN} and {END}")
    return f"{before}{begin}\n{table}\n{end}{after}"


if __name__ == "__main__":
    sys.exit(main())

"""Checking a source's data, mapping a hospital's own files, and printing the contract that an extract keeps."""

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.errors import DataFault, HomewardError, MappedFault

if TYPE_CHECKING:
    from features.tables import Hospital

USAGE_OR_DATA_FAULT = 2
DATES = {
    "comparable": "dates compare across patients",
    "per_patient": "dates are shifted for each patient, and compare only within one",
    "none": "no dates: instants keep the order of a patient's stays and nothing else",
}
app = typer.Typer(
    help="What was known at a moment: check a source's data, or print the contract of an extract.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def check(
    source: Annotated[str, typer.Option(help="extract, diabetes130, mimic4, hes or simulated")],
    path: Annotated[Path | None, typer.Option(help="The folder that holds the source's files.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the findings here too.")] = None,
) -> None:
    """Read a source, and tell what it holds or everything that is wrong with it (exit code 2).

    Where an `extract.toml` maps your own files, --json holds what is wrong too.
    """
    from features import read  # pandas and pyarrow take a second, and `--help` should not

    if json_file and not json_file.parent.is_dir():
        raise DataFault(str(json_file), ["cannot be written: there is no such folder"])
    try:
        found = findings(read(source, path))
    except MappedFault as fault:
        if json_file:
            told = {"source": source, "faults": fault.faults, "warnings": fault.warnings}
            _write(json.dumps(told, indent=2) + "\n", json_file)
        raise
    if json_file:
        _write(json.dumps(found, indent=2) + "\n", json_file)
    typer.echo(_told(found))


@app.command("map")
def first_map(
    path: Annotated[Path, typer.Option(help="The folder that holds your hospital's own files.")],
) -> None:
    """Write a first extract.toml for a folder of your own files, with guesses to look at; never over one."""
    from features.sources.first_mapping import write_first_mapping

    file = write_first_mapping(path)
    typer.echo(f"{file} is written, of guesses: look at each line")
    typer.echo(f"then: python -m features check --source extract --path {shlex.quote(str(path))}")


@app.command()
def contract() -> None:
    """Print the contract of an extract as Markdown, for the analyst who makes one."""
    from features.contract import contract as markdown

    typer.echo(markdown(), nl=False)


def findings(hospital: "Hospital") -> dict[str, Any]:
    """Return counts and the period of a hospital, its event names with their rows, and its notes."""
    stays = hospital.admissions
    counts = hospital.events["name"].value_counts()
    return {
        "source": hospital.source,
        "dates": hospital.dates,
        "admissions": len(stays),
        "patients": int(stays["patient_id"].nunique()),
        "still_in_hospital": int(stays["discharged_at"].isna().sum()),
        "first_admitted_at": stays["admitted_at"].min().isoformat(),
        "last_admitted_at": stays["admitted_at"].max().isoformat(),
        "observed_until": hospital.observed_until.isoformat(),
        "events": {str(name): int(count) for name, count in counts.items() if count},
        "outcomes": [] if hospital.outcomes is None else [str(name) for name in hospital.outcomes.columns[1:]],
        "notes": list(hospital.notes),
    }


def _told(found: dict[str, Any]) -> str:
    events = found["events"]
    width = max(map(len, events), default=0)
    return "\n".join(
        [
            f"{found['source']}: the contract holds",
            f"  {found['admissions']:,} admissions of {found['patients']:,} patients,"
            f" {found['still_in_hospital']:,} still in hospital",
            f"  admitted {found['first_admitted_at']} to {found['last_admitted_at']}",
            f"  {DATES[found['dates']]}",
            *([f"  outcomes of its own: {', '.join(found['outcomes'])}"] if found["outcomes"] else []),
            f"  {sum(events.values()):,} events of {len(events):,} names",
            *(f"    {name:<{width}}  {count:>11,}" for name, count in events.items()),
            *(f"  note: {note}" for note in found["notes"]),
        ]
    )


def _write(text: str, file: Path) -> None:
    """Write a file whole or not at all."""
    unfinished = file.with_name(f".{file.name}.unfinished")
    try:
        unfinished.write_text(text, "utf-8")
        unfinished.replace(file)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise DataFault(str(file), [f"cannot be written: {error.strerror}"]) from error


def main() -> None:
    """Run a command; a fault that a person can mend is told on stderr, with exit code 2."""
    try:
        app()
    except HomewardError as fault:
        typer.echo(str(fault), err=True)
        raise SystemExit(USAGE_OR_DATA_FAULT) from None


if __name__ == "__main__":
    main()

"""The command that watches a release in use, for a person and for a scheduler."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.errors import HomewardError
from training.command import JsonOption, PathOption, SourceOption, hospital_of, release_folder
from training.terminal import errors, stages, writable, write
from training.watch import LATE_DAYS

if TYPE_CHECKING:
    import pandas as pd


def drift(
    source: SourceOption,
    path: PathOption = None,
    release: Annotated[
        str | None, typer.Option(help="name or folder; without it the champion, or the newest of the source")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="watch from this moment, local; without it from where the release ends")
    ] = None,
    weeks: Annotated[int | None, typer.Option(min=1, help="the last so many; without it all")] = None,
    late_days: Annotated[
        int, typer.Option(min=0, help="days in which discharges are recorded; labels wait so long")
    ] = LATE_DAYS,
    shown_file: Annotated[
        Path | None, typer.Option("--shown", help="what `python -m serving shown` wrote: who was looked at")
    ] = None,
    figures: JsonOption = None,
) -> None:
    """Watch a release on newer weeks of an extract: exit code 1 if an alarm stands, 0 if all is quiet.

    Each week stands beside the last year that the release learnt from.  Labels are waited for until they are
    mature; the whole panel alarms falsely in at most 1 week of 20.
    """
    from models.release import about, load
    from training.drift import watched
    from training.home import home
    from training.watch.record import keep
    from training.watch.shown import read_shown
    from training.watch.weeks import weeks_of

    writable(figures)
    shown = read_shown(shown_file) if shown_file else None
    with stages(4) as say:
        folder = _in_use(source, release)
        kept = about(folder)["about"]
        if kept.get("source") != source:
            made = kept.get("source") or "a source that it does not name"
            raise HomewardError(f"release {folder.name} was made from {made}, not from {source}: name another")
        hospital = hospital_of(source, path, say)
        predictor = load(folder)
        predictor.suits(hospital)
        found = watched(
            predictor,
            hospital,
            weeks_of(hospital, *_moments(kept.get("learnt_until"), since), weeks, late_days),
            say,
            shown,
        )
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    write(figures, {"made_at": made_at, **found.as_json()})
    file = keep(home(), {"made_at": made_at, **found.latest()}, found.history())
    for alarm in found.alarms:
        typer.echo(alarm)
    for sentence in (found.feedback or {}).get("said", ()):
        typer.echo(sentence)
    weeks_alarmed = sum(bool(week["alarms"]) for week in found.history().values())
    errors.print(
        f"release {found.release}: {len(found.by_week)} weeks watched, {weeks_alarmed} of them with an alarm; "
        f"{len(found.alarms)} stand now. {file} is what the service shows",
        soft_wrap=True,
    )
    raise typer.Exit(int(bool(found.alarms)))


def _in_use(source: str, release: str | None) -> Path:
    """Return the folder of the release to watch: the one named, else the champion if the source made it."""
    from models.release import about
    from training.home import home
    from training.promotions import names
    from training.registry import CHAMPION, find

    if release is None and CHAMPION in names(home()):
        champion = find(home(), CHAMPION)
        if about(champion)["about"].get("source") == source:
            return champion
    return release_folder(source, release)


def _moments(learnt_until: str | None, since: str | None) -> "tuple[pd.Timestamp, pd.Timestamp | None]":
    import pandas as pd

    try:
        asked = None if since is None else pd.Timestamp(since)
    except ValueError as error:
        raise HomewardError(f"--since must be a moment such as 2026-01-10T08:00, found {since!r}") from error
    if pd.isna(asked) and since is not None:
        raise HomewardError(f"--since must be a moment such as 2026-01-10T08:00, found {since!r}")
    if learnt_until:
        return pd.Timestamp(learnt_until), asked
    if asked is None:
        raise HomewardError(
            "the release does not say until when it learnt: give --since, from when all is new to it"
        )
    return asked, None

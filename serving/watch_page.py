"""The watch for a data scientist: alarms first, then each part in a table, with key measures week by week."""

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from serving.board_words import clock_time
from serving.json_file import Watched
from serving.watch_file import PARTS, Measured, Series, Watch, WatchFault

HEADINGS = {
    "inputs": "Inputs",
    "feeds": "Feeds",
    "predictions": "Predictions",
    "calibration": "Calibration, once labels are mature",
    "coverage": "Ranges, once labels are mature",
    "flow": "Expected and seen discharges",
}
SAID = {"quiet": "quiet", "alarm": "ALARM", "cannot tell": "cannot tell", "not mature": "waits"}
ORDER = ("alarm", "quiet", "not mature", "cannot tell")
WIDTH, HEIGHT = 240, 40  # of a sparkline
NOTHING = "Nothing has been watched yet: run `python -m training drift` on a new extract, each week."


@dataclass(frozen=True)
class Sparkline:
    """One key measure by week: a line of points, broken where a week could not be judged, and its text."""

    words: str
    lines: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class WatchTable:
    """One part of the watch, alarms first; `quiet` sums up in a sentence."""

    heading: str
    summary: str
    rows: tuple[Measured, ...]


@dataclass(frozen=True)
class WatchPage:
    """The context of `watch.html`."""

    fault: str = field(metadata={"help": "Why there is nothing to show, empty where there is"})
    of_when: str = field(metadata={"help": "When it was watched, with what data, beside which weeks"})
    release: str = field(metadata={"help": "Which release was watched, and whether it is the one that answers"})
    alarms: tuple[str, ...] = field(metadata={"help": "What stands now, a sentence each"})
    lines: tuple[Sparkline, ...] = field(metadata={"help": "Key measures by week"})
    tables: tuple[WatchTable, ...] = field(metadata={"help": "Each part with its measures"})
    feedback: tuple[str, ...] = field(
        metadata={"help": "Calibration of who was shown dates, and of others; empty where it is not known"}
    )
    said: dict[str, str] = field(metadata={"help": "The word of each state"})
    size: tuple[int, int] = field(metadata={"help": "Width and height of a sparkline"})


def watch_page(file: Watched[Watch], answering: str, now: datetime, zone: ZoneInfo) -> WatchPage:
    """Return the page of what was watched last; a file that is not there or cannot be read is said in words."""
    try:
        watch = file.now()
    except WatchFault as fault:
        return _empty(f"What was watched cannot be shown: {fault}.")
    return _empty(NOTHING) if watch is None else _page(watch, answering, now, zone)


def _empty(fault: str) -> WatchPage:
    return WatchPage(fault, "", "", (), (), (), (), SAID, (WIDTH, HEIGHT))


def _page(watch: Watch, answering: str, now: datetime, zone: ZoneInfo) -> WatchPage:
    begin, end, weeks = watch.reference
    days = (now - watch.made_at).days
    ago = "today" if days < 1 else "yesterday" if days == 1 else f"{days} days ago"
    same = watch.release == answering
    return WatchPage(
        fault="",
        of_when=f"Watched {ago}, at {clock_time(watch.made_at, zone)}, on {watch.source} data recorded until "
        f"{watch.extract_until}, beside {weeks} weeks from {begin} to {end}.",
        release=f"Release {watch.release}, which answers here."
        if same
        else f"Release {watch.release}. ANOTHER ANSWERS HERE: {answering} has not been watched.",
        alarms=watch.alarms,
        lines=tuple(sparkline(one) for one in watch.series),
        tables=tuple(_table(watch, part) for part in PARTS),
        feedback=watch.feedback,
        said=SAID,
        size=(WIDTH, HEIGHT),
    )


def _table(watch: Watch, part: str) -> WatchTable:
    rows = sorted(
        (one for one in watch.measures if one.part == part),
        key=lambda one: (ORDER.index(one.state), -(one.distance or 0.0)),
    )
    counts = {state: sum(one.state == state for one in rows) for state in ORDER}
    told = ", ".join(f"{count} {SAID[state]}" for state, count in counts.items() if count)
    return WatchTable(
        HEADINGS[part], f"{len(rows)} measures: {told}." if rows else "Not measured.", tuple(rows)
    )


def sparkline(series: Series) -> Sparkline:
    """Return a measure by week as lines of an SVG, with the same in words.

    >>> sparkline(Series("Admissions", "a day", ("2026-01-05", "2026-01-12"), (20.0, 30.0))).lines
    ('2.0,38.0 238.0,2.0',)
    """
    known = [value for value in series.values if value is not None]
    if not known:
        return Sparkline(series.words, (), "no week could be judged yet")
    low, high = min(known), max(known)
    step = (WIDTH - 4) / max(len(series.values) - 1, 1)
    lines: list[list[str]] = [[]]
    for place, value in enumerate(series.values):
        if value is None:
            lines.append([])
        else:
            height = (value - low) / (high - low) if high > low else 0.5
            lines[-1].append(f"{2 + place * step:.1f},{HEIGHT - 2 - height * (HEIGHT - 4):.1f}")
    week, last = next(
        pair
        for pair in zip(reversed(series.weeks), reversed(series.values), strict=True)
        if pair[1] is not None
    )
    text = f"{last:.2f} {series.unit} in the week of {week}; from {low:.2f} to {high:.2f} in {len(known)} weeks"
    return Sparkline(series.words, tuple(" ".join(points) for points in lines if points), text)

"""How suggestion and plan moved from day to day, as a picture: lower is earlier."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from serving.board_words import spoken

WIDE, HIGH, MARGIN = 600, 160, 12


@dataclass(frozen=True)
class Movement:
    """SVG paths of the suggested and of the planned date, and the days of the upper and the lower edge."""

    suggested: str
    planned: str
    latest: str
    earliest: str


def movement(suggested: Sequence[date | None], planned: Sequence[date | None]) -> Movement | None:
    """Return the picture of dates that were shown and planned on one day after another; None for less than two.

    >>> movement([date(2026, 1, 10), date(2026, 1, 12)], [None, date(2026, 1, 10)])
    Movement(suggested='M12 148L588 12', planned='M588 148', latest='Mon 12 Jan', earliest='Sat 10 Jan')
    """
    days = [day for day in (*suggested, *planned) if day is not None]
    if len(suggested) < 2 or not days:
        return None
    first, last = min(days), max(days)
    step = (WIDE - 2 * MARGIN) / (len(suggested) - 1)
    tall = (HIGH - 2 * MARGIN) / max((last - first).days, 1)

    def path(dates: Sequence[date | None]) -> str:
        points = [
            f"{MARGIN + place * step:.0f} {HIGH - MARGIN - (day - first).days * tall:.0f}"
            for place, day in enumerate(dates)
            if day is not None
        ]
        return f"M{'L'.join(points)}" if points else ""

    return Movement(path(suggested), path(planned), spoken(last), spoken(first))

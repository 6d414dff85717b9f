"""A moment as a person types it."""

from datetime import datetime
from zoneinfo import ZoneInfo

from features.hospital import Facts
from serving.settings import SettingFault


def moment(text: str | None, facts: Facts, now: datetime) -> datetime:
    """Return a moment in the hospital's time zone, where it names none; now if there is no text.

    Raises SettingFault for what is no moment, or one that lies ahead.

    >>> from datetime import UTC
    >>> from features.hospital import shipped_facts
    >>> moment("2026-07-06T08:00", shipped_facts(), datetime(2026, 8, 1, tzinfo=UTC)).isoformat()
    '2026-07-06T08:00:00+01:00'
    """
    if text is None:
        return now
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise SettingFault("--at must be a moment such as 2026-01-10T08:00") from None
    at = at if at.tzinfo else at.replace(tzinfo=ZoneInfo(facts.time_zone))
    if at > now:
        raise SettingFault("--at must not lie ahead of the clock: what is still to be recorded is not known")
    return at

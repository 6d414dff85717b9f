"""Watching a release in use: weeks beside a reference, and alarms by thresholds of the weeks' own size."""

LATE_DAYS = 2  # a discharge is recorded within a day or so; a label waits for that too

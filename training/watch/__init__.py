"""Watching a release in use: weeks beside a reference, and alarms by thresholds of the weeks' own size."""

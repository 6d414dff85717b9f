"""What the ward knew about each inpatient at a moment.

The glossary, one word an idea:

admission   one stay in a hospital bed (a hospital provider spell), a row of `admissions`
event       one fact that became known during or after a stay, a row of `events`
moment      an instant at which a prediction is asked for, passed as `at`
inpatient   a person in a bed at a moment, as the ward's system knew it then
snapshot    the inpatients of a moment
feature     one number or code about an inpatient, computed from what was recorded by the moment
hospital    the two tables, the facts of `hospital.toml`, and what kind of dates they hold
"""

from features.sources import read

__all__ = ["read"]

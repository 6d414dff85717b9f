"""What can be wrong with what people give us; each fault is one sentence, and a file's faults come together.

HomewardError
├── DataFault       a table, file or request body does not keep the contract; `.faults` lists all of it
│   └── MappedFault   the same of files that an `extract.toml` maps; `.warnings` lists what is odd
├── CalendarFault   a day lies outside the years of the bank-holiday table
├── UnknownSource   no adapter of that name
└── ReleaseFault    a release is missing, incomplete or was altered

Commands print the sentences and exit with code 2; the service answers 4xx with the same sentences.
"""

from collections.abc import Iterable

MOST_FAULTS_SHOWN = 38  # with the heading and the count of the rest, 40 lines


class HomewardError(Exception):
    """Something a person can mend; its text is one clear sentence or a short list of them."""


class Fault(str):
    """One sentence about a fault; `without_values` is the same sentence with nothing repeated that was given.

    >>> fault = Fault("row 2: age must be 0 to 120", ", found 210")
    >>> print(fault, "|", fault.without_values)
    row 2: age must be 0 to 120, found 210 | row 2: age must be 0 to 120
    """

    without_values: str

    def __new__(cls, must: str, found: str = "") -> "Fault":
        """Join what must hold with what was found."""
        fault = super().__new__(cls, must + found)
        fault.without_values = must
        return fault


class DataFault(HomewardError):
    """A table does not keep the contract; `faults` holds one sentence for each kind of fault.

    >>> print(DataFault("admissions.csv", ["row 2: age must be 0 to 120, found 210"]))
    admissions.csv: row 2: age must be 0 to 120, found 210
    >>> print(DataFault("my extract", ["no file admissions", "no column age"]))
    my extract has 2 faults:
      - no file admissions
      - no column age
    """

    def __init__(self, where: str, faults: Iterable[str]) -> None:
        self.where = where
        self.faults = tuple(faults)
        if len(self.faults) == 1:
            text = f"{where}: {self.faults[0]}"
        else:
            shown = [f"  - {fault}" for fault in self.faults[:MOST_FAULTS_SHOWN]]
            more = len(self.faults) - len(shown)
            shown += [f"  ... and {more} more kinds of fault"] if more else []
            text = "\n".join([f"{where} has {len(self.faults)} faults:", *shown])
        super().__init__(text)

    @property
    def faults_without_values(self) -> tuple[str, ...]:
        """The sentences for a place where no value given may be repeated, such as an answer over HTTP."""
        return tuple(fault.without_values if isinstance(fault, Fault) else fault for fault in self.faults)


class MappedFault(DataFault):
    """A hospital's own files do not become the contract's tables; `warnings` are odd and no fault."""

    def __init__(self, where: str, faults: Iterable[str], warnings: Iterable[str]) -> None:
        super().__init__(where, faults)
        self.warnings = tuple(warnings)

    def __str__(self) -> str:
        """Return the faults, and under them the warnings."""
        told = [super().__str__()]
        if self.warnings:
            told += [f"and beside them {len(self.warnings)} warnings:"]
            told += [f"  - {warning}" for warning in self.warnings]
        return "\n".join(told)


class CalendarFault(HomewardError, ValueError):
    """A day lies outside the years of the bank-holiday table: that is never taken for no holidays."""


class UnknownSource(HomewardError):
    """No source adapter goes by the name given."""


class ReleaseFault(HomewardError):
    """A release cannot be trusted: a file is missing, altered, or answers differently from when it was made."""

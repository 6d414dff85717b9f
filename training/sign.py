"""One thing looked at in search of knowledge of the future: what was found, and on how many people."""

from dataclasses import dataclass

FEWEST = 50  # patients below whom a share says too little


@dataclass(frozen=True)
class Sign:
    """What was looked at, the figure found, the limit beyond which it is suspicious, and what to do then.

    `what` is a column or an event, such as `admissions.age` or `events.news2`; `finding` says in words what
    the figure `evidence` counts; `patients` are those whom it rests on, and with fewer than `least` nothing is
    said.
    A figure is suspicious above its limit, or below it where `below` is True.
    """

    what: str
    finding: str
    evidence: float
    limit: float
    patients: int
    remedy: str
    least: int = FEWEST
    below: bool = False

    @property
    def enough(self) -> bool:
        """Whether there were patients enough to say anything."""
        return self.patients >= self.least

    @property
    def suspicious(self) -> bool:
        """Whether the figure lies beyond its limit, and there were patients enough."""
        return self.enough and (self.evidence < self.limit if self.below else self.evidence > self.limit)

    def line(self) -> str:
        """Return the sign as a sentence with its figures, and what to do.

        >>> print(Sign("events.news2", "the first is the highest, share of stays", 1, 0.97, 900, "look").line())
        events.news2: the first is the highest, share of stays 1 (limit 0.97; 900 patients). To do: look
        """
        figure = f"{self.evidence:.3g} (limit {self.limit:.3g}; {self.patients:,} patients)"
        return f"{self.what}: {self.finding} {figure}. To do: {self.remedy}"

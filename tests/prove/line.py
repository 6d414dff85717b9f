"""One line of proof: what is measured, what it is held to, and what was found."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from inputs import Inputs

from features.sources.simulation.estimate import Estimate, Verdict

INFINITY = float("inf")


@dataclass(frozen=True)
class Found:
    """What a line measured: a figure, its 95 % interval where it has one, and a word on it."""

    figure: Estimate
    note: str = ""


def plain(estimate: Estimate) -> str:
    """Return a figure with its interval in three digits.

    >>> plain(Estimate(0.7291, (0.71, 0.7456))), plain(Estimate(3))
    ('0.729 (0.71 to 0.746)', '3')
    """
    said = f"{estimate.value:.3g}"
    return f"{said} ({estimate.interval[0]:.3g} to {estimate.interval[1]:.3g})" if estimate.interval else said


@dataclass(frozen=True)
class Line:
    """What a line measures and its target, in words and as a range from `low` to `high`, both included.

    `told` says how people read its figures.
    """

    id: str
    measures: str
    target: str
    measure: Callable[[Inputs], Found]
    low: float = -INFINITY
    high: float = INFINITY
    told: Callable[[Estimate], str] = plain

    def verdict(self, found: Found) -> Verdict:
        """Return pass, fail, or cannot tell, by the interval if there is one; see `Estimate.verdict`."""
        return found.figure.verdict(self.low, self.high)


def chosen(lines: Sequence[Line], words: Iterable[str]) -> list[Line]:
    """Return the lines that any of the words names: an id, or what ids begin with; without words all lines.

    G is every line G, T1 is T1 and T1a but not T10.  Raises ValueError for a word that names nothing.
    """
    wanted = list(words)
    for word in wanted:
        if not any(names(word, line.id) for line in lines):
            raise ValueError(f"no line is called {word}; there are {', '.join(line.id for line in lines)}")
    return [line for line in lines if not wanted or any(names(word, line.id) for word in wanted)]


def names(word: str, line: str) -> bool:
    """Tell whether a word names a line.

    >>> [names("T1", line) for line in ("T1", "T1a", "T10")], names("T", "T10"), names("t1", "T1")
    ([True, True, False], True, True)
    """
    return re.match(rf"{re.escape(word)}(?!(?<=\d)\d)", line, re.IGNORECASE) is not None

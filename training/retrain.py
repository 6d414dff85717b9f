"""When a night should fit the release again: rules with their limits, and each reason in words."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

FITTING_HELPS = ("calibration", "coverage", "flow")  # parts of the watch; a broken feed is mended at its source


@dataclass(frozen=True)
class RetrainRules:
    """The limits of the rules, each with its default and a sentence; `--rules FILE` takes those that differ."""

    oldest_days: int = 91
    """Days since what the champion learnt until, from which it is fitted again."""

    alarmed_days: int = 14
    """Days for which an alarm of calibration, coverage or flow has stood, from which it is."""

    least_new_share: float = 0.02
    """Fewest new admissions, as a share of those that the champion learnt from, that are worth a fit."""

    again_days: int = 28
    """Days in which no second challenger is fitted: the first one waits for the gate."""

    def as_json(self) -> dict[str, Any]:
        """Return every limit by name."""
        return asdict(self)


@dataclass(frozen=True)
class Learnt:
    """What a release learnt from: how many admissions, and until when."""

    admissions: int
    until: pd.Timestamp


@dataclass(frozen=True)
class Decision:
    """Whether to fit again: `because` are the reasons for it, `but` what stands against it."""

    because: tuple[str, ...]
    but: tuple[str, ...]

    @property
    def fit(self) -> bool:
        """Whether there is a reason and nothing against it."""
        return bool(self.because) and not self.but


def decided(
    champion: Learnt,
    challenger: Learnt | None,
    admissions: pd.DataFrame,
    until: pd.Timestamp,
    standing: Sequence[Mapping[str, Any]],
    rules: RetrainRules,
) -> Decision:
    """Return whether to fit again on an extract that ends at `until`, given the alarms that stand now.

    `standing` are the watch's measures in alarm, each with its `part`, its `words` and `since` (a Monday).
    A challenger that learnt until lately is not followed by another: it would never grow old enough to judge.
    """
    because, but = [], []
    age = (until - champion.until).days
    if age >= rules.oldest_days:
        because.append(f"the champion learnt until {champion.until:%-d %B %Y}, {age} days before the data end")
    today = until.tz_localize(None)
    for one in standing:
        stood = (today - pd.Timestamp(one["since"])).days
        if one["part"] in FITTING_HELPS and stood >= rules.alarmed_days:
            because.append(f"{one['words']} has been in alarm for {stood} days")
    new = int((admissions["admission_recorded_at"] > champion.until).sum())
    if new < rules.least_new_share * champion.admissions:
        but.append(f"only {new:,} admissions are new beside the {champion.admissions:,} that it learnt from")
    if challenger is not None and (until - challenger.until).days < rules.again_days:
        but.append(f"a challenger that learnt until {challenger.until:%-d %B %Y} waits for the gate")
    return Decision(tuple(because), tuple(but))

"""What a challenger did while it answered unseen: the report that `python -m training promote` asks for."""

from collections.abc import Mapping, Sequence
from datetime import date
from statistics import fmean
from typing import TYPE_CHECKING, Any

from features.errors import HomewardError

if TYPE_CHECKING:
    from serving.settings import Settings
    from serving.store.store import Store

Answer = Mapping[str, Any]


def report(store: "Store", release_digest: str) -> dict[str, Any]:
    """Return how long a challenger answered, how often it could not, and how far it is from what was answered.

    `days` are those on which it answered anything (UTC), so that a week of which the process stood still for
    five days counts two.  `agreement` is over questions that both answered; a share without any is None.
    Nothing of a patient is in it.  Raises HomewardError if the challenger has answered nothing yet.
    """
    from serving.store import log, shadows

    with store.reading() as connection:
        unseen = shadows.answers(connection, release_digest)
        answered = log.answers(connection, [one.prediction for one in unseen])
    if not unseen:
        raise HomewardError(
            "the challenger has answered nothing yet: a service must run with HOMEWARD_CHALLENGER, and be asked"
        )
    fine = [one for one in unseen if "fault" not in one.answer]
    pairs = [(answered[one.prediction], one.answer) for one in fine if one.prediction in answered]
    made = [one.made_at for one in unseen]
    return {
        "release_digest": release_digest,
        "first_at": min(made).isoformat(),
        "last_at": max(made).isoformat(),
        "days": len({at.date() for at in made}),
        "questions": len(unseen),
        "faults": len(unseen) - len(fine),
        "agreement": agreement(pairs),
    }


def agreement(pairs: Sequence[tuple[Answer, Answer]]) -> dict[str, Any]:
    """Return the mean change of the risk, and the share of likely days that moved by more than one."""
    risks = [_risk(each) for each in pairs if all(one.get("readmission") for one in each)]
    days = [_days(each) for each in pairs if all(one.get("discharge") for one in each)]
    return {
        "risks": len(risks),
        "mean_change_of_risk": round(fmean(risks), 4) if risks else None,
        "dates": len(days),
        "moved_over_a_day": round(fmean(apart > 1 for apart in days), 4) if days else None,
    }


def challenger_digest(settings: "Settings") -> str:
    """Return the digest of the release that HOMEWARD_CHALLENGER names."""
    from models.sealed import sealed
    from serving.candidate import Named

    if not settings.challenger:
        raise HomewardError("HOMEWARD_CHALLENGER must name the challenger, as it does where the service runs")
    return sealed(Named(settings.challenger, settings.model_store).folder()).digest


def _risk(pair: tuple[Answer, Answer]) -> float:
    one, other = (float(each["readmission"]["risk"]) for each in pair)
    return abs(one - other)


def _days(pair: tuple[Answer, Answer]) -> int:
    one, other = (date.fromisoformat(each["discharge"]["likely"]) for each in pair)
    return abs((one - other).days)

"""What stands of a stay: where it is, what it waits for, and which date a person has set, with who said so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from features.columns import CANCELLED
from serving.store.told import Told

PLANNED, BEGAN, ENDED, OWNER = "planned_discharge_on", "delay_began", "delay_ended", "delay_attributed"
REASON_TO_STAY, PATHWAY = "criteria_to_reside", "pathway"
ON_A_BOARD = ("bed", PLANNED, BEGAN, ENDED, OWNER, PATHWAY)
TOLD = (*ON_A_BOARD, REASON_TO_STAY)  # of which a ward tells every day
DELAYS = (BEGAN, ENDED, OWNER)


@dataclass(frozen=True)
class Plan:
    """A planned date that a person set: when and who, and the number of the reason if they gave one."""

    on: date
    why: int | None
    told: Told


@dataclass(frozen=True)
class Delay:
    """A wait that was recorded; `owner` is whose the next step is, `ended` is None while it lasts."""

    code: str
    owner: str
    told: Told
    ended: Told | None


@dataclass(frozen=True)
class Standing:
    """What stands of one stay; plans and delays are in the order in which they were made."""

    plans: tuple[Plan, ...] = ()
    delays: tuple[Delay, ...] = ()
    bed: str = ""
    pathway: str = ""
    fit_since: datetime | None = None
    seen: int = 0

    @property
    def plan(self) -> Plan | None:
        """The planned date that holds."""
        return self.plans[-1] if self.plans else None

    @property
    def delay(self) -> Delay | None:
        """What the person waits for now."""
        return self.delays[-1] if self.delays and self.delays[-1].ended is None else None


def standing_of(told: Sequence[Told]) -> Standing:
    """Return what stands after some events of one stay.

    What happened last holds; of one instant what was recorded last; what was cancelled is taken away.
    `seen` is the number of the newest event about plans or delays, cancelled ones too.
    """
    own = {name: _left([each for each in told if each.name == name]) for name in TOLD}
    return Standing(
        plans=tuple(_plan(each) for each in own[PLANNED] if each.text),
        delays=_delays(own[BEGAN], own[ENDED], own[OWNER]),
        bed=_last_text(own["bed"]),
        pathway=_last_text(own[PATHWAY]),
        fit_since=_fit_since(own[REASON_TO_STAY]),
        seen=max((each.number for each in told if each.name in (PLANNED, *DELAYS)), default=0),
    )


def _left(told: Sequence[Told]) -> list[Told]:
    """Return what is left of the events of one name, in the order in which they happened."""
    left: dict[datetime, Told] = {}
    for each in sorted(told, key=lambda one: (one.recorded_at, one.number)):
        if each.text == CANCELLED:
            left.pop(each.happened_at, None)
        else:
            left[each.happened_at] = each
    return [left[at] for at in sorted(left)]


def _plan(told: Told) -> Plan:
    return Plan(date.fromisoformat(str(told.text)), None if told.value is None else int(told.value), told)


def _delays(began: Sequence[Told], ended: Sequence[Told], owners: Sequence[Told]) -> tuple[Delay, ...]:
    """Return delays; one that begins while another lasts ends that."""
    found = []
    for place, each in enumerate(began):
        following = began[place + 1] if place + 1 < len(began) else None
        stop = following.happened_at if following else datetime.max.replace(tzinfo=each.happened_at.tzinfo)
        end = next((one for one in ended if each.happened_at <= one.happened_at <= stop), following)
        owner = [one.text for one in owners if each.happened_at <= one.happened_at < stop]
        found.append(Delay(each.text or "", (owner[-1] if owner else None) or "", each, end))
    return tuple(found)


def _last_text(told: Sequence[Told]) -> str:
    return (told[-1].text or "") if told else ""


def _fit_since(told: Sequence[Told]) -> datetime | None:
    """Return since when there is no reason to stay in hospital, None while there is one or nobody said."""
    since = None
    for each in told:
        if each.value != 0:
            since = None
        elif since is None:
            since = each.happened_at
    return since

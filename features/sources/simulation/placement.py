"""Which bed each stay is in: one on its own ward, a wait for it, one on another ward, and the way back.

Wards fill.  Places are given out in the order of time, by who is where at that minute, what a patient is
known to need, days so far and chance; nothing looks at when a stay will end or at what is hidden.  But for
the day of arrival people move from 08:05 to 08:25 only: after the board, before anybody is discharged.
"""

from collections import defaultdict, deque
from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np

from features.sources.simulation.arrival import ELECTIVE
from features.sources.simulation.bed import (
    BedPlan,
    home_of,
    may_become_elderly,
    medical_emergencies,
    own_role,
    roles,
    sites_of,
    ward_numbers,
)
from features.sources.simulation.clock import MINUTES_A_DAY
from features.sources.simulation.lives import Lives
from features.sources.simulation.numbers import Array, Rows, lognormal

MOVES_BEGIN = 8 * 60 + 5  # minute of the day
HALF_OF_MOVES = 10  # minutes: first those in wards, then those in none, for whom beds were made free
BED_IS_READY, MORNING, MOVE, WAIT_IS_OVER = range(4)
NEVER = 10**9


def placed(lives: Lives, plan: BedPlan, until: int, rng: np.random.Generator) -> Rows:
    """Return every place that a stay was given until a minute, in the order of time.

    Columns: `stay`; `at`, a minute; `ward`, a position in `plan.names()`; `bed`, from 0; `role`, of the wards
    that the patient needs, a position in `roles()`; `changed`, whether another role was needed on arrival.  A
    stay whose need changes while its bed does not has a row with the same bed.  A stay holds its last place
    until it ends.
    """
    stays, site = lives.stays, sites_of(lives)
    of_needs, *of_sites = rng.spawn(1 + int(site.max(initial=-1)) + 1)
    needs = _needs_of(stays, of_needs)
    logs = [
        _Site(_Beds(plan, number), needs, stream).placed(_comings_and_goings(stays, site == number), until)
        for number, stream in enumerate(of_sites)
    ]
    log = np.concatenate([np.zeros((0, 6), dtype=np.int64), *logs])
    log = log[np.lexsort([log[:, 0], log[:, 1]])]
    columns = dict(zip(("stay", "at", "ward", "bed", "role", "changed"), log.T, strict=True))
    return {**columns, "changed": columns["changed"].astype(bool)}


@dataclass(frozen=True)
class _Needs:
    """The role that each stay needs on arrival and from later days on, and how long it may wait for a bed."""

    arrives: list[int]  # day
    waits: list[int]  # minutes; 0 for who comes by appointment
    first: list[str]
    own: list[str]
    own_from: list[int]  # day
    elderly_from: list[int]  # day


def _needs_of(stays: Rows, rng: np.random.Generator) -> _Needs:
    table, count, own = ward_numbers()["moves"], len(stays["stay"]), own_role(stays)
    arrives = stays["admitted"] // MINUTES_A_DAY
    acute = medical_emergencies(stays) & (own != "acute") & (rng.random(count) < table["through_acute_ward"])
    own_from = arrives + rng.geometric(table["moves_on_a_morning"], count)
    elderly_from = arrives + table["elderly_from_day"] - 1 + rng.geometric(table["elderly_a_morning"], count)
    waits = np.ceil(lognormal(table["hours_in_ed"], count, rng) * 60)
    return _Needs(
        arrives=arrives.tolist(),
        waits=np.where(stays["kind"] == ELECTIVE, 0, waits).astype(np.int64).tolist(),
        first=np.where(acute, "acute", own).tolist(),
        own=own.tolist(),
        own_from=np.where(acute, own_from, NEVER).tolist(),
        elderly_from=np.where(may_become_elderly(stays), elderly_from, NEVER).tolist(),
    )


def _comings_and_goings(stays: Rows, here: Array) -> list[tuple[int, bool, int]]:
    """Return minute, whether somebody comes, and stay, in the order of time; who leaves goes first."""
    comes = stays["admitted"] + 1
    leaves = np.where(stays["ended"] >= 0, stays["ended"], NEVER)
    stay = np.flatnonzero(here & (leaves > comes)).tolist()
    coming, going = comes[stay].tolist(), leaves[stay].tolist()
    rows = list(zip(coming, [True] * len(stay), stay, strict=True))
    return sorted(rows + list(zip(going, [False] * len(stay), stay, strict=True)))


class _Beds:
    """The beds of a site: which are free.  Two areas, which are no wards, have as many as are needed."""

    def __init__(self, plan: BedPlan, site: int) -> None:
        here = {position: ward for position, ward in enumerate(plan.wards) if ward.site == site}
        having = tuple(dict.fromkeys(ward.role for ward in here.values()))
        self.department, self.escalation = plan.areas(site)
        self.role = {position: ward.role for position, ward in here.items()}
        self.wards = {role: [ward for ward in here if self.role[ward] == role] for role in having}
        self.home = {role: home_of(role, having) for role in roles()} if here else {}
        near = ward_numbers()["near"]
        self.near = {role: [other for other in near[role] if other in having] for role in roles()}
        self.free = {position: list(range(ward.beds)) for position, ward in here.items()}
        self.free |= {self.department: [], self.escalation: []}
        self.put_up = {self.department: 0, self.escalation: 0}

    def own(self, need: str) -> int | None:
        """Return the ward of the role needed that has most free beds, or None if all are full."""
        return self._with_room(self.home[need])

    def any(self, need: str, own: str) -> int:
        """Return a ward with a free bed: of the role needed, of the illness's, the nearest, or escalation."""
        for role in (self.home[need], self.home[own], *self.near[need]):
            ward = self._with_room(role)
            if ward is not None:
                return ward
        return self.escalation

    def left(self, role: str) -> int:
        """Return how many beds are free on all wards of a role."""
        return sum(len(self.free[ward]) for ward in self.wards[role])

    def take(self, ward: int) -> int:
        """Return the lowest-numbered free bed of a ward, which is then no longer free."""
        if self.free[ward]:
            return heappop(self.free[ward])
        self.put_up[ward] += 1  # areas only: nobody is sent to a full ward
        return self.put_up[ward] - 1

    def _with_room(self, role: str) -> int | None:
        chosen, most = None, 0
        for ward in self.wards[role]:
            if len(self.free[ward]) > most:
                chosen, most = ward, len(self.free[ward])
        return chosen


class _Site:
    """A site as its bed managers see it: who is where, what each needs, and what is to be done next."""

    def __init__(self, beds: _Beds, needs: _Needs, rng: np.random.Generator) -> None:
        self.beds, self.needs, self.rng, self.table = beds, needs, rng, ward_numbers()["moves"]
        self.number = {role: number for number, role in enumerate(roles())}
        self.need: dict[int, str] = {}
        self.place: dict[int, tuple[int, int]] = {}  # ward and bed
        self.elsewhere: dict[int, None] = {}  # who is not on a ward of the role needed, longest first
        self.queue: dict[str, deque[int]] = defaultdict(deque)
        self.changes: dict[int, list[tuple[int, str]]] = defaultdict(list)  # of need, by day
        self.agenda: list[tuple[int, int, int, int]] = []  # a heap: minute, what, and what it is about
        self.does = (self._bed_is_ready, self._morning, self._move, self._wait_is_over)
        self.log: list[tuple[int, int, int, int, int, bool]] = []

    def placed(self, stream: list[tuple[int, bool, int]], until: int) -> Array:
        """Return the log of places, one row of numbers each."""
        if stream:
            opens = stream[0][0] // MINUTES_A_DAY * MINUTES_A_DAY
            self.agenda = [(opens + MOVES_BEGIN, MORNING, 0, 0)]
        for at, comes, stay in stream:
            if at > until:
                break
            self._go_on_to(at if comes else at - 1)
            (self._come if comes else self._leave)(at, stay)
        self._go_on_to(until)
        return np.array(self.log, dtype=np.int64).reshape(-1, 6)

    def _go_on_to(self, minute: int) -> None:
        while self.agenda and self.agenda[0][0] <= minute:
            at, what, one, other = heappop(self.agenda)
            self.does[what](at, one, other)

    def _come(self, at: int, stay: int) -> None:
        needs, need = self.needs, self.needs.first[stay]
        self.need[stay] = need
        self.changes[needs.own_from[stay]].append((stay, needs.own[stay]))
        self.changes[needs.elderly_from[stay]].append((stay, "elderly"))
        if needs.waits[stay] and self.beds.own(need) is None:
            self._put(at, stay, self.beds.department)
            self.queue[self.beds.home[need]].append(stay)
            heappush(self.agenda, (at + needs.waits[stay], WAIT_IS_OVER, stay, 0))
        else:
            self._put(at, stay, self.beds.any(need, needs.own[stay]))

    def _leave(self, at: int, stay: int) -> None:
        self._make_ready(at, stay)
        self.elsewhere.pop(stay, None)
        del self.place[stay], self.need[stay]

    def _bed_is_ready(self, at: int, ward: int, bed: int) -> None:
        """Give a bed back, and then to whoever came today and has waited longest for one of its role."""
        heappush(self.beds.free[ward], bed)
        queue = self.queue[self.beds.role.get(ward, "")]
        while queue:
            stay = queue.popleft()
            if self._waits_since_today(at, stay):
                self._put(at, stay, ward)
                break

    def _wait_is_over(self, at: int, stay: int, _: int) -> None:
        if self._waits_since_today(at, stay):
            self._put(at, stay, self.beds.any(self.need[stay], self.needs.own[stay]))

    def _waits_since_today(self, at: int, stay: int) -> bool:
        waits = stay in self.place and self.place[stay][0] == self.beds.department
        return waits and self.needs.arrives[stay] == at // MINUTES_A_DAY

    def _morning(self, at: int, _: int, __: int) -> None:
        """Choose who is to move this morning, of those who came on an earlier day."""
        heappush(self.agenda, (at + MINUTES_A_DAY, MORNING, 0, 0))
        day = at // MINUTES_A_DAY
        chosen = self._whose_need_changes(day)
        again = self.rng.random(len(self.elsewhere)) < self.table["looked_at_again"]
        chosen |= {stay for stay, is_seen in zip(self.elsewhere, again.tolist(), strict=True) if is_seen}
        earlier = [stay for stay in self.elsewhere if self.needs.arrives[stay] < day]
        in_wards = [stay for stay in earlier if self.place[stay][0] in self.beds.role and stay in chosen]
        in_none = [stay for stay in earlier if self.place[stay][0] not in self.beds.role]
        for begins, movers in ((at, in_wards), (at + HALF_OF_MOVES, in_none)):
            for number, stay in enumerate(movers):
                heappush(self.agenda, (begins + number * HALF_OF_MOVES // len(movers), MOVE, stay, 0))

    def _whose_need_changes(self, day: int) -> set[int]:
        """Change what is needed from today on, and return by whom; who came under elderly care stays there."""
        here = [(stay, need) for stay, need in self.changes.pop(day, ()) if stay in self.place]
        changed = {stay: need for stay, need in here if self.need[stay] != "elderly"}
        self.need |= changed
        self.elsewhere |= dict.fromkeys(changed)
        return set(changed)

    def _move(self, at: int, stay: int, _: int) -> None:
        """Move who is still here to a ward of the role needed, or to another from where nobody can stay."""
        if stay not in self.place:
            return
        beds, need, (now, _bed) = self.beds, self.need[stay], self.place[stay]
        role, own = beds.role.get(now), beds.own(need)
        if role == beds.home[need]:
            self._settle(at, stay)
        elif own is not None:
            self._put(at, stay, own)
        elif role is None or self._must_leave(role):
            other = beds.any(need, self.needs.own[stay])
            no_better = {now} if role is None else {*beds.wards[role], beds.escalation}
            if other not in no_better:
                self._put(at, stay, other)

    def _must_leave(self, role: str) -> bool:
        acute = self.beds.home["acute"]
        return role == acute and self.beds.left(role) < self.table["acute_beds_kept_free"]

    def _put(self, at: int, stay: int, ward: int) -> None:
        if stay in self.place:
            self._make_ready(at, stay)
        self.place[stay] = (ward, self.beds.take(ward))
        self._settle(at, stay)

    def _make_ready(self, at: int, stay: int) -> None:
        heappush(self.agenda, (at + self.table["turnaround_minutes"], BED_IS_READY, *self.place[stay]))

    def _settle(self, at: int, stay: int) -> None:
        """Write a place down, and note whether it is on a ward of the role needed."""
        (ward, bed), need, home = self.place[stay], self.need[stay], self.beds.home
        changed = need != self.needs.first[stay]
        at_home = {home[need]} if changed else {home[need], home[self.needs.own[stay]]}
        if self.beds.role.get(ward) in at_home:
            self.elsewhere.pop(stay, None)
        else:
            self.elsewhere.setdefault(stay)
        self.log.append((stay, at, ward, bed, self.number[need], changed))

"""How much may be asked at once and in a minute, by one caller and by all together."""

import threading
from collections import Counter

MOST_REQUESTS_AT_ONCE = 256  # inside the gate, bodies on their way included; above the sum of all workers
BURST = 0.1  # of a minute's quota may come at once
MOST_BUCKETS = 10_000  # each session of a person is a caller


class Quota:
    """Requests a minute for each caller: a bucket that fills steadily and holds a tenth of a minute's.

    >>> quota = Quota(per_minute=20)
    >>> [quota.wait("a", at) for at in (0.0, 0.0, 0.0, 3.0)]
    [0.0, 0.0, 3.0, 0.0]
    """

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._per_second = per_minute / 60
        self._most = max(1.0, BURST * per_minute)
        self._buckets: dict[str, tuple[float, float]] = {}  # what is left, and when that was

    def wait(self, caller: str, at: float) -> float:
        """Take one request from a caller's bucket and return 0, or the seconds until there is one to take.

        `at` counts seconds on a clock that never goes back.
        """
        left = self._left(caller, at)
        if left < 1:
            return (1 - left) / self._per_second
        if caller not in self._buckets and len(self._buckets) >= MOST_BUCKETS:
            self._forget_the_full(at)
        self._buckets[caller] = (left - 1, at)
        return 0.0

    def _left(self, caller: str, at: float) -> float:
        left, then = self._buckets.get(caller, (self._most, at))
        return min(self._most, left + (at - then) * self._per_second)

    def _forget_the_full(self, at: float) -> None:
        """Forget callers who could not be told from new ones."""
        self._buckets = {
            caller: kept for caller, kept in self._buckets.items() if self._left(caller, at) < self._most
        }


class Places:
    """So many places at once, of which one caller may hold so many; the rest is for the others."""

    def __init__(self, total: int, each: int) -> None:
        self._total, self._each = total, each
        self._held: Counter[str] = Counter()
        self._lock = threading.Lock()  # work ends in threads of its own

    @property
    def held(self) -> int:
        """How many places are taken."""
        with self._lock:
            return self._held.total()

    def take(self, caller: str | None) -> bool:
        """Take a place, if there is one; a caller who is None counts among all but not alone."""
        with self._lock:
            full = self._held.total() >= self._total
            if full or (caller is not None and self._held[caller] >= self._each):
                return False
            self._held[caller or ""] += 1
            return True

    def leave(self, caller: str | None) -> None:
        """Give a place back."""
        with self._lock:
            self._held[caller or ""] -= 1
            if not self._held[caller or ""]:
                del self._held[caller or ""]


class Limits:
    """What the gate holds every caller to."""

    def __init__(self, per_minute: int, at_once: int = MOST_REQUESTS_AT_ONCE) -> None:
        self.quota = Quota(per_minute)
        self.places = Places(at_once, max(1, at_once // 2))

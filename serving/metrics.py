"""Counts and times of requests by route template, for Prometheus; a path can hold an identifier."""

import os
from collections.abc import Iterator, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Histogram, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from serving.watch_file import PARTS, Watch

LABELS = ("method", "route", "status")
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
INSTANTS = {
    "newest_fact": "When the newest fact of the census was recorded",
    "newest_round": "When wards were predicted last",
}
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")


class Metrics:
    """The counters of all worker processes.

    BentoML names a folder for them in PROMETHEUS_MULTIPROC_DIR, and empties it at the start; prometheus_client
    keeps each process's counters there, those of a dead one too.  Without a folder they are this process's.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter("homeward_requests", "Requests answered", LABELS, registry=self._registry)
        self._seconds = Histogram(
            "homeward_request_seconds", "Time to the answer", LABELS, registry=self._registry, buckets=SECONDS
        )
        self._refused = Counter(
            "homeward_release_refused", "Named releases refused, by each worker", registry=self._registry
        )
        self._release = _ReleaseState()

    def release_judged(self, answers: str, digest: str, refused: bool) -> None:
        """Note which release answers from now on, and whether the one that is named was refused."""
        self._release.answers = (answers, digest)
        self._release.named = not refused
        if refused:
            self._refused.inc()

    def seen(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        labels = (method if method in METHODS else "other", route, str(status))
        self._requests.labels(*labels).inc()
        self._seconds.labels(*labels).observe(seconds)

    def text(
        self, instants: Mapping[str, datetime | None], watch: Watch | None = None, now: datetime | None = None
    ) -> bytes:
        """Return all counters in Prometheus' text format, which release answers here, and instants by name.

        What was watched last is among them where there is a `watch`, with its age at `now`.
        """
        counters = self._registry
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            counters = CollectorRegistry()
            MultiProcessCollector(counters)  # type: ignore[no-untyped-call]
        states = CollectorRegistry()
        states.register(self._release)
        states.register(_Instants(instants))
        if watch is not None and now is not None:
            states.register(_Watching(watch, now))
        return generate_latest(counters) + generate_latest(states)


class _Instants(Collector):
    """When something happened last, since the alarm that matters is how long ago that is."""

    def __init__(self, instants: Mapping[str, datetime | None]) -> None:
        self._instants = instants

    def collect(self) -> Iterator[Metric]:
        """Give those that there are."""
        for name, instant in self._instants.items():
            if instant is not None:
                words = INSTANTS[name]
                yield GaugeMetricFamily(f"homeward_{name}_timestamp_seconds", words, value=instant.timestamp())


class _Watching(Collector):
    """What the newest watch found; its labels are the parts that there are, whatever the hospital records."""

    def __init__(self, watch: Watch, now: datetime) -> None:
        self._watch, self._now = watch, now

    def collect(self) -> Iterator[Metric]:
        """Give alarms, each part's largest statistic in thresholds, and how old all this is."""
        alarms = float(len(self._watch.alarms))
        yield GaugeMetricFamily("homeward_watch_alarms", "Alarms that stand", value=alarms)
        told = "The largest statistic of a part in thresholds: above 1 is an alarm"
        statistic = GaugeMetricFamily("homeward_watch_statistic", told, labels=("measure",))
        for part in PARTS:
            if (most := self._watch.most(part)) is not None:
                statistic.add_metric((part,), most)
        yield statistic
        age = (self._now - self._watch.made_at).total_seconds()
        yield GaugeMetricFamily("homeward_watch_age_seconds", "Since the last watch", value=age)


class _ReleaseState(Collector):
    """Which release answers; a gauge of the library's cannot forget a label under several processes."""

    answers: tuple[str, str] | None = None  # name and digest
    named = True

    def collect(self) -> Iterator[Metric]:
        """Give what holds now."""
        release = GaugeMetricFamily(
            "homeward_release_info", "The release that answers", labels=("release", "digest")
        )
        if self.answers:
            release.add_metric(self.answers, 1)
        yield release
        told = "1 if the release that HOMEWARD_RELEASE names answers, 0 if it was refused and another does"
        yield GaugeMetricFamily("homeward_release_is_the_named_one", told, value=float(self.named))

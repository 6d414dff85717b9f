"""Counts and times of requests by route template, for Prometheus; a path can hold an identifier."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

LABELS = ("method", "route", "status")
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")


class Metrics:
    """The counters of one worker process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter("homeward_requests", "Requests answered", LABELS, registry=self._registry)
        self._seconds = Histogram(
            "homeward_request_seconds", "Time to the answer", LABELS, registry=self._registry, buckets=SECONDS
        )
        self._release = Gauge(
            "homeward_release_info", "The release that answers", ("release", "digest"), registry=self._registry
        )
        self._is_named = Gauge(
            "homeward_release_is_the_named_one",
            "1 if the release that HOMEWARD_RELEASE names answers, 0 if it was refused and an earlier one does",
            registry=self._registry,
        )
        self._refused = Counter(
            "homeward_release_refused", "Named releases that were not good", registry=self._registry
        )

    def release_judged(self, answers: str, digest: str, refused: bool) -> None:
        """Note which release answers from now on, and whether the one that is named was refused."""
        self._release.clear()
        self._release.labels(answers, digest).set(1)
        self._is_named.set(not refused)
        self._refused.inc(refused)

    def seen(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        labels = (method if method in METHODS else "other", route, str(status))
        self._requests.labels(*labels).inc()
        self._seconds.labels(*labels).observe(seconds)

    def text(self) -> bytes:
        """Return the counters in Prometheus' text format."""
        return generate_latest(self._registry)

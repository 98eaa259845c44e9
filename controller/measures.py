"""What is counted as it happens, for Prometheus: decisions, how long a tap took, how long a commit. Nobody's name or number.

The loop's own thread calls, and pays some microseconds a tap after the lock has moved; without `[metrics]` there is none of it.
"""

from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Histogram

from controller.record.kinds.entry import EntryGranted, EntryRefused
from controller.record.kinds.request import RequestAccepted, RequestRefused
from controller.record.kinds.site import InputsDropped
from controller.turn import Committed

PREFIX = "sekimori"
_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class Measures:
    """The counters of one running controller: `reached` and `told` are called by its loop."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._decisions = Counter(
            f"{PREFIX}_decisions", "Taps decided; the code of what was missing, or none.", ["result", "code"],
            registry=self.registry,
        )  # fmt: skip
        self._requests = Counter(
            f"{PREFIX}_requests", "Requests answered; the code of what was missing, or none.", ["result", "code"],
            registry=self.registry,
        )  # fmt: skip
        self._dropped = Counter(
            f"{PREFIX}_inputs_dropped", "Inputs that found the inbox full.", ["sort"], registry=self.registry
        )
        self._records = Counter(f"{PREFIX}_records", "Records committed since the start.", registry=self.registry)
        self._tap_s = Histogram(
            f"{PREFIX}_tap_seconds", "From a tap taken out of the inbox until its lock moved.", buckets=_BUCKETS,
            registry=self.registry,
        )  # fmt: skip
        self._commit_s = Histogram(
            f"{PREFIX}_commit_seconds", "Making one turn durable.", buckets=_BUCKETS, registry=self.registry
        )
        self._marks: dict[str, float] = {}

    def reached(self, step: str) -> None:
        """A step of a turn."""
        if step != "appended":
            self._marks[step] = perf_counter()
        if step == "committed":
            self._commit_s.observe(self._marks[step] - self._marks["decided"])

    def told(self, done: Committed) -> None:
        """A turn is durable, and what it opened is open."""
        self._records.inc(len(done.appended))
        for appended in done.appended:
            match appended.record.body:
                case EntryGranted():
                    self._tap("granted", "")
                case EntryRefused(code=code):
                    self._tap("refused", code)
                case RequestAccepted():
                    self._requests.labels("accepted", "").inc()
                case RequestRefused(code=code):
                    self._requests.labels("refused", code).inc()
                case InputsDropped(sort=sort, count=count):
                    self._dropped.labels(sort).inc(count)

    def _tap(self, result: str, code: str) -> None:
        self._decisions.labels(result, code).inc()
        if self._marks.get("performed", 0.0) >= self._marks.get("taken", 0.0) > 0.0:
            self._tap_s.observe(self._marks["performed"] - self._marks["taken"])

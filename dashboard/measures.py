"""What is counted as it happens, for Prometheus. Any thread may call; without a listener nobody asks for the numbers."""

from prometheus_client import CollectorRegistry, Counter, Histogram

PREFIX = "sekimori_dashboard"
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Measures:
    """The counters of one running dashboard."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._batch_s = Histogram(
            f"{PREFIX}_intake_batch_seconds", "Storing one batch of messages.", buckets=_BUCKETS, registry=self.registry
        )
        self._messages = Counter(f"{PREFIX}_intake_messages", "Messages stored.", registry=self.registry)
        self._answers = Counter(f"{PREFIX}_http_answers", "Answers by status.", ["status"], registry=self.registry)
        self._told = Counter(f"{PREFIX}_messages", "Messages to people, taken or not.", ["taken"], registry=self.registry)

    def told(self, taken: bool) -> None:
        """A message was handed to somebody's service, and taken or not."""
        self._told.labels("yes" if taken else "no").inc()

    def stored(self, messages: int, took_s: float) -> None:
        """A batch of messages was stored."""
        self._batch_s.observe(took_s)
        self._messages.inc(messages)

    def answered(self, status: int) -> None:
        """A request was answered."""
        self._answers.labels(str(status)).inc()

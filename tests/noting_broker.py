"""A broker for tests that notes what it is given, and acknowledges nothing by itself."""


class NotingBroker:
    """Takes what is published."""

    def __init__(self) -> None:
        self.published: list[tuple[str, bytes, bool]] = []

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> int:
        """Notes it."""
        self.published.append((topic, payload, retain))
        return len(self.published)

    def topics(self) -> list[str]:
        """The topics in order."""
        return [topic for topic, _, _ in self.published]

"""A bound on what pins a server thread for long: live streams and exports."""

import threading


class Slots:
    """So many at a time. Each taken slot is given back once, however often it is returned."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._taken = 0

    @property
    def taken(self) -> int:
        """How many are in use."""
        with self._lock:
            return self._taken

    def take(self) -> "Slot | None":
        """A slot, or None when all are in use."""
        with self._lock:
            if self._taken >= self.most:
                return None
            self._taken += 1
        return Slot(self)

    def _give_back(self) -> None:
        with self._lock:
            self._taken -= 1


class Slot:
    """One taken slot."""

    def __init__(self, slots: Slots) -> None:
        self._slots: Slots | None = slots
        self._lock = threading.Lock()

    def free(self) -> None:
        """Gives the slot back; again does nothing. A response may end before its generator ever ran."""
        with self._lock:
            slots, self._slots = self._slots, None
        if slots is not None:
            slots._give_back()

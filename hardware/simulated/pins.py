"""gpiozero pins whose other end is the simulated building.

A level has reached the building's process, and its log, before the call that set it returns: when the controller is
killed in the next instruction, the log is a witness. An input's level is asked of the building each time (F4: never a
remembered edge); what the building pushes only calls the watchers. An output is claimed at its level in one message, so
that it is never energised by being claimed (F1). When the building is gone, each use is a HardwareFault; when it is
back, the next use claims all pins again, outputs at the level at which they were first claimed.
"""

import queue
import socket
import threading
from collections.abc import Iterator
from typing import Any

import msgspec
from gpiozero.pins import PinInfo
from gpiozero.pins.mock import MockFactory, MockPin

from hardware.address import HIGHEST_SIMULATED, Pull
from hardware.protocols import HardwareFault
from hardware.simulated.wire import (
    ClaimInput,
    ClaimOutput,
    Edge,
    Line,
    PinRequest,
    ReadLevel,
    ReleasePin,
    Reply,
    WriteLevel,
    parse_endpoint,
)

ANSWER_TIMEOUT_S = 2.0
_PULLS: dict[str, Pull] = {"up": "up", "down": "down", "floating": "none"}


class SimulatedPin(MockPin):  # type: ignore[misc] # gpiozero has no types
    """One pin. Made by the factory."""

    factory: "SimulatedFactory"

    def output_with_state(self, state: bool) -> None:
        """Claims the line as an output at this level, in one step."""
        self.factory.ask(ClaimOutput(self._number, bool(state)))
        self._function = "output"
        self._state = bool(state)

    def close(self) -> None:
        """Gives the line back: the building lets it fall to its pull."""
        self.when_changed = None
        self._function = "input"
        self.factory.forget(self._number)

    def edge(self, level: bool) -> None:
        """The building says that the input has changed."""
        if self._function == "input":
            (self.drive_high if level else self.drive_low)()

    def _set_function(self, value: str) -> None:
        if value == "output":
            self.output_with_state(self._state)
        else:
            self._claim_input(self._pull)

    def _set_pull(self, value: str) -> None:
        self._claim_input(value)

    def _claim_input(self, pull: str) -> None:
        level = self.factory.ask(ClaimInput(self._number, _PULLS[pull]))
        self._function, self._pull, self._state = "input", pull, bool(level)

    def _set_state(self, value: float) -> None:
        self.factory.ask(WriteLevel(self._number, bool(value)))
        self._change_state(bool(value))

    def _get_state(self) -> bool:
        if self._function == "output":
            return bool(self._state)
        return bool(self.factory.ask(ReadLevel(self._number)))


class _Board:
    """Stands for gpiozero's board: has every pin number, and nothing else."""

    def find_pin(self, name: int | str) -> Iterator[tuple[None, PinInfo]]:
        """The pin of this number, or none."""
        number = int(str(name).removeprefix("GPIO"))
        if 0 <= number <= HIGHEST_SIMULATED:
            label = f"GPIO{number}"
            yield None, PinInfo(number, label, frozenset({number, label}), "", 0, 0, frozenset({"gpio"}))


class SimulatedFactory(MockFactory):  # type: ignore[misc] # gpiozero has no types
    """A pin factory for gpiozero, over one connection to the building at `HOST:PORT`. May be used from any thread."""

    def __init__(self, endpoint: str) -> None:
        """Opens nothing: an absent building is reported by the first use. Raises ValueError for a bad endpoint."""
        super().__init__(revision="a02082", pin_class=SimulatedPin)
        self._endpoint = parse_endpoint(endpoint)
        self._name = f"simulated building at {endpoint}"
        self._asking = threading.RLock()
        self._line: Line | None = None
        self._replies: queue.SimpleQueue[Reply | None] = queue.SimpleQueue()
        self._claims: dict[int, ClaimInput | ClaimOutput] = {}

    def ask(self, request: PinRequest) -> Any:  # noqa: ANN401 (a level or nothing)
        """Asks the building and waits for its answer. Raises HardwareFault."""
        with self._asking:
            answer = self._exchange(self._connected(), request)
            if isinstance(request, ClaimInput | ClaimOutput):
                self._claims[request.pin] = request
            return answer

    def forget(self, number: int) -> None:
        """Gives a pin back. Never raises: a building that is gone has let it fall already."""
        with self._asking:
            if self._claims.pop(number, None) is None or self._line is None:
                return
            try:
                self._exchange(self._line, ReleasePin(number))
            except HardwareFault:
                return

    def close(self) -> None:
        """Gives all pins back and ends the connection."""
        super().close()
        with self._asking:
            self._disconnect()

    def _get_board_info(self) -> _Board:
        return _Board()

    def _connected(self) -> Line:
        if self._line is not None and self._line.closed:
            self._line = None
        if self._line is None:
            try:
                self._line = Line(socket.create_connection(self._endpoint, ANSWER_TIMEOUT_S))
            except OSError as error:
                raise HardwareFault(self._name, "absent", str(error)) from error
            self._listen(self._line)
            self._claim_again(self._line)
        return self._line

    def _claim_again(self, line: Line) -> None:
        try:
            for claim in self._claims.values():
                self._exchange(line, claim)
        except HardwareFault:
            self._disconnect()  # all pins or none: a half-claimed board would look healthy
            raise

    def _listen(self, line: Line) -> None:
        self._replies = queue.SimpleQueue()
        edges: queue.SimpleQueue[Edge | None] = queue.SimpleQueue()
        # Two threads: a watcher that asks for a level must not wait for the thread that reads the answer.
        for run, arguments in ((self._read, (line, self._replies, edges)), (self._call_watchers, (edges,))):
            threading.Thread(target=run, args=arguments, name="simulated-pins", daemon=True).start()

    def _read(self, line: Line, replies: "queue.SimpleQueue[Reply | None]", edges: "queue.SimpleQueue[Any]") -> None:
        try:
            while (answer := line.receive_answer()) is not None:
                (edges if isinstance(answer, Edge) else replies).put(answer)  # type: ignore[arg-type]
        except (OSError, ValueError, msgspec.DecodeError):
            pass  # the connection's end, told by the two lines below
        finally:
            line.close()
            replies.put(None)
            edges.put(None)

    def _call_watchers(self, edges: "queue.SimpleQueue[Edge | None]") -> None:
        while (edge := edges.get()) is not None:
            for pin in list(self.pins.values()):
                if pin._number == edge.pin:
                    pin.edge(edge.level)

    def _exchange(self, line: Line, request: PinRequest) -> Any:  # noqa: ANN401
        try:
            line.send(request)
            reply = self._replies.get(timeout=ANSWER_TIMEOUT_S)
        except (OSError, queue.Empty) as error:
            self._disconnect()
            raise HardwareFault(self._name, "silent", type(error).__name__) from error
        if reply is None:
            self._disconnect()
            raise HardwareFault(self._name, "absent", "the connection ended")
        if reply.error is not None:
            raise HardwareFault(f"simulated:{request.pin}", "other", reply.error)
        return reply.value

    def _disconnect(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()

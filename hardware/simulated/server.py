"""The building's door to the network: TCP on loopback, one thread a connection, and the process around it."""

import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from hardware.simulated import plan
from hardware.simulated.building import Building
from hardware.simulated.desk import perform
from hardware.simulated.wire import (
    ClaimInput,
    ClaimOutput,
    Edge,
    Line,
    ReadLevel,
    ReadTag,
    ReleasePin,
    Reply,
    Request,
    TakeKey,
    WriteLevel,
    parse_endpoint,
)
from hardware.simulated.wiring import PinRefused

CONNECTION_LIMIT = 64


class _Visitor:
    """One connection: a controller's pins, or somebody who steers."""

    def __init__(self, building: Building, line: Line) -> None:
        self._building = building
        self._line = line
        self._sending = threading.Lock()

    def tell(self, edge: Edge) -> None:
        """Called under the building's lock; whoever does not listen within a second is cut off."""
        try:
            with self._sending:
                self._line.send(edge)
        except OSError:
            self._line.close()

    def serve(self) -> None:
        """Until the connection ends."""
        # One bound method, kept: wiring compares owners by identity.
        owner = self.tell
        try:
            while (request := self._line.receive_request()) is not None:
                reply = self._answer(owner, request)
                with self._sending:
                    self._line.send(reply)
        except (OSError, ValueError, msgspec.DecodeError):
            pass  # a broken line is the end of the connection, which the next lines are about
        finally:
            self._building.drop_owner(owner)
            self._line.close()

    def _answer(self, owner: Callable[[Edge], None], request: Request) -> Reply:
        try:
            if isinstance(request, ClaimOutput | ClaimInput | WriteLevel | ReadLevel | ReleasePin | TakeKey | ReadTag):
                return Reply(self._building.use_pin(owner, request))
            return Reply(perform(self._building, request))
        except PinRefused as refusal:
            return Reply(error=str(refusal))
        except KeyError as missing:
            return Reply(error=f"there is no {missing} in this building")
        except ValueError as error:
            return Reply(error=str(error))


class Server:
    """Accepts connections until closed."""

    def __init__(self, building: Building, listen: str) -> None:
        """Raises ValueError and OSError."""
        self._building = building
        host, port = parse_endpoint(listen)
        self._socket = socket.create_server((host, port))
        self.endpoint = f"{host}:{self._socket.getsockname()[1]}"
        self._lines: set[Line] = set()
        self._changing = threading.Lock()
        self._thread = threading.Thread(target=self._accept, name="building-accept", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends all connections."""
        # close() alone does not wake an accept that waits in another thread.
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(2)
        with self._changing:
            lines = list(self._lines)
        for line in lines:
            line.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with self._changing:
                full = len(self._lines) >= CONNECTION_LIMIT
                if not full:
                    line = Line(connection)
                    self._lines.add(line)
            if full:
                connection.close()
                continue
            threading.Thread(target=self._serve, args=(line,), name="building-visitor", daemon=True).start()

    def _serve(self, line: Line) -> None:
        try:
            _Visitor(self._building, line).serve()
        finally:
            with self._changing:
                self._lines.discard(line)


def main(arguments: list[str]) -> int:
    """The process. Exit codes: 0 asked to end, 2 could not run."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m hardware.simulated FILE.toml\n")
        return 2
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    try:
        building = Building(wanted := plan.load(Path(arguments[0])))
        server = Server(building, wanted.listen)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"the simulated building cannot run: {error}\n")
        return 2
    ports = {name: field.port for name, field in building.fields.items()}
    sys.stdout.write(msgspec.json.encode({"listen": server.endpoint, "readers": ports}).decode() + "\n")
    sys.stdout.flush()
    ended.wait()
    server.close()
    building.close()
    return 0

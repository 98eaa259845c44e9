"""Opens nfcpy's frontend for a reader URL, and says in our words why that failed.

The serial path goes around `ContactlessFrontend.open`, which accepts only some names directly below /dev.
"""

import importlib
import logging
from typing import Any

import nfc.clf
import nfc.clf.transport

from hardware.address import ReaderAddress, TtyAddress, UdpAddress, UsbAddress
from hardware.protocols import HardwareFault

# nfcpy logs card numbers, and at its lowest levels keys: none of that belongs into a log of ours.
logging.getLogger("nfc").setLevel(logging.CRITICAL)


def open_frontend(address: ReaderAddress) -> Any:  # noqa: ANN401 (nfcpy has no types)
    """A frontend that answers, or HardwareFault `absent`."""
    try:
        return _open(address)
    except HardwareFault:
        raise
    except Exception as error:  # nfcpy, libusb and termios leak whatever they meet
        raise HardwareFault(address.url, "absent", f"{type(error).__name__}: {error}") from error


def _open(address: ReaderAddress) -> Any:  # noqa: ANN401
    match address:
        case UdpAddress(host=host, port=port):
            return _search(address, f"udp:{host}:{port}")
        case UsbAddress(path=path):
            return _search(address, path)
        case TtyAddress(path=path, driver=driver):
            return _open_tty(path, driver)


def _search(address: ReaderAddress, path: str) -> Any:  # noqa: ANN401
    frontend = nfc.clf.ContactlessFrontend()
    if not frontend.open(path):
        raise HardwareFault(address.url, "absent", f"nfcpy finds no reader at {path}")
    return frontend


def _open_tty(path: str, driver: str) -> Any:  # noqa: ANN401
    line = nfc.clf.transport.TTY(path)
    try:
        device = importlib.import_module(f"nfc.clf.{driver}").init(line)
    except BaseException:
        line.close()
        raise
    device._path = f"tty:{path}"
    frontend = nfc.clf.ContactlessFrontend()
    frontend.device = device
    return frontend

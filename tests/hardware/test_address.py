"""Device URLs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.address import (
    MatrixAddress,
    PinAddress,
    TtyAddress,
    UdpAddress,
    UsbAddress,
    parse,
    parse_keypad,
    parse_pin,
    parse_reader,
)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("nfc+udp://127.0.0.1:54321", UdpAddress("nfc+udp://127.0.0.1:54321", "127.0.0.1", 54321)),
        ("nfc+usb:", UsbAddress("nfc+usb:", "usb")),
        ("nfc+usb:001:002", UsbAddress("nfc+usb:001:002", "usb:001:002")),
        ("nfc+usb:054c:06c3", UsbAddress("nfc+usb:054c:06c3", "usb:054c:06c3")),
        (
            "nfc+tty:///dev/ttyAMA0?driver=pn532",
            TtyAddress("nfc+tty:///dev/ttyAMA0?driver=pn532", "/dev/ttyAMA0", "pn532"),
        ),
        ("gpio:17", PinAddress("gpio:17", 17, False)),
        ("gpio:17?active_low", PinAddress("gpio:17?active_low", 17, False, True)),
        (
            "gpio-keypad:rows=5,6,13,19&cols=12,16,20",
            MatrixAddress("gpio-keypad:rows=5,6,13,19&cols=12,16,20", (5, 6, 13, 19), (12, 16, 20)),
        ),
        (
            "simulated:170?active_low&pull=none",
            PinAddress("simulated:170?active_low&pull=none", 170, True, True, "none"),
        ),
    ],
)
def test_good_urls(url: str, expected: object) -> None:
    """Every form of device URL of the design is read."""
    assert expected == parse(url)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("gipo:17", "did you mean gpio:"),
        ("nfc+upd://127.0.0.1:1", r"did you mean nfc\+udp:"),
        ("node:///dev/serial/by-path/1#2", "not yet supported"),
        ("osdp:///dev/ttyUSB0?address=3", "not yet supported"),
        ("", "known scheme"),
        ("gpio:28", "0 to 27"),
        ("gpio:-1", "no pin"),
        ("gpio:017", "no pin"),
        ("gpio:", "no pin"),
        ("gpio:17?activelow", "did you mean active_low"),
        ("gpio:17?active_low=yes", "takes no value"),
        ("gpio:17?pull=left", "pull=up, pull=down or pull=none"),
        ("gpio:17?pull=up&pull=down", "given twice"),
        ("nfc+udp://127.0.0.1", "host or a port"),
        ("nfc+udp://127.0.0.1:99999", "1 to 65535"),
        ("nfc+udp://127.0.0.1:0", "host or a port"),
        ("nfc+udp://me@127.0.0.1:1", "more than that"),
        ("nfc+usb:first", "no place on USB"),
        ("nfc+usb:1:2:3", "no place on USB"),
        ("nfc+tty:///dev/ttyAMA0", "driver=nothing"),
        ("nfc+tty:///dev/ttyAMA0?driver=pn533", "pn532, arygon"),
        ("nfc+tty:///dev/tty;reboot?driver=pn532", "no serial device"),
        ("nfc+tty:///dev/../etc/passwd?driver=pn532", "no serial device"),
        ("nfc+tty://ttyAMA0?driver=pn532", "no serial device"),
        ("gpio:17\n", "control characters"),
        ("gpio-keypad:", "4 rows and 3 or 4 cols"),
        ("gpio-keypad:rows=5,6,13&cols=12,16,20", "4 rows and 3 or 4 cols"),
        ("gpio-keypad:rows=5,6,13,x&cols=12,16,20", "'x' is no pin"),
        ("gpio-keypad:rows=5,6,13,28&cols=12,16,20", "0 to 27"),
        ("gpio-keypad:rows=5,6,13,19&cols=12,16,19", "stands twice"),
        ("gpio-keypad:rows=5,6,13,19&columns=12,16,20", "did you mean|expected rows or cols"),
    ],
)
def test_bad_urls_say_what_was_expected(url: str, says: str) -> None:
    """A bad URL is refused in one sentence that says what is wrong or what was expected."""
    with pytest.raises(ValueError, match=says) as error:
        parse(url)

    assert "\n" not in str(error.value)


def test_a_pin_is_no_reader_and_a_reader_no_pin() -> None:
    """The wrong kind of device is refused where it stands."""
    with pytest.raises(ValueError, match="a pin where a reader"):
        parse_reader("gpio:17")
    with pytest.raises(ValueError, match="a reader where a pin"):
        parse_pin("nfc+usb:")
    with pytest.raises(ValueError, match="a keypad where a pin"):
        parse_pin("gpio-keypad:rows=5,6,13,19&cols=12,16,20")
    with pytest.raises(ValueError, match="a keypad where a reader"):
        parse_reader("gpio-keypad:rows=5,6,13,19&cols=12,16,20")
    for url in ("gpio:17", "nfc+usb:"):
        with pytest.raises(ValueError, match="no keypad"):
            parse_keypad(url)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text makes the parser do anything but answer or raise ValueError."""
    try:
        assert text == parse(text).url
    except ValueError as error:
        assert str(error)


@given(
    st.sampled_from(["nfc+udp", "nfc+usb", "nfc+tty", "gpio", "simulated", "node", "osdp"]),
    st.text(alphabet="/:?&=#[]@.%0123456789abcdefactive_lowpull-;` '$", max_size=40),
)
def test_any_rest_after_a_scheme_is_read_or_refused(scheme: str, rest: str) -> None:
    """Also after a known scheme; and no serial path that passes could mean something to a shell."""
    try:
        address = parse(f"{scheme}:{rest}")
    except ValueError:
        return
    assert not isinstance(address, TtyAddress) or not set(address.path) & set(";&|$`'\" <>()*?#~")


@given(st.integers(0, 9999), st.booleans(), st.sampled_from(["up", "down", "none"]))
def test_pins_round_trip(number: int, active_low: bool, pull: str) -> None:
    """What is written about a pin is what comes out."""
    options = (["active_low"] if active_low else []) + [f"pull={pull}"]
    address = parse_pin(f"simulated:{number}?{'&'.join(options)}")

    assert (number, active_low, pull, True) == (address.number, address.active_low, address.pull, address.simulated)
    assert active_low == address.secure_level

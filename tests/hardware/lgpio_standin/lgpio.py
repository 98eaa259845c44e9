"""Stands in for the lgpio module in a process of its own: remembers each call that changes a line, in order.

Only what gpiozero's lgpio pins and ours call. Not imported by any test: a child process has this folder on its path.
"""

BOTH_EDGES, RISING_EDGE, FALLING_EDGE = 3, 1, 2
SET_PULL_UP, SET_PULL_DOWN, SET_PULL_NONE = 32, 64, 128

calls: list[tuple[str, ...] | tuple[object, ...]] = []
levels: dict[int, int] = {}
outputs: set[int] = set()


class error(Exception):
    """What lgpio raises; the name is its."""


def gpiochip_open(chip: int) -> int:
    if chip == 9:
        raise error("can not open gpiochip")
    return 1


def gpiochip_close(handle: int) -> None:
    calls.append(("chip_close",))


def gpio_claim_input(handle: int, gpio: int, flags: int = 0) -> int:
    outputs.discard(gpio)
    calls.append(("input", gpio, flags))
    return 0


def gpio_claim_output(handle: int, gpio: int, level: int = 0, flags: int = 0) -> int:
    outputs.add(gpio)
    levels[gpio] = level
    calls.append(("output", gpio, level))
    return 0


def gpio_write(handle: int, gpio: int, level: int) -> int:
    if gpio == 13:
        raise error("GPIO not allocated")
    levels[gpio] = int(level)
    calls.append(("write", gpio, int(level)))
    return 0


def gpio_read(handle: int, gpio: int) -> int:
    return levels.get(gpio, 1)


def gpio_get_mode(handle: int, gpio: int) -> int:
    return 2 if gpio in outputs else 0


def gpio_free(handle: int, gpio: int) -> int:
    return 0


def gpio_claim_alert(handle: int, gpio: int, edges: int, flags: int) -> int:
    return 0


def gpio_set_debounce_micros(handle: int, gpio: int, micros: int) -> int:
    return 0


class callback:
    """An edge callback that never fires."""

    def __init__(self, *arguments: object) -> None:
        pass

    def cancel(self) -> None:
        pass

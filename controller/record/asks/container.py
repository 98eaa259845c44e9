"""What a dashboard may ask for: containers and where they stand (C8.1)."""

import msgspec

from controller.record.requests import Word, request_kind


@request_kind("container.register", private=("name",))
class RegisterContainer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Put up a container with a physical key or a combination; its id is no zone's and was no container's before."""

    container: Word
    container_sort: Word
    """One of `controller.record.kinds.container.SORTS`."""
    zone: Word
    """The zone that it stands in, or another container."""
    lock: Word
    """One of `LOCKS` there."""


@request_kind("container.move", private=("reason",))
class MoveContainer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let the container stand elsewhere, with all that is in it."""

    container: Word
    zone: Word


@request_kind("container.retire", private=("reason",))
class RetireContainer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Take a container out of service that holds nothing any more. Rights to it end."""

    container: Word

"""The same parts as `hardware`, but behind a serial line: lock nodes with our own firmware, OSDP readers.

The drivers come with the issue on hardware and firmware; the package stands so that the direction of imports is
checked from the first day. Imports `hardware.protocols` and nothing else of ours.
"""

"""The tables of tethered equipment and its rounds (C8.13)."""

from controller.record.tables.shape import Table

TABLES: tuple[Table, ...] = ()

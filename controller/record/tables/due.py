"""The tables of what falls due, of whatever noun."""

from controller.record.tables.shape import Table

TABLES: tuple[Table, ...] = ()

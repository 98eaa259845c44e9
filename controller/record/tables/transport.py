"""The tables of carriers and transports (C8.6, C8.14)."""

from controller.record.tables.shape import Table

TABLES: tuple[Table, ...] = ()

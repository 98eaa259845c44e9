"""The tables of combination locks, who knows which number, and changes (C8.2-C8.4)."""

from controller.record.tables.shape import Table

TABLES: tuple[Table, ...] = ()

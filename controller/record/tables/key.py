"""The tables of keys, key cabinets and key loans (C8.2)."""

from controller.record.tables.shape import Table

TABLES: tuple[Table, ...] = ()

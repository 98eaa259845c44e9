"""The tables of what is kept where, and who answers for it (C1.1, C2.1, C3.1)."""

from controller.record.tables.shape import Table

TABLES: tuple[Table, ...] = ()

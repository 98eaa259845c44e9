"""The tables of the custody ledger: what was taken out, copied, handed out and disposed of (C4.1, C4.2, C8.5, C9.1)."""

from controller.record.tables.shape import Table

TABLES: tuple[Table, ...] = ()

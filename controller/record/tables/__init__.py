"""The tables that records fold into, as data: both sides create them from here, the dashboard with site and epoch in front.

Join columns are declared, INTEGER or TEXT, the same on both sides: an undeclared one made SQLite scan.
`FOLD_VERSION` is raised with every change of a table or of a kind's rows; on a mismatch the tables are folded anew.
"""

from controller.record.tables import access, cabinet, catalogue, combination, custody, due, key, tether, transport
from controller.record.tables.shape import Delete, Drop, Erase, Row, RowChange, Table, Upsert, Value

FOLD_VERSION = 4

TABLES = {
    table.name: table
    for noun in (access, due, catalogue, key, combination, custody, transport, tether, cabinet)
    for table in noun.TABLES
}

__all__ = ["FOLD_VERSION", "TABLES", "Delete", "Drop", "Erase", "Row", "RowChange", "Table", "Upsert", "Value"]

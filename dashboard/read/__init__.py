"""Questions to the dashboard's tables, one module a noun. They take a connection, answer with plain values, write nothing.

Only rows of a site's present epoch are shown as the present; older epochs stay readable in the ledger.
"""

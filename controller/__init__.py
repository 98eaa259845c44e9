"""The controller of one site: owns the readers, the locks and the ledger, and decides alone.

* `record/` is the published language: all that others may import, and all that travels.
* `rules/` decide: pure functions of facts and time.
* `ledger/` keeps: SQLite, the Merkle tree, the private store.
* The shell, the modules beside this one, moves inputs to the rules and effects to the parts: `feeds` and `link` put
  into the `inbox`, the `loop` takes out, the `actuator` performs. `app.py` composes it, and alone picks drivers.
"""

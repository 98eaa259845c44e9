"""The ledger: what the site has committed, in one SQLite file through sqlite-utils.

`record(seq, bytes)` is append-only by trigger; the tables beside it are its fold and can be dropped; `private` is beside
the ledger and cannot. One thread writes (the loop); everything else reads through connections of its own.
`verify` needs none of this: bytes and a note are enough.
"""

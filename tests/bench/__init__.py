"""The bench: what the product costs, beside what the same work costs bare, measured in one interleaved run.

    python -m tests.bench [row …] [--quick] [--json FILE]

prints a table and writes `bench.json`. Not tests: nothing here is collected by pytest, and no assertion is timed. The
machine may be shared, so a figure is read as its ratio to the peer that ran in between, not as microseconds.

One file a group of rows; a group's docstring says what each of its rows measures, and against what.

* `measure` the clockwork that all share; `site` a site of any size; `taps`, `decisions`, `start`, `wire`, `requests`, `verify`
* `bare` the peers on the wire, and `controller_side`, each a process of its own
"""

"""The soak: many taps at twenty portals, while controller, broker and dashboard are killed in the background.

    python -m tests.soak [--taps 200000] [--calm 0.4] [--seed 1]

* `controller` the real loop, ledger, actuator and link in a process, on locks whose journal outlives it; taps itself
* `play` the processes, and who is killed when
* `judge` what must be true afterwards: by the journal of the locks, the ledger, and the dashboard's database

Cards are not emulated here: their authentication, 10 ms each, would be most of the time, and has its tests elsewhere.
"""

"""The rules: pure functions of facts and time. No I/O, no clock, no logging, no threads.

One module a noun. A rule takes the facts it needs and `now`, and answers records and effects, or a `Refusal`.
The rule for a refused badge is the table `CHECKS` in `access.py`; for a door's states, the table in `portal.py`;
for who may ask what, the table in `authority.py`.
"""

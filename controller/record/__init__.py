"""The published language of a site: what its records, requests and topics are, to the byte.

Both sides of the wire build on it: the controller writes records and reads requests, the dashboard the reverse, and both
build the same tables by the same `project`. Nothing here knows a clock, a file of a controller, or a network.

* `kinds/`: one module a noun, each kind with the rows it changes
* `envelope`, `canonical`: a record and its bytes
* `requests`, `asks/`: what a dashboard may ask for, one module a noun, and the form it comes in
* `tree`, `note`: RFC 6962 and C2SP, so that a stranger can check a ledger
* `keys`, `sealed`, `signed`: whose word it is, and who may read it
* `tables`, `projection`: the fold
* `refusals`, `words`: codes, and how people read them
"""

from controller.record import asks

__all__ = ["asks"]

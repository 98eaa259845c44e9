"""What ends when a person leaves, as data: the controller ends it, the dashboard shows beforehand what that will be (C7.4).

What is out with somebody (a lent key) cannot end by a record: that it has to come back is what is recorded then, at once.

A noun that a person can hold is one more row of `ENDINGS`, and one of `ENDED` in `controller.rules.leaving`.
"""

from dataclasses import dataclass

HAND_IN = "hand_in"
"""The thing is in the person's pocket, and has to be given back."""

CHANGE = "change"
"""The person still knows the number: a change of it opens by itself."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Rows of one table that end with their `person`: those in one of these states."""

    table: str
    key: str
    states: tuple[str, ...]
    shown: str
    """The column that tells one from another: a label, a zone."""
    to_do: str = ""
    """What people have to do about it, or empty: nothing."""


ENDINGS = (
    Ending("badge", "badge", ("active",), "label", HAND_IN),
    Ending("enrolment", "reader", ("open",), "reader"),
    Ending("access_right", "access_right", ("requested", "active", "suspended"), "zone"),
    Ending("membership", "membership", ("requested", "active"), "team"),
    Ending("pin_enrolment", "reader", ("open",), "reader"),
    Ending("pin", "pin", ("set",), "set_at"),
    Ending("keeper", "keeper", ("active",), "place"),
    Ending("key_reservation", "key_reservation", ("reserved",), "label"),
    Ending("key_loan", "key_loan", ("lent",), "label", HAND_IN),
    Ending("knower", "knower", ("knows",), "combination", CHANGE),
    Ending("custody", "custody", ("open",), "home", HAND_IN),
    Ending("transport", "transport", ("dispatched", "arrived"), "transport", HAND_IN),
    Ending("operator", "operator", ("active",), "roles"),
)
"""In this order they end, in one transaction. The operator that a leaver is asks for nothing more."""

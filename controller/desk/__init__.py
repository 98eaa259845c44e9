"""The desk: where requests come to be decided. Envelope, signature and operator first (`desk.py`), then the kind's rule.

Every kind is one row of a module's `RULES`: its function gathers the facts and asks the rule. What changes something leaves
records and its reply in one transaction under its id, so that a repeated request is answered and not done again (design §5).
"""

from controller.desk.desk import RULES, Desk, Rejected
from controller.desk.freshness import LONGEST_S, SOON_S

__all__ = ["LONGEST_S", "RULES", "SOON_S", "Desk", "Rejected"]

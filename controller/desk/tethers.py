"""Requests about tethered equipment and its rounds. Each gathers the facts and asks the rule."""

from controller.desk.asked import Rule

RULES: dict[str, Rule] = {}

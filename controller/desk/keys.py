"""Requests about keys and key loans. Each gathers the facts and asks the rule."""

from controller.desk.asked import Rule

RULES: dict[str, Rule] = {}

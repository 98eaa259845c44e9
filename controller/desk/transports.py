"""Requests about carriers and transports. Each gathers the facts and asks the rule."""

from controller.desk.asked import Rule

RULES: dict[str, Rule] = {}

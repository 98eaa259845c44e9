"""Requests about containers, assets, who answers for a place, and labels. Each gathers the facts and asks the rule."""

from controller.desk.asked import Rule

RULES: dict[str, Rule] = {}

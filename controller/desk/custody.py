"""Requests about what is taken out, copied, handed out or disposed of, and about stickers: facts, then the rule."""

from controller.desk.asked import Rule

RULES: dict[str, Rule] = {}

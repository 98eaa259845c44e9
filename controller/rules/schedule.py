"""Schedules, as the rules see them: the arithmetic of `controller.record.schedule`, which the dashboard draws with too."""

from controller.record.schedule import ALL, DAYS, Calendar, Schedule, SpecialDay, WallClock, Window, always

__all__ = ["ALL", "DAYS", "Calendar", "Schedule", "SpecialDay", "WallClock", "Window", "always"]

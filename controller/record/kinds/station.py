"""Taps at a station that came to nothing."""

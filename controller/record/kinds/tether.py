"""Tethered equipment and its rounds (C8.13)."""

"""Combination locks, who knows which number, and changes (C8.2-C8.4)."""

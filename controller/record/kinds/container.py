"""Containers and where they stand (C8.1)."""

"""Carriers and transports (C8.6, C8.14)."""

"""What a dashboard may ask for, beyond `controller.record.requests`: one module a noun. Importing this registers every kind."""

from controller.record.asks import group, importing, person, presence, review

__all__ = ["group", "importing", "person", "presence", "review"]

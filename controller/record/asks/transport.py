"""What a dashboard may ask for: carriers and transports (C8.6, C8.14)."""

"""What a dashboard may ask for: containers and where they stand (C8.1)."""

"""What a dashboard may ask for: labels and signs that were printed (C2.1)."""

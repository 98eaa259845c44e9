"""Labels and signs that were printed (C2.1)."""

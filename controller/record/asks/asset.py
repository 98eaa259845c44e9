"""What a dashboard may ask for: information assets: the catalogue (C1.1, C1.2)."""

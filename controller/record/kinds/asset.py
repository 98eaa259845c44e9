"""Information assets: the catalogue (C1.1, C1.2)."""

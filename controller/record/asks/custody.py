"""What a dashboard may ask for: the custody ledger (C4.1, C4.2, C8.5, C9.1)."""

"""What a dashboard may ask for: combination locks, who knows which number, and changes (C8.2-C8.4)."""

"""What a dashboard may ask for: tethered equipment and its rounds (C8.13)."""

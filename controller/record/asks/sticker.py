"""What a dashboard may ask for: nFC stickers on things (C9.1)."""

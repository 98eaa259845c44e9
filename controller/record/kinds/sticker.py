"""NFC stickers on things (C9.1)."""

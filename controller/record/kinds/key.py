"""Keys, key cabinets and key loans (C8.2)."""

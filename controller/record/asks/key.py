"""What a dashboard may ask for: keys, key cabinets and key loans (C8.2)."""

"""What a dashboard may ask for: who answers for a zone or a container (C3.1)."""

"""Who answers for a zone or a container (C3.1)."""

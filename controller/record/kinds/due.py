"""What fell due, and how far it has gone since."""

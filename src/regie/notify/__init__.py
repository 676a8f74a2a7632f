"""Messages leave the building here."""

"""Change things: open a transaction, load, ask the core once, save."""

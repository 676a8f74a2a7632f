"""Read only: lists, charts and documents. Nothing here commits."""

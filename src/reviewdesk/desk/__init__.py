"""The page at ``GET /``: paste a review, read what the desk makes of it."""

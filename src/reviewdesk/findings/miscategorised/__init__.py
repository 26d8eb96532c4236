"""Miscategorised products: what all their reviews say against the category they stand in."""

"""Products in the wrong category: what all their reviews say against the category they stand in."""

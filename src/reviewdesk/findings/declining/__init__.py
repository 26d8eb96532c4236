"""Products whose stars got worse, or better: looked at each month, few called wrongly in all."""

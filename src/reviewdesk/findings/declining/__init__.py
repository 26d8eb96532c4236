"""Products whose stars got worse, or better: with a false discovery rate that holds over time."""

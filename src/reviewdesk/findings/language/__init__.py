"""Categories that people speak of in other words than before: month by month, without hindsight."""

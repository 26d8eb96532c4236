"""Everything read or written for others: weights, safe archives, other tools' formats."""

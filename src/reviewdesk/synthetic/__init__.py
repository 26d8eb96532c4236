"""Made-up errors whose truth is known, to measure what is found; the job uses none of it."""

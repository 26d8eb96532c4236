"""``blend``: several classifiers that answer together, by weights learnt on unseen reviews."""

"""Vectors of words and texts: fastText's and word2vec's models, learnt and used."""

"""Sentiment on IMDb (5,000 held out by movie) and category on categories25 (20 % held out).

Trains through the library exactly as the command line does, beside scikit-learn's TF-IDF and
LinearSVC on the same rows in the same run.

    REVIEWDESK_DATA=... python -m bench.accuracy_real [MODEL]
"""

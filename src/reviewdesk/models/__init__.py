"""Classifiers: one file a family behind one contract."""

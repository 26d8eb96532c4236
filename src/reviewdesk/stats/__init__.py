"""Measures of classifiers: pure functions on arrays."""

"""Customers, products, reviews and categories as a graph, with what was predicted."""

"""Measurements that anyone can run; results in RESULTS.md."""

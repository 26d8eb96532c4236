"""Explore: what is in prepared reviews, as figures, findings in words, and one page."""

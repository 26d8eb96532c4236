"""Finders: what is wrong or alike in reviews, as short lists whose promised precision holds."""

"""Reviews that stand under the wrong category, as lists whose promised precision holds."""

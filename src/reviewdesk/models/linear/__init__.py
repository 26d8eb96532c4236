"""The linear family: hashed n-grams and a linear classifier, fast and calibrated."""

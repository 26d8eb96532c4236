"""A bundle and reviews make predictions, and reasons for them."""

"""Products about which people say the same."""

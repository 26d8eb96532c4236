"""What a text thinks of something, by lists of words that praise and blame."""

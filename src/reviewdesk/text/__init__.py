"""Text: hashing, cleaning and tokenising, as kernels over Arrow's UTF-8 buffers."""

"""Split tests that may be looked at any time: read, planned, judged, and told as a sentence."""

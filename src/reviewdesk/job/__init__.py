"""The main job: every step in order, its report, and what any result says of itself."""

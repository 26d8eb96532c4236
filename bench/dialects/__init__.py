"""Ways to write reviews down: each by a program that people use, or by that program's rules."""

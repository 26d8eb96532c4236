"""Reviews that stand under the wrong product of their category."""

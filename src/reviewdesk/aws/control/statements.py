"""Statements that policies of IAM are made of."""

from collections.abc import Sequence
from typing import Any

Statement = dict[str, Any]


def allow(
    actions: Sequence[str], resources: Sequence[str], condition: dict[str, Any] | None = None
) -> Statement:
    """Return a statement that allows actions on resources, under a condition where one is given."""
    statement: Statement = {
        "Effect": "Allow",
        "Action": sorted(actions),
        "Resource": list(resources),
    }
    return {**statement, "Condition": condition} if condition else statement

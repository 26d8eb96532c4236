"""Steps that tests run in processes of their own, forked from one that has loaded everything."""

from .small import learn_weights, warm

__all__ = ["learn_weights"]

warm()
